package dev.latchkey.keycloak;

import java.net.URI;
import java.util.Arrays;
import java.util.stream.Collectors;

/** An action address of Keycloak, changed as text: the sidecar and Keycloak compare it byte by byte. */
final class ReturnAddress {

    private static final String EXECUTION = "execution=";
    private static final String SESSION_CODE = "session_code=";

    private ReturnAddress() {
    }

    /** The condition's own action address leads to the condition, where nothing can be answered. */
    static URI to(URI action, String execution) {
        return withQuery(action, Arrays.stream(action.getRawQuery().split("&"))
                .map(field -> field.startsWith(EXECUTION) ? EXECUTION + execution : field)
                .collect(Collectors.joining("&")));
    }

    /** The address that shows the step again, without acting. */
    static URI refresh(URI action) {
        return withQuery(action, Arrays.stream(action.getRawQuery().split("&"))
                .filter(field -> !field.startsWith(SESSION_CODE))
                .collect(Collectors.joining("&")));
    }

    private static URI withQuery(URI address, String query) {
        String text = address.toString();
        return URI.create(text.substring(0, text.indexOf('?') + 1) + query);
    }
}
