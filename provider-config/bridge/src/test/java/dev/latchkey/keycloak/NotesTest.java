package dev.latchkey.keycloak;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.List;

import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.keycloak.sessions.AuthenticationSessionModel;

@DisplayName("what is kept belongs to one user and one execution (R15, P5)")
class NotesTest {

    private final AuthenticationSessionModel login = Logins.fake();
    private final Notes alice = new Notes(login, "e1", "alice");

    @Test
    @DisplayName("keeps state and nonce until they are spent")
    void binding() {
        Notes.Binding made = alice.newBinding();
        assertEquals(made, alice.binding());
        assertTrue(made.state().matches("[A-Za-z0-9_-]{43}") && made.nonce().matches("[A-Za-z0-9_-]{43}"));
        assertNotEquals(made.state(), made.nonce());
        alice.spend();
        assertNull(alice.binding());
    }

    @Test
    @DisplayName("names all of a login's requests alike, as the sidecar's log takes it (B16)")
    void request() {
        String made = Notes.request(login);
        assertTrue(made.matches("[\\w-]{8,64}"));
        assertEquals(made, Notes.request(login));
        assertNotEquals(made, Notes.request(Logins.fake()));
    }

    @Test
    @DisplayName("another user or execution in the same browser sees nothing of it")
    void apart() {
        alice.newBinding();
        alice.keep(new Notes.Push("f", 0, "a", false, null, 1));
        alice.done();
        for (Notes other : List.of(new Notes(login, "e1", "bob"), new Notes(login, "e2", "alice"))) {
            assertNull(other.binding());
            assertNull(other.push());
            assertFalse(other.isDone());
        }
        assertTrue(alice.isDone());
    }

    @Test
    @DisplayName("keeps the decision with all that it depends on")
    void push() {
        Notes.Push needed = new Notes.Push("f", 2, "https://sso/a?b=c&d=%20", true, "urn:x", 123);
        alice.keep(needed);
        assertEquals(needed, alice.push());
        alice.spend();
        assertNull(alice.push());
    }

    @Test
    @DisplayName("keeps a decision that names no place to go")
    void direct() {
        alice.keep(new Notes.Push("f", 0, "", true, null, 123));
        assertEquals(new Notes.Push("f", 0, "", true, "", 123), alice.push());
    }

    @Test
    @DisplayName("a note that can't be read is none, and never a not needed")
    void broken() {
        for (String text : new String[] {"", "x", "{}", "[]", "{\"user\":\"bob\"}"}) {
            login.setAuthNote("latchkey.decision.e1", text);
            assertNull(alice.push());
        }
        login.setAuthNote("latchkey.decision.e1", "{\"user\":\"alice\"}");
        assertTrue(alice.push().needed());
    }

    @Test
    @DisplayName("writes both notes that tokens are made from")
    void prove() {
        Notes.prove(login, 2, List.of("pwd", "otp", "mfa"));
        assertEquals("[\"pwd\",\"otp\",\"mfa\"]", login.getUserSessionNotes().get("latchkey.amr"));
        assertEquals("2", login.getUserSessionNotes().get("latchkey.acr"));
        Notes.prove(login, 1, List.of());
        assertEquals("[]", login.getUserSessionNotes().get("latchkey.amr"));
    }

    @Test
    @DisplayName("R27: a proof takes back that a device stood in for it")
    void trusted() {
        Notes.prove(login, 1, List.of("pwd"));
        Notes.trust(login);
        assertEquals("1", login.getUserSessionNotes().get("latchkey.trusted"));
        Notes.prove(login, 2, List.of("pwd", "otp", "mfa"));
        assertEquals("0", login.getUserSessionNotes().get("latchkey.trusted"));
    }
}
