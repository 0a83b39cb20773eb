package dev.latchkey.keycloak;

import java.io.IOException;
import java.security.SecureRandom;
import java.util.Base64;
import java.util.List;
import java.util.Map;
import java.util.UUID;

import com.fasterxml.jackson.databind.JsonNode;
import org.keycloak.sessions.AuthenticationSessionModel;
import org.keycloak.util.JsonSerialization;

/** What is kept in the authentication session, by execution and user, and what the user session takes over. */
record Notes(AuthenticationSessionModel login, String execution, String user) {

    static final String AMR = "latchkey.amr";
    static final String ACR = "latchkey.acr";
    /** {@code 1} where a trusted device stood in for the second factor. */
    static final String TRUSTED = "latchkey.trusted";

    /** As an event's detail has it. */
    static final String REQUEST = "latchkey_request";

    private static final String REQUEST_NOTE = "latchkey.request";
    private static final String BINDING = "latchkey.binding.";
    private static final String DECISION = "latchkey.decision.";
    private static final String DONE = "latchkey.done.";
    private static final String COUNTED = "latchkey.failures.";
    private static final int RANDOM_BYTES = 32;
    private static final SecureRandom RANDOM = new SecureRandom();

    /** Both are kept until a redemption spends them, so that a second window does not kill the first. */
    record Binding(String state, String nonce) {
    }

    /** The last push: a decision holds for this flow, level and address only. */
    record Push(String flow, int level, String address, boolean needed, String requestUri, long expires) {
    }

    static Notes of(Step step) {
        return new Notes(step.login(), step.execution(), step.user().getId());
    }

    /** Names every call of one login to the sidecar, in both logs and in events: it is no secret, and leads to none. */
    static String request(AuthenticationSessionModel login) {
        String kept = login.getAuthNote(REQUEST_NOTE);
        if (kept != null) return kept;
        String made = UUID.randomUUID().toString();
        login.setAuthNote(REQUEST_NOTE, made);
        return made;
    }

    Binding binding() {
        JsonNode kept = mine(BINDING);
        return kept == null ? null : new Binding(kept.path("state").asText(), kept.path("nonce").asText());
    }

    Binding newBinding() {
        Binding made = new Binding(random(), random());
        keep(BINDING, Map.of("user", user, "state", made.state(), "nonce", made.nonce()));
        return made;
    }

    Push push() {
        JsonNode kept = mine(DECISION);
        return kept == null ? null : new Push(kept.path("flow").asText(), kept.path("level").asInt(),
                kept.path("address").asText(), kept.path("needed").asBoolean(true),
                kept.path("requestUri").asText(), kept.path("expires").asLong());
    }

    void keep(Push push) {
        keep(DECISION, Map.of("user", user, "flow", push.flow(), "level", push.level(), "address", push.address(),
                "needed", push.needed(), "requestUri", push.requestUri() == null ? "" : push.requestUri(), "expires", push.expires()));
    }

    void spend() {
        login.removeAuthNote(BINDING + execution);
        login.removeAuthNote(DECISION + execution);
    }

    void done() {
        login.setAuthNote(DONE + execution, user);
    }

    boolean isDone() {
        return user.equals(login.getAuthNote(DONE + execution));
    }

    long counted() {
        String number = login.getAuthNote(COUNTED + user);
        return number == null ? 0 : Long.parseLong(number);
    }

    void counted(long number) {
        login.setAuthNote(COUNTED + user, Long.toString(number));
    }

    /** What the tokens' mappers read. A note of an earlier login would lie, so every way out sets both. */
    static void prove(AuthenticationSessionModel login, int level, List<String> amr) {
        login.setUserSessionNote(ACR, Integer.toString(level));
        login.setUserSessionNote(AMR, text(amr));
        login.setUserSessionNote(TRUSTED, "0");
    }

    static void trust(AuthenticationSessionModel login) {
        login.setUserSessionNote(TRUSTED, "1");
    }

    private JsonNode mine(String name) {
        String kept = login.getAuthNote(name + execution);
        if (kept == null) return null;
        try {
            JsonNode json = JsonSerialization.mapper.readTree(kept);
            return user.equals(json.path("user").asText()) ? json : null;
        } catch (IOException e) {
            return null;
        }
    }

    private void keep(String name, Map<String, Object> values) {
        login.setAuthNote(name + execution, text(values));
    }

    private static String text(Object value) {
        try {
            return JsonSerialization.writeValueAsString(value);
        } catch (IOException e) {
            throw new IllegalStateException(e);
        }
    }

    private static String random() {
        byte[] bytes = new byte[RANDOM_BYTES];
        RANDOM.nextBytes(bytes);
        return Base64.getUrlEncoder().withoutPadding().encodeToString(bytes);
    }
}
