package dev.latchkey.keycloak;

import static org.mockito.ArgumentMatchers.any;
import static org.mockito.ArgumentMatchers.anyString;
import static org.mockito.Mockito.RETURNS_DEEP_STUBS;
import static org.mockito.Mockito.mock;
import static org.mockito.Mockito.never;
import static org.mockito.Mockito.verify;
import static org.mockito.Mockito.when;

import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.keycloak.events.Event;
import org.keycloak.events.EventType;
import org.keycloak.models.KeycloakSession;
import org.keycloak.models.RealmModel;
import org.keycloak.models.UserSessionModel;
import org.keycloak.sessions.AuthenticationSessionModel;

/** R14: a session without a verdict does not outlive its login. */
class LatchkeyEventsTest {

    private final KeycloakSession session = mock(KeycloakSession.class, RETURNS_DEEP_STUBS);
    private final RealmModel realm = mock(RealmModel.class);
    private final UserSessionModel entered = mock(UserSessionModel.class);
    private final AuthenticationSessionModel login = Logins.fake();
    private final Event event = new Event();

    @BeforeEach
    void login() {
        event.setType(EventType.LOGIN);
        event.setRealmId("r1");
        event.setSessionId("s1");
        when(session.realms().getRealm("r1")).thenReturn(realm);
        when(session.sessions().getUserSession(realm, "s1")).thenReturn(entered);
        when(session.getContext().getAuthenticationSession()).thenReturn(login);
        when(entered.getNote("latchkey.pending")).thenReturn("1");
    }

    private void listen() {
        new LatchkeyEvents(session).onEvent(event);
    }

    private void leavesAlone() {
        verify(session.sessions(), never()).removeUserSession(any(), any());
        verify(login, never()).setClientNote(anyString(), any());
        verify(login, never()).setProtocol(any());
    }

    @Test
    @DisplayName("ends it, and the application gets no code and no token")
    void ends() {
        listen();
        verify(session.sessions()).removeUserSession(realm, entered);
        verify(login).setClientNote("response_type", "none");
        verify(login).setProtocol("openid-connect");
    }

    @Test
    @DisplayName("leaves a session with a verdict alone, and one that the gate never saw")
    void verdict() {
        when(entered.getNote("latchkey.pending")).thenReturn("0");
        listen();
        when(entered.getNote("latchkey.pending")).thenReturn(null);
        listen();
        leavesAlone();
    }

    @Test
    @DisplayName("waits for the login")
    void others() {
        for (EventType type : new EventType[] {EventType.LOGIN_ERROR, EventType.REFRESH_TOKEN, EventType.CUSTOM_REQUIRED_ACTION}) {
            event.setType(type);
            listen();
        }
        event.setType(EventType.LOGIN);
        event.setSessionId(null);
        listen();
        leavesAlone();
    }

    @Test
    @DisplayName("ends it without a login in the browser too")
    void noLogin() {
        when(session.getContext().getAuthenticationSession()).thenReturn(null);
        listen();
        verify(session.sessions()).removeUserSession(realm, entered);
    }
}
