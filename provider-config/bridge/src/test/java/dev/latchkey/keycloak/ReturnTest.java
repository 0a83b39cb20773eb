package dev.latchkey.keycloak;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import jakarta.ws.rs.core.MultivaluedHashMap;

import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;

@DisplayName("what the browser says proves nothing (R13, P15)")
class ReturnTest {

    private static final Notes.Binding BINDING = new Notes.Binding("the-state", "the-nonce");

    private static Return given(String... pairs) {
        MultivaluedHashMap<String, String> query = new MultivaluedHashMap<>();
        for (int i = 0; i < pairs.length; i += 2) query.add(pairs[i], pairs[i + 1]);
        return new Return(query);
    }

    private static Fault.Kind fault(Notes.Binding binding, String... pairs) {
        return assertThrows(Fault.class, () -> given(pairs).code(binding, Signed.SIDECAR)).kind();
    }

    @Test
    @DisplayName("takes the code of this step's state and sidecar")
    void code() throws Fault {
        assertEquals("c", given("code", "c", "state", "the-state", "iss", Signed.SIDECAR).code(BINDING, Signed.SIDECAR));
    }

    @Test
    @DisplayName("takes no code with a wrong, missing or doubled state")
    void state() {
        assertEquals(Fault.Kind.STALE, fault(BINDING, "code", "c", "state", "other", "iss", Signed.SIDECAR));
        assertEquals(Fault.Kind.STALE, fault(BINDING, "code", "c", "iss", Signed.SIDECAR));
        assertEquals(Fault.Kind.STALE, fault(BINDING, "code", "c", "state", "the-state", "state", "the-state", "iss", Signed.SIDECAR));
    }

    @Test
    @DisplayName("takes no code where nothing was asked or the nonce is spent")
    void spent() {
        assertEquals(Fault.Kind.STALE, fault(null, "code", "c", "state", "the-state", "iss", Signed.SIDECAR));
    }

    @Test
    @DisplayName("takes no code of another issuer")
    void issuer() {
        assertEquals(Fault.Kind.STALE, fault(BINDING, "code", "c", "state", "the-state", "iss", "https://evil"));
        assertEquals(Fault.Kind.STALE, fault(BINDING, "code", "c", "state", "the-state"));
    }

    @Test
    @DisplayName("an error is never a success, whatever it says and whatever code stands beside it")
    void error() {
        for (String error : new String[] {"verified", "not verified", "", "server_error"}) {
            assertEquals(Fault.Kind.STALE, fault(BINDING, "error", error, "code", "c", "state", "the-state", "iss", Signed.SIDECAR));
        }
    }

    @Test
    @DisplayName("knows that the user gave up only with the right state")
    void gaveUp() {
        assertEquals(Fault.Kind.CANCELLED, fault(BINDING, "error", "access_denied", "state", "the-state", "iss", Signed.SIDECAR));
        assertEquals(Fault.Kind.STALE, fault(BINDING, "error", "access_denied", "state", "other", "iss", Signed.SIDECAR));
    }

    @Test
    @DisplayName("knows an address without an answer")
    void empty() {
        assertTrue(given("session_code", "x", "execution", "y").isEmpty());
        assertFalse(given("state", "x").isEmpty());
        assertFalse(given("error", "x").isEmpty());
    }
}
