package dev.latchkey.keycloak;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.mockito.ArgumentMatchers.any;
import static org.mockito.ArgumentMatchers.anyString;
import static org.mockito.Mockito.mock;
import static org.mockito.Mockito.never;
import static org.mockito.Mockito.verify;
import static org.mockito.Mockito.when;

import java.util.List;

import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.keycloak.events.Event;
import org.keycloak.events.EventType;
import org.keycloak.events.admin.AdminEvent;
import org.keycloak.events.admin.OperationType;
import org.keycloak.events.admin.ResourceType;
import org.keycloak.models.KeycloakSession;
import org.keycloak.models.KeycloakTransactionManager;
import org.keycloak.models.RealmModel;
import org.keycloak.models.UserSessionModel;
import org.keycloak.sessions.AuthenticationSessionModel;

@DisplayName("a session without a verdict does not outlive its login. And what changed is noted (R14)")
class LatchkeyEventsTest {

    private final KeycloakSession session = Sessions.fake(mock(KeycloakTransactionManager.class));
    private final RealmModel realm = mock(RealmModel.class);
    private final UserSessionModel entered = mock(UserSessionModel.class);
    private final AuthenticationSessionModel login = Logins.fake();
    private final Event event = new Event();
    private final Hints hints = mock(Hints.class);

    @BeforeEach
    void login() {
        event.setType(EventType.LOGIN);
        event.setRealmId("r1");
        event.setSessionId("s1");
        when(realm.getId()).thenReturn("r1");
        when(session.realms().getRealm("r1")).thenReturn(realm);
        when(session.sessions().getUserSession(realm, "s1")).thenReturn(entered);
        when(session.getContext().getAuthenticationSession()).thenReturn(login);
        when(entered.getNote("latchkey.pending")).thenReturn("1");
    }

    private void listen() {
        new LatchkeyEvents(session, hints).onEvent(event);
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

    private Hint collected() {
        return ChangeCollector.of(session, hints).in(realm).take();
    }

    @ParameterizedTest
    @DisplayName("names the user whose profile a login or the user changed")
    @EnumSource(value = EventType.class, names = {"REGISTER", "UPDATE_PROFILE", "VERIFY_PROFILE", "UPDATE_EMAIL", "VERIFY_EMAIL",
            "IDENTITY_PROVIDER_FIRST_LOGIN", "DELETE_ACCOUNT", "USER_DISABLED_BY_PERMANENT_LOCKOUT"})
    void profile(EventType type) {
        event.setType(type);
        event.setUserId("u1");
        listen();
        assertEquals(new Hint(List.of("u1"), List.of(), List.of(), false), collected());
    }

    @ParameterizedTest
    @DisplayName("names nobody where nothing changed")
    @EnumSource(value = EventType.class, names = {"LOGIN", "LOGOUT", "REFRESH_TOKEN", "REGISTER_ERROR", "UPDATE_PROFILE_ERROR"})
    void unchanged(EventType type) {
        event.setType(type);
        event.setUserId("u1");
        listen();
        verify(session, never()).setAttribute(anyString(), any());
    }

    @Test
    @DisplayName("names whom an administrator changed")
    void administrator() {
        AdminEvent change = new AdminEvent();
        change.setRealmId("r1");
        change.setResourceType(ResourceType.USER);
        change.setResourcePath("users/u1");
        change.setOperationType(OperationType.UPDATE);
        new LatchkeyEvents(session, hints).onEvent(change, false);
        assertEquals(new Hint(List.of("u1"), List.of(), List.of(), false), collected());
        change.setRealmId("a realm that is gone");
        when(session.realms().getRealm("a realm that is gone")).thenReturn(null);
        new LatchkeyEvents(session, hints).onEvent(change, false);
        assertTrue(ChangeCollector.of(session, hints).in(realm).isEmpty());
    }
}
