package dev.latchkey.keycloak;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.keycloak.sessions.AuthenticationSessionModel;

@DisplayName("who was decided on, and nobody else (R14, R15)")
class VerdictTest {

    private final AuthenticationSessionModel login = Logins.fake();
    private final Verdict alice = new Verdict(login, "alice");

    private String pending() {
        return login.getUserSessionNotes().get("latchkey.pending");
    }

    @Test
    @DisplayName("is one user's")
    void own() {
        assertFalse(alice.isGiven());
        alice.give();
        assertTrue(alice.isGiven());
        assertFalse(alice.isOpen());
        assertFalse(new Verdict(login, "bob").isGiven());
        assertFalse(new Verdict(login, "en alice").isGiven());
    }

    @Test
    @DisplayName("an outage that let the login pass is a verdict too, and is told apart")
    void open() {
        alice.open();
        assertTrue(alice.isGiven());
        assertTrue(alice.isOpen());
        alice.give();
        assertFalse(alice.isOpen());
    }

    @Test
    @DisplayName("marks the session until it is given, and writes over the mark of an earlier login")
    void pend() {
        alice.pend();
        assertEquals("1", pending());
        assertFalse(alice.isGiven());
        alice.give();
        assertEquals("0", pending());
        alice.pend();
        assertFalse(alice.isGiven());
    }

    @Test
    @DisplayName("a need is remembered in the client's notes, which a restart keeps")
    void need() {
        assertFalse(alice.wasNeeded());
        alice.need();
        assertEquals("true", login.getClientNote("latchkey.needed"));
        assertTrue(alice.wasNeeded());
    }
}
