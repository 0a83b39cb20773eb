package dev.latchkey.keycloak;

import java.util.ArrayList;
import java.util.List;

import com.fasterxml.jackson.databind.JsonNode;

/**
 * What the consoles are to list of a user's methods, as the sidecar tells it.
 *
 * @param version grows with each telling that names other methods
 */
record Listing(long version, List<Method> methods) {

    /**
     * @param created seconds
     * @param since the version that named it first, or named it again
     */
    record Method(String id, String type, String label, long created, long since) {
    }

    /** @throws IllegalArgumentException where that is none */
    static Listing of(JsonNode claim) {
        List<Method> methods = new ArrayList<>();
        for (JsonNode method : claim.path("methods")) {
            methods.add(new Method(text(method, "id"), text(method, "type"), text(method, "label"),
                    number(method, "created"), number(method, "since")));
        }
        return new Listing(number(claim, "version"), List.copyOf(methods));
    }

    private static String text(JsonNode node, String name) {
        JsonNode value = node.path(name);
        if (!value.isTextual() || value.textValue().isBlank()) throw new IllegalArgumentException(name + " is not a text");
        return value.textValue();
    }

    private static long number(JsonNode node, String name) {
        JsonNode value = node.path(name);
        if (!value.isIntegralNumber()) throw new IllegalArgumentException(name + " is not a whole number");
        return value.longValue();
    }
}
