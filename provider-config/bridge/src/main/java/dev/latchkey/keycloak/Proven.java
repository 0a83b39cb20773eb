package dev.latchkey.keycloak;

import java.io.IOException;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.stream.Stream;

import com.fasterxml.jackson.core.type.TypeReference;
import org.keycloak.models.AuthenticationExecutionModel;
import org.keycloak.models.AuthenticatorConfigModel;
import org.keycloak.models.Constants;
import org.keycloak.models.RealmModel;
import org.keycloak.models.UserModel;
import org.keycloak.sessions.AuthenticationSessionModel;
import org.keycloak.sessions.CommonClientSessionModel.ExecutionStatus;
import org.keycloak.util.JsonSerialization;

/** What this login proved so far, as RFC 8176 names it; silent about what it does not know. */
final class Proven {

    private static final Map<String, String> BUILT_IN = Map.of(
            "auth-username-password-form", "pwd",
            "auth-password-form", "pwd",
            "idp-username-password-form", "pwd",
            "registration-password-action", "pwd",
            "direct-grant-validate-password", "pwd",
            "direct-grant-validate-otp", "otp",
            "auth-otp-form", "otp",
            "webauthn-authenticator", "hwk",
            "webauthn-authenticator-passwordless", "hwk");

    private Proven() {
    }

    /** What counts for this login: what it proved itself, and what of the session that it rests on or goes on from. */
    static List<String> amr(Step step) {
        List<String> here = amr(step.realm(), step.login(), step.user());
        SingleSignOn session = SingleSignOn.of(step);
        if (session != null) return here.isEmpty() ? session.amr() : here;
        return Stream.concat(SingleSignOn.password(step).stream(), here.stream()).distinct().toList();
    }

    /** The level that these are worth: a name that is not known is a second factor beside another one alone. */
    static int level(List<String> amr) {
        if (amr.contains("hwk") || amr.contains("swk")) return Loa.PHISHING_RESISTANT;
        boolean isSecond = amr.contains("otp") || amr.contains("sms") || amr.stream().distinct().count() > 1;
        return isSecond ? Loa.SECOND_FACTOR : 1;
    }

    /** Whether a Latchkey step of this login reached the level. An exempt one never reaches more than 1. */
    static boolean isReached(Step step, int level) {
        String note = step.login().getUserSessionNotes().get(Notes.ACR);
        return note != null && note.matches("[123]") && Integer.parseInt(note) >= level
                && isLatchkeyDone(step.realm(), step.login(), step.user());
    }

    /** Without {@code mfa}: whether several things are several factors is for the sidecar to say. */
    static List<String> amr(RealmModel realm, AuthenticationSessionModel login, UserModel user) {
        Stream<String> here = isLatchkeyDone(realm, login, user) ? latchkey(login.getUserSessionNotes().get(Notes.AMR)) : Stream.empty();
        return Stream.concat(successful(realm, login).map(execution -> name(realm, execution)), here)
                .filter(Objects::nonNull)
                .distinct()
                .toList();
    }

    /** A step that was skipped succeeds too: only the note of a redeemed answer counts. */
    static boolean isLatchkeyDone(RealmModel realm, AuthenticationSessionModel login, UserModel user) {
        return successful(realm, login)
                .filter(execution -> LatchkeyAuthenticatorFactory.ID.equals(execution.getAuthenticator()))
                .anyMatch(execution -> new Notes(login, execution.getId(), user.getId()).isDone());
    }

    private static Stream<AuthenticationExecutionModel> successful(RealmModel realm, AuthenticationSessionModel login) {
        return login.getExecutionStatus().entrySet().stream()
                .filter(entry -> entry.getValue() == ExecutionStatus.SUCCESS)
                .map(entry -> realm.getAuthenticationExecutionById(entry.getKey()))
                .filter(execution -> execution != null && !execution.isAuthenticatorFlow());
    }

    private static String name(RealmModel realm, AuthenticationExecutionModel execution) {
        if (LatchkeyAuthenticatorFactory.ID.equals(execution.getAuthenticator())) return null;
        String configured = configured(realm, execution);
        return configured != null ? configured : BUILT_IN.get(execution.getAuthenticator());
    }

    private static String configured(RealmModel realm, AuthenticationExecutionModel execution) {
        if (execution.getAuthenticatorConfig() == null) return null;
        AuthenticatorConfigModel config = realm.getAuthenticatorConfigById(execution.getAuthenticatorConfig());
        if (config == null || config.getConfig() == null) return null;
        String value = config.getConfig().get(Constants.AUTHENTICATION_EXECUTION_REFERENCE_VALUE);
        return value == null || value.isBlank() ? null : value.trim();
    }

    static Stream<String> latchkey(String note) {
        if (note == null) return Stream.empty();
        try {
            return JsonSerialization.readValue(note, new TypeReference<List<String>>() { }).stream()
                    .filter(value -> !value.equals("mfa"));
        } catch (IOException e) {
            return Stream.empty();
        }
    }
}
