package dev.latchkey.keycloak;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.List;
import java.util.Map;

import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

@DisplayName("an answer counts for one user, one login and one nonce (R13)")
class AnswerTest {

    private static Answer read(Map<String, Object> claims, long now, int level) throws Fault {
        return read(claims, now, level, true);
    }

    private static Answer read(Map<String, Object> claims, long now, int level, boolean exemptable) throws Fault {
        Answer.Asked asked = new Answer.Asked("u1", "n1", "s1", level, exemptable);
        return Answer.of(Token.verified(Signed.token(claims, Answer.TYP), Answer.TYP, Signed.KEYS), Signed.PARTIES, asked, now);
    }

    private static void refused(String name, Object value) {
        Map<String, Object> claims = Signed.answer();
        if (value == null) claims.remove(name);
        else claims.put(name, value);
        assertThrows(Fault.class, () -> read(claims, Signed.NOW, 2), name + " = " + value);
    }

    @Test
    @DisplayName("reads level and methods")
    void reads() throws Fault {
        Answer answer = read(Signed.answer(), Signed.NOW, 2);
        assertEquals(2, answer.level());
        assertEquals(List.of("pwd", "otp", "mfa"), answer.amr());
        assertTrue(answer.isProof());
    }

    @Test
    @DisplayName("takes a proof for a set-up only where it says so, literally")
    void setUp() throws Fault {
        assertFalse(read(Signed.answer(), Signed.NOW, 2).setUp());
        Map<String, Object> claims = Signed.answer();
        claims.put("set_up", true);
        assertTrue(read(claims, Signed.NOW, 2).setUp());
        for (Object value : new Object[] {"true", 1}) refused("set_up", value);
    }

    @ParameterizedTest
    @DisplayName("refuses an answer for somebody else, another login or a replayed nonce")
    @ValueSource(strings = {"iss", "sub", "nonce", "sid"})
    void foreign(String claim) {
        for (Object value : new Object[] {null, "other", 1}) refused(claim, value);
    }

    @Test
    @DisplayName("refuses an audience that is another, a list, or none")
    void audience() {
        for (Object value : new Object[] {null, "other", List.of(Signed.REALM), List.of(Signed.REALM, "x")}) refused("aud", value);
    }

    @Test
    @DisplayName("refuses a level below the one asked for")
    void level() throws Fault {
        assertThrows(Fault.class, () -> read(Signed.answer(), Signed.NOW, 3));
        Map<String, Object> claims = Signed.answer();
        claims.put("acr", "1");
        assertThrows(Fault.class, () -> read(claims, Signed.NOW, 2));
        assertEquals(1, read(claims, Signed.NOW, 1).level());
    }

    @Test
    @DisplayName("refuses a level that is no text of 1, 2 or 3")
    void levelText() {
        for (Object value : new Object[] {null, 2, "4", "0", "22", "silver", ""}) refused("acr", value);
    }

    @Test
    @DisplayName("refuses methods that are no list of texts")
    void methods() {
        for (Object value : new Object[] {null, "otp", List.of(1), Map.of()}) refused("amr", value);
    }

    @Test
    @DisplayName("refuses an answer without the time of the proof, or one in the future")
    void proofTime() {
        refused("auth_time", null);
        refused("auth_time", Signed.NOW + 60);
    }

    @Test
    @DisplayName("refuses an expired answer and a decision in its place")
    void expired() {
        assertThrows(Fault.class, () -> read(Signed.answer(), Signed.NOW + 70, 2));
        assertThrows(Fault.class, () -> Token.verified(Signed.token(Signed.answer(), Decision.TYP), Answer.TYP, Signed.KEYS));
    }

    private static Map<String, Object> exempt(Object reason) {
        Map<String, Object> claims = Signed.answer();
        claims.put("exempt", reason);
        claims.put("acr", "1");
        claims.put("amr", List.of("pwd"));
        claims.remove("auth_time");
        return claims;
    }

    @ParameterizedTest
    @DisplayName("R27, R29: a login goes on without a second factor for a known reason, without a level or a time of its own")
    @ValueSource(strings = {"trusted-device", "grace", "help-desk"})
    void exempts(String reason) throws Fault {
        Answer answer = read(exempt(reason), Signed.NOW, 2);
        assertFalse(answer.isProof());
        assertEquals(reason, answer.exempt());
        assertEquals(1, answer.level());
        assertThrows(Fault.class, () -> read(exempt(reason), Signed.NOW, 2, false), "the step asks for more");
        assertThrows(Fault.class, () -> read(exempt(reason), Signed.NOW, 1, false), "the step asks for more");
        for (String level : List.of("2", "3")) {
            Map<String, Object> claims = exempt(reason);
            claims.put("acr", level);
            assertThrows(Fault.class, () -> read(claims, Signed.NOW, 2), "a level and exempt contradict each other");
        }
    }

    @Test
    @DisplayName("R13: refuses an exemption that is unknown or no text")
    void unknownExemption() {
        for (Object reason : new Object[] {"", "Grace", "outage", true, false, 1, List.of("grace"), Map.of()}) {
            assertThrows(Fault.class, () -> read(exempt(reason), Signed.NOW, 2), "exempt = " + reason);
        }
    }
}
