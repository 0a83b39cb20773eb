package dev.latchkey.keycloak;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.mockito.Mockito.mock;
import static org.mockito.Mockito.when;

import java.util.List;
import java.util.Map;

import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.keycloak.models.AuthenticationExecutionModel;
import org.keycloak.models.AuthenticatorConfigModel;
import org.keycloak.models.RealmModel;
import org.keycloak.models.UserModel;
import org.keycloak.sessions.AuthenticationSessionModel;
import org.keycloak.sessions.CommonClientSessionModel.ExecutionStatus;

@DisplayName("amr says what this login proved, and nothing that is only configured (R21, R27)")
class ProvenTest {

    private final AuthenticationSessionModel login = Logins.fake();
    private final RealmModel realm = mock(RealmModel.class);
    private final UserModel user = mock(UserModel.class);

    ProvenTest() {
        when(user.getId()).thenReturn("alice");
    }

    private void execution(String authenticator, ExecutionStatus status, String reference) {
        String id = "id-" + authenticator;
        AuthenticationExecutionModel execution = new AuthenticationExecutionModel();
        execution.setId(id);
        execution.setAuthenticator(authenticator);
        if (reference != null) {
            AuthenticatorConfigModel config = new AuthenticatorConfigModel();
            config.setConfig(Map.of("default.reference.value", reference));
            execution.setAuthenticatorConfig("config-" + id);
            when(realm.getAuthenticatorConfigById("config-" + id)).thenReturn(config);
        }
        when(realm.getAuthenticationExecutionById(id)).thenReturn(execution);
        login.getExecutionStatus().put(id, status);
    }

    private List<String> amr() {
        return Proven.amr(realm, login, user);
    }

    @Test
    @DisplayName("knows Keycloak's own forms")
    void builtIn() {
        execution("auth-username-password-form", ExecutionStatus.SUCCESS, null);
        execution("auth-otp-form", ExecutionStatus.SUCCESS, null);
        assertEquals(List.of("pwd", "otp"), amr());
    }

    @Test
    @DisplayName("a mail's link, a code of an identity provider and a consent are no password (R21)")
    void otherDoors() {
        for (String other : new String[] {"reset-credential-email", "reset-password", "idp-email-verification",
                "idp-create-user-if-unique", "allow-access-authenticator", "registration-user-creation"}) {
            execution(other, ExecutionStatus.SUCCESS, null);
        }
        assertEquals(List.of(), amr());
    }

    @Test
    @DisplayName("knows a password given at registration, at a link to an identity provider and in a grant")
    void otherPasswords() {
        for (String form : new String[] {"registration-password-action", "idp-username-password-form", "direct-grant-validate-password"}) {
            login.getExecutionStatus().clear();
            execution(form, ExecutionStatus.SUCCESS, null);
            assertEquals(List.of("pwd"), amr(), form);
        }
    }

    @Test
    @DisplayName("counts only what succeeded")
    void succeeded() {
        execution("auth-username-password-form", ExecutionStatus.CHALLENGED, null);
        execution("auth-password-form", ExecutionStatus.ATTEMPTED, null);
        execution("webauthn-authenticator", ExecutionStatus.SUCCESS, null);
        assertEquals(List.of("hwk"), amr());
    }

    @Test
    @DisplayName("takes the realm's own name for an execution first")
    void configured() {
        execution("auth-username-password-form", ExecutionStatus.SUCCESS, "kba");
        execution("their-own-form", ExecutionStatus.SUCCESS, "face");
        assertEquals(List.of("kba", "face"), amr());
    }

    @Test
    @DisplayName("is silent about single sign-on, brokers and what it does not know")
    void unknown() {
        execution("auth-cookie", ExecutionStatus.SUCCESS, null);
        execution("identity-provider-redirector", ExecutionStatus.SUCCESS, null);
        execution("their-own-form", ExecutionStatus.SUCCESS, " ");
        assertEquals(List.of(), amr());
    }

    @Test
    @DisplayName("a skipped Latchkey step proves nothing, not even with a configured name")
    void skipped() {
        execution("auth-username-password-form", ExecutionStatus.SUCCESS, null);
        execution("latchkey", ExecutionStatus.SUCCESS, "mfa");
        login.setUserSessionNote(Notes.AMR, "[\"pwd\",\"otp\",\"mfa\"]");
        assertEquals(List.of("pwd"), amr());
    }

    @Test
    @DisplayName("a Latchkey step that was answered in this login proves what its note says, without mfa")
    void answered() {
        execution("auth-username-password-form", ExecutionStatus.SUCCESS, null);
        execution("latchkey", ExecutionStatus.SUCCESS, null);
        login.setUserSessionNote(Notes.AMR, "[\"pwd\",\"otp\",\"mfa\"]");
        new Notes(login, "id-latchkey", "alice").done();
        assertEquals(List.of("pwd", "otp"), amr());
    }

    @Test
    @DisplayName("a level is worth what its names are: two of them, or one that is a second factor")
    void level() {
        for (List<String> one : List.of(List.<String>of(), List.of("pwd"), List.of("kba"), List.of("pwd", "pwd"))) {
            assertEquals(1, Proven.level(one), one.toString());
        }
        for (List<String> two : List.of(List.of("otp"), List.of("sms"), List.of("pwd", "face"))) {
            assertEquals(2, Proven.level(two), two.toString());
        }
        for (List<String> three : List.of(List.of("hwk"), List.of("pwd", "swk"))) assertEquals(3, Proven.level(three), three.toString());
    }

    @Test
    @DisplayName("a level is reached by an answered step of this login alone, and of this user (R15)")
    void reached() {
        Step step = new Step(null, realm, user, login, null, "f", "e", Purpose.LOGIN, 0, null);
        Notes.prove(login, 2, List.of("pwd", "otp", "mfa"));
        assertFalse(Proven.isReached(step, 2));
        execution("latchkey", ExecutionStatus.SUCCESS, null);
        assertFalse(Proven.isReached(step, 2));
        new Notes(login, "id-latchkey", "bob").done();
        assertFalse(Proven.isReached(step, 2));
        new Notes(login, "id-latchkey", "alice").done();
        assertTrue(Proven.isReached(step, 2));
        assertFalse(Proven.isReached(step, 3));
        // An exempt answer is done too.
        Notes.prove(login, 1, List.of("pwd"));
        assertFalse(Proven.isReached(step, 2));
    }

    @Test
    @DisplayName("an execution that was deleted meanwhile is passed over")
    void deleted() {
        login.getExecutionStatus().put("gone", ExecutionStatus.SUCCESS);
        assertEquals(List.of(), amr());
    }
}
