package dev.latchkey.keycloak;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.mockito.Mockito.RETURNS_DEEP_STUBS;
import static org.mockito.Mockito.mock;
import static org.mockito.Mockito.when;

import java.net.URI;
import java.util.List;

import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.keycloak.models.AuthenticationFlowModel;
import org.keycloak.models.KeycloakSession;
import org.keycloak.models.RealmModel;
import org.keycloak.models.UserModel;
import org.keycloak.models.UserSessionModel;
import org.keycloak.sessions.AuthenticationSessionModel;

@DisplayName("a session proves something for its own user only, and only where the login rests on it (R15, R21)")
class SingleSignOnTest {

    private final KeycloakSession session = mock(KeycloakSession.class, RETURNS_DEEP_STUBS);
    private final RealmModel realm = mock(RealmModel.class);
    private final UserModel alice = user("alice");
    private final UserSessionModel entered = mock(UserSessionModel.class);
    private final AuthenticationSessionModel login = Logins.fake();
    private final Step step = new Step(session, realm, alice, login, null, "gate", "gate", Purpose.LOGIN, 0, URI.create("https://sso/a?b=c"));

    private static UserModel user(String id) {
        UserModel user = mock(UserModel.class);
        when(user.getId()).thenReturn(id);
        return user;
    }

    @BeforeEach
    void byCookie() {
        login.setAuthNote("SSO_AUTH", "true");
        when(login.getParentSession().getId()).thenReturn("s1");
        when(session.sessions().getUserSession(realm, "s1")).thenReturn(entered);
        when(entered.getUser()).thenReturn(alice);
    }

    @Test
    @DisplayName("reads what the session's own login proved, without mfa")
    void proven() {
        when(entered.getNote("latchkey.acr")).thenReturn("2");
        when(entered.getNote("latchkey.amr")).thenReturn("[\"pwd\",\"otp\",\"mfa\"]");
        when(entered.getNote("AUTH_TIME")).thenReturn("1700000000");
        SingleSignOn found = SingleSignOn.of(step);
        assertNotNull(found);
        assertEquals(2, found.level());
        assertEquals(List.of("pwd", "otp"), found.amr());
        assertEquals(1700000000L, found.authTime());
    }

    @Test
    @DisplayName("a session that Latchkey never saw proves nothing, nor one with a broken note")
    void unknown() {
        for (String note : new String[] {null, "", "4", "-2", "2.0", "gold"}) {
            when(entered.getNote("latchkey.acr")).thenReturn(note);
            assertEquals(0, SingleSignOn.of(step).level());
        }
        for (String note : new String[] {null, "", "otp", "{}"}) {
            when(entered.getNote("latchkey.amr")).thenReturn(note);
            assertEquals(List.of(), SingleSignOn.of(step).amr());
        }
        assertNull(SingleSignOn.of(step).authTime());
    }

    @Test
    @DisplayName("a password given anew in an old session is no single sign-on")
    void anew() {
        login.removeAuthNote("SSO_AUTH");
        assertNull(SingleSignOn.of(step));
    }

    private List<String> password(String levelOfLogin) {
        login.setAuthNote("level-of-authentication", levelOfLogin);
        AuthenticationFlowModel top = new AuthenticationFlowModel();
        return SingleSignOn.password(new Step(session, realm, alice, login, top, "f", "e", Purpose.LOGIN, 0, null));
    }

    @Test
    @DisplayName("a step-up goes on from the session's password alone, where Keycloak takes its level (B7)")
    void stepUp() {
        login.removeAuthNote("SSO_AUTH");
        when(entered.getNote("latchkey.amr")).thenReturn("[\"pwd\",\"otp\",\"mfa\"]");
        assertEquals(List.of("pwd"), password("1"));
        assertEquals(List.of(), password("0"));
        assertEquals(List.of(), password("-1"));
        login.setAuthNote("FORCED_REAUTHENTICATION", "true");
        assertEquals(List.of(), password("1"));
        login.removeAuthNote("FORCED_REAUTHENTICATION");
        when(entered.getNote("latchkey.amr")).thenReturn("[\"otp\"]");
        assertEquals(List.of(), password("1"));
        UserModel bob = user("bob");
        when(entered.getUser()).thenReturn(bob);
        when(entered.getNote("latchkey.amr")).thenReturn("[\"pwd\"]");
        assertEquals(List.of(), password("1"));
    }

    @Test
    @DisplayName("another user's session proves nothing")
    void another() {
        UserModel bob = user("bob");
        when(entered.getUser()).thenReturn(bob);
        assertNull(SingleSignOn.of(step));
        when(entered.getUser()).thenReturn(null);
        assertNull(SingleSignOn.of(step));
        when(session.sessions().getUserSession(realm, "s1")).thenReturn(null);
        assertNull(SingleSignOn.of(step));
    }
}
