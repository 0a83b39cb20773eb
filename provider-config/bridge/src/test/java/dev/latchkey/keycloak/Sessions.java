package dev.latchkey.keycloak;

import static org.mockito.ArgumentMatchers.any;
import static org.mockito.ArgumentMatchers.anyString;
import static org.mockito.Mockito.RETURNS_DEEP_STUBS;
import static org.mockito.Mockito.doAnswer;
import static org.mockito.Mockito.doReturn;
import static org.mockito.Mockito.mock;

import java.util.HashMap;
import java.util.Map;

import org.keycloak.models.KeycloakSession;
import org.keycloak.models.KeycloakTransactionManager;

/** Keycloak sessions that remember their attributes. */
final class Sessions {

    private Sessions() {
    }

    static KeycloakSession fake(KeycloakTransactionManager transactions) {
        Map<String, Object> attributes = new HashMap<>();
        KeycloakSession session = mock(KeycloakSession.class, RETURNS_DEEP_STUBS);
        doReturn(transactions).when(session).getTransactionManager();
        doAnswer(call -> attributes.get(call.<String>getArgument(0))).when(session).getAttribute(anyString());
        doAnswer(call -> attributes.put(call.getArgument(0), call.getArgument(1))).when(session).setAttribute(anyString(), any());
        return session;
    }
}
