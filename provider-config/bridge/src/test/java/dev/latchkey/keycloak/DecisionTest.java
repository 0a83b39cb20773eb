package dev.latchkey.keycloak;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.List;
import java.util.Map;

import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

@DisplayName("only a literal, fresh, own false skips (R13, R31, P15)")
class DecisionTest {

    private static final Decision.Asked ASKED = new Decision.Asked("u1", "n1", "j1", true);

    private static Decision read(Map<String, Object> claims, long now) throws Fault {
        String jws = Signed.token(claims, Decision.TYP);
        return Decision.of(Token.verified(jws, Decision.TYP, Signed.KEYS), Signed.PARTIES, ASKED, now);
    }

    private static void refused(String name, Object value) {
        Map<String, Object> claims = Signed.decision();
        if (value == null) claims.remove(name);
        else claims.put(name, value);
        Fault fault = assertThrows(Fault.class, () -> read(claims, Signed.NOW), name + " = " + value);
        assertEquals(Fault.Kind.UNTRUSTED, fault.kind());
    }

    @Test
    @DisplayName("reads needed with where to go")
    void needed() throws Fault {
        Decision decision = read(Signed.decision(), Signed.NOW);
        assertTrue(decision.needed());
        assertEquals("urn:ietf:params:oauth:request_uri:1", decision.requestUri());
        assertEquals(Signed.NOW + 60, decision.expires());
        assertEquals(Failures.NONE, decision.failures());
    }

    @Test
    @DisplayName("reads needed without a place to go only where no browser waits")
    void direct() throws Fault {
        Map<String, Object> claims = Signed.decision();
        claims.remove("request_uri");
        claims.remove("request_uri_expires_at");
        Claims signed = Token.verified(Signed.token(claims, Decision.TYP), Decision.TYP, Signed.KEYS);
        Decision decision = Decision.of(signed, Signed.PARTIES, new Decision.Asked("u1", "n1", "j1", false), Signed.NOW);
        assertTrue(decision.needed());
        assertNull(decision.requestUri());
        assertEquals(Signed.NOW + 30, decision.expires());
        assertThrows(Fault.class, () -> Decision.of(signed, Signed.PARTIES, ASKED, Signed.NOW));
    }

    @Test
    @DisplayName("reads not needed, which holds only as long as the decision")
    void notNeeded() throws Fault {
        Map<String, Object> claims = Signed.decision();
        claims.put("needed", false);
        claims.put("failures", Map.of("from", 3, "to", 5));
        Decision decision = read(claims, Signed.NOW);
        assertFalse(decision.needed());
        assertNull(decision.requestUri());
        assertEquals(Signed.NOW + 30, decision.expires());
        assertEquals(new Failures(3, 5), decision.failures());
    }

    @Test
    @DisplayName("refuses needed that is missing or no literal boolean")
    void literal() {
        for (Object value : new Object[] {null, "false", "true", 0, 1, List.of(false), Map.of()}) refused("needed", value);
    }

    @Test
    @DisplayName("refuses an audience that is another, a list, or none")
    void audience() {
        for (Object value : new Object[] {null, Signed.SIDECAR, Signed.REALM + "/", List.of(Signed.REALM)}) refused("aud", value);
    }

    @ParameterizedTest
    @DisplayName("refuses a decision about somebody or something else")
    @ValueSource(strings = {"iss", "sub", "nonce", "jti"})
    void foreign(String claim) {
        for (Object value : new Object[] {null, "other", 1, List.of("u1")}) refused(claim, value);
    }

    @Test
    @DisplayName("refuses needed without a place to go")
    void request() {
        for (Object value : new Object[] {null, "", 1}) refused("request_uri", value);
        refused("request_uri_expires_at", null);
    }

    @Test
    @DisplayName("refuses an expired decision, with ten seconds of grace")
    void expired() throws Fault {
        assertTrue(read(Signed.decision(), Signed.NOW + 39).needed());
        assertThrows(Fault.class, () -> read(Signed.decision(), Signed.NOW + 40));
    }

    @Test
    @DisplayName("refuses a decision from the future, with ten seconds of grace")
    void future() throws Fault {
        assertTrue(read(Signed.decision(), Signed.NOW - 10).needed());
        assertThrows(Fault.class, () -> read(Signed.decision(), Signed.NOW - 11));
    }

    @Test
    @DisplayName("refuses a decision without times, or that lives too long")
    void life() {
        refused("iat", null);
        refused("exp", null);
        refused("exp", Long.toString(Signed.NOW + 30));
        refused("exp", Signed.NOW + 31);
    }

    @Test
    @DisplayName("refuses failures that run backwards or are no numbers")
    void failures() {
        refused("failures", Map.of("from", 5, "to", 3));
        refused("failures", Map.of("from", -1, "to", 3));
        refused("failures", Map.of("from", "0", "to", 3));
        refused("failures", Map.of("to", 3));
        refused("failures", List.of(1, 2));
    }
}
