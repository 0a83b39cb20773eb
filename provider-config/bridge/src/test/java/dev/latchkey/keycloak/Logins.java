package dev.latchkey.keycloak;

import static org.mockito.ArgumentMatchers.any;
import static org.mockito.ArgumentMatchers.anyString;
import static org.mockito.Mockito.doAnswer;
import static org.mockito.Mockito.mock;
import static org.mockito.Mockito.when;

import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.Map;

import org.keycloak.sessions.AuthenticationSessionModel;
import org.keycloak.sessions.CommonClientSessionModel.ExecutionStatus;
import org.keycloak.sessions.RootAuthenticationSessionModel;

/** Authentication sessions that remember their notes. */
final class Logins {

    private Logins() {
    }

    static AuthenticationSessionModel fake() {
        Map<String, String> notes = new HashMap<>();
        Map<String, String> userNotes = new HashMap<>();
        Map<String, ExecutionStatus> status = new LinkedHashMap<>();
        AuthenticationSessionModel login = mock(AuthenticationSessionModel.class);
        when(login.getAuthNote(anyString())).thenAnswer(call -> notes.get(call.<String>getArgument(0)));
        doAnswer(call -> notes.put(call.getArgument(0), call.getArgument(1))).when(login).setAuthNote(anyString(), any());
        doAnswer(call -> notes.remove(call.<String>getArgument(0))).when(login).removeAuthNote(anyString());
        when(login.getUserSessionNotes()).thenReturn(userNotes);
        doAnswer(call -> userNotes.put(call.getArgument(0), call.getArgument(1))).when(login).setUserSessionNote(anyString(), any());
        when(login.getExecutionStatus()).thenReturn(status);
        Map<String, String> clientNotes = new HashMap<>();
        when(login.getClientNote(anyString())).thenAnswer(call -> clientNotes.get(call.<String>getArgument(0)));
        doAnswer(call -> clientNotes.put(call.getArgument(0), call.getArgument(1))).when(login).setClientNote(anyString(), any());
        doAnswer(call -> clientNotes.remove(call.<String>getArgument(0))).when(login).removeClientNote(anyString());
        together(login);
        return login;
    }

    /** Tabs of one browser. */
    static void together(AuthenticationSessionModel... tabs) {
        RootAuthenticationSessionModel root = mock(RootAuthenticationSessionModel.class);
        Map<String, AuthenticationSessionModel> all = new LinkedHashMap<>();
        for (AuthenticationSessionModel tab : tabs) all.put("tab" + all.size(), tab);
        when(root.getAuthenticationSessions()).thenReturn(all);
        for (AuthenticationSessionModel tab : tabs) when(tab.getParentSession()).thenReturn(root);
    }
}
