package dev.latchkey.keycloak;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.util.Map;

import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;

@DisplayName("only what the sidecar signed, as that kind of token, is read (R13, R31)")
class TokenTest {

    private static void refused(String jws) {
        Fault fault = assertThrows(Fault.class, () -> Token.verified(jws, Decision.TYP, Signed.KEYS));
        assertEquals(Fault.Kind.UNTRUSTED, fault.kind());
    }

    @Test
    @DisplayName("accepts a token with the sidecar's signature")
    void accepts() throws Fault {
        assertEquals("u1", Token.verified(Signed.token(Signed.decision(), Decision.TYP), Decision.TYP, Signed.KEYS).text("sub"));
    }

    @Test
    @DisplayName("refuses a forged signature")
    void forged() {
        refused(Signed.token(Signed.decision(), Map.of("alg", "ES256", "typ", Decision.TYP, "kid", "k1"), Signed.OTHER));
    }

    @Test
    @DisplayName("refuses changed claims")
    void changed() {
        String[] parts = Signed.token(Signed.decision(), Decision.TYP).split("\\.");
        Map<String, Object> claims = Signed.decision();
        claims.put("needed", false);
        refused(parts[0] + "." + Signed.part(claims) + "." + parts[2]);
    }

    @Test
    @DisplayName("refuses alg none, with and without a signature part")
    void none() {
        String unsigned = Signed.part(Map.of("alg", "none", "typ", Decision.TYP, "kid", "k1")) + "." + Signed.part(Signed.decision());
        refused(unsigned);
        refused(unsigned + ".");
        refused(unsigned + "." + Signed.token(Signed.decision(), Decision.TYP).split("\\.")[2]);
    }

    @Test
    @DisplayName("refuses HS256 with the public key as the secret")
    void hmac() {
        refused(Signed.hmac(Signed.decision(), Decision.TYP));
    }

    @Test
    @DisplayName("refuses another algorithm in the header of a good signature")
    void otherAlgorithm() {
        refused(Signed.token(Signed.decision(), Map.of("alg", "ES384", "typ", Decision.TYP, "kid", "k1"), Signed.KEY));
    }

    @Test
    @DisplayName("refuses a token of another kind that the same key signed")
    void typ() {
        refused(Signed.token(Signed.decision(), "JWT"));
        refused(Signed.token(Signed.decision(), "LATCHKEY-DECISION+JWT"));
        refused(Signed.token(Signed.decision(), Map.of("alg", "ES256", "kid", "k1"), Signed.KEY));
    }

    @Test
    @DisplayName("refuses a key that is not published, and no key at all")
    void kid() {
        refused(Signed.token(Signed.decision(), Map.of("alg", "ES256", "typ", Decision.TYP, "kid", "k2"), Signed.KEY));
        refused(Signed.token(Signed.decision(), Map.of("alg", "ES256", "typ", Decision.TYP), Signed.KEY));
    }

    @Test
    @DisplayName("refuses critical headers that it does not know")
    void critical() {
        refused(Signed.token(Signed.decision(),
                Map.of("alg", "ES256", "typ", Decision.TYP, "kid", "k1", "crit", java.util.List.of("b64"), "b64", false), Signed.KEY));
    }

    @Test
    @DisplayName("refuses a signature that is cut, empty or all zeros")
    void signatureBytes() {
        String[] parts = Signed.token(Signed.decision(), Decision.TYP).split("\\.");
        refused(parts[0] + "." + parts[1] + "." + parts[2].substring(0, 40));
        refused(parts[0] + "." + parts[1] + ".");
        refused(parts[0] + "." + parts[1] + "." + Signed.base64(new byte[64]));
    }

    @Test
    @DisplayName("refuses what is no token, even where it says verified")
    void garbage() {
        for (String text : new String[] {"", "verified", "a.b.c", "..", "e30.e30.e30", "not verified.x.y", "W10.W10.W10"}) refused(text);
    }
}
