package dev.latchkey.keycloak;

import java.util.ArrayList;
import java.util.List;

import com.fasterxml.jackson.databind.JsonNode;

/** The claims of a token whose signature holds. Types are taken literally: "false" is not false. */
record Claims(JsonNode json) {

    private static final long LEEWAY = 10;

    void is(String name, String expected) throws Fault {
        if (!expected.equals(text(name))) throw Fault.untrusted("the claim " + name + " is not the expected one");
    }

    /** @param life seconds that such a token lives at most */
    void isFresh(long now, long life) throws Fault {
        long issued = seconds("iat");
        long expires = seconds("exp");
        if (issued > now + LEEWAY) throw Fault.untrusted("the token comes from the future: iat " + issued + ", now " + now);
        if (expires <= now - LEEWAY) throw Fault.untrusted("the token expired: exp " + expires + ", now " + now);
        if (expires - issued > life) throw Fault.untrusted("the token lives longer than " + life + " s");
    }

    String text(String name) throws Fault {
        JsonNode value = json.get(name);
        if (value == null || !value.isTextual()) throw Fault.untrusted("the claim " + name + " is not a text");
        return value.textValue();
    }

    boolean has(String name) {
        return json.has(name);
    }

    boolean flag(String name) throws Fault {
        JsonNode value = json.get(name);
        if (value == null || !value.isBoolean()) throw Fault.untrusted("the claim " + name + " is not true or false");
        return value.booleanValue();
    }

    /** False where it is absent. */
    boolean flagOrFalse(String name) throws Fault {
        return has(name) && flag(name);
    }

    long seconds(String name) throws Fault {
        return number(json.get(name), name);
    }

    List<String> texts(String name) throws Fault {
        JsonNode value = json.get(name);
        if (value == null || !value.isArray()) throw Fault.untrusted("the claim " + name + " is not a list");
        List<String> texts = new ArrayList<>();
        for (JsonNode entry : value) {
            if (!entry.isTextual()) throw Fault.untrusted("the claim " + name + " is not a list of texts");
            texts.add(entry.textValue());
        }
        return List.copyOf(texts);
    }

    Failures failures() throws Fault {
        JsonNode value = json.get("failures");
        if (value == null) return Failures.NONE;
        if (!value.isObject()) throw Fault.untrusted("the claim failures is not an object");
        return Failures.of(number(value.get("from"), "failures.from"), number(value.get("to"), "failures.to"));
    }

    /** The rule that decided, for events; it decides nothing here. */
    String because() {
        return json.path("because").path("rule").asText("");
    }

    private static long number(JsonNode value, String name) throws Fault {
        if (value == null || !value.isIntegralNumber() || !value.canConvertToLong()) {
            throw Fault.untrusted("the claim " + name + " is not a whole number");
        }
        return value.longValue();
    }
}
