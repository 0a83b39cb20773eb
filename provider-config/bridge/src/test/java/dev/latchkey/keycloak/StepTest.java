package dev.latchkey.keycloak;

import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.keycloak.sessions.AuthenticationSessionModel;

@DisplayName("where a login may go on without a second factor (R27)")
class StepTest {

    private final AuthenticationSessionModel login = Logins.fake();

    private boolean isExemptable(Purpose purpose, int level) {
        return new Step(null, null, null, login, null, "f", "e", purpose, level, null).isExemptable();
    }

    @Test
    @DisplayName("in an ordinary login, with the lowest level or none asked for")
    void ordinary() {
        assertTrue(isExemptable(Purpose.LOGIN, 0));
        assertTrue(isExemptable(Purpose.LOGIN, 1));
    }

    @Test
    @DisplayName("never in a step-up, for a change of methods or in a grant")
    void elsewhere() {
        assertFalse(isExemptable(Purpose.LOGIN, 2));
        assertFalse(isExemptable(Purpose.LOGIN, 3));
        for (Purpose purpose : new Purpose[] {Purpose.MANAGE, Purpose.ENROL, Purpose.DIRECT}) assertFalse(isExemptable(purpose, 0));
    }

    @Test
    @DisplayName("never where the application asked for a fresh login")
    void fresh() {
        login.setClientNote("prompt", "consent");
        assertTrue(isExemptable(Purpose.LOGIN, 0));
        login.setClientNote("prompt", "consent login");
        assertFalse(isExemptable(Purpose.LOGIN, 0));
        login.setClientNote("prompt", "none");
        login.setClientNote("max_age", "3600");
        assertFalse(isExemptable(Purpose.LOGIN, 0));
    }
}
