package dev.latchkey.keycloak;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.Base64;

import com.fasterxml.jackson.databind.JsonNode;
import org.keycloak.common.VerificationException;
import org.keycloak.crypto.Algorithm;
import org.keycloak.crypto.ECDSASignatureVerifierContext;
import org.keycloak.crypto.KeyWrapper;
import org.keycloak.util.JsonSerialization;

/** A compact JWS of the sidecar. Its content is read only after its signature was. */
final class Token {

    /** The sidecar's key of that name. */
    interface Keys {
        KeyWrapper find(String kid) throws Fault;
    }

    private static final int ES256_BYTES = 64;

    private Token() {
    }

    /** @param typ the only kind of token that is accepted: the same key signs several */
    static Claims verified(String jws, String typ, Keys keys) throws Fault {
        String[] parts = jws.split("\\.", -1);
        if (parts.length != 3) throw Fault.untrusted("the token is not a signed JWT");
        JsonNode header = json(parts[0]);
        if (!typ.equals(text(header, "typ"))) throw Fault.untrusted("the token's typ is not " + typ);
        if (!Algorithm.ES256.equals(text(header, "alg"))) throw Fault.untrusted("the token's alg is not ES256");
        if (header.has("crit")) throw Fault.untrusted("the token has a critical header");
        String kid = text(header, "kid");
        if (kid == null) throw Fault.untrusted("the token names no key");
        if (!isSigned(parts, keys.find(kid))) throw Fault.untrusted("the token's signature is wrong");
        return new Claims(json(parts[1]));
    }

    private static boolean isSigned(String[] parts, KeyWrapper key) throws Fault {
        byte[] signature = bytes(parts[2]);
        if (signature.length != ES256_BYTES) return false;
        byte[] input = (parts[0] + "." + parts[1]).getBytes(StandardCharsets.US_ASCII);
        try {
            return new ECDSASignatureVerifierContext(key).verify(input, signature);
        } catch (VerificationException e) {
            return false;
        }
    }

    private static JsonNode json(String part) throws Fault {
        try {
            JsonNode node = JsonSerialization.mapper.readTree(bytes(part));
            if (node != null && node.isObject()) return node;
        } catch (IOException e) {
            // told below: the text may hold anything
        }
        throw Fault.untrusted("the token is not JSON");
    }

    private static byte[] bytes(String part) throws Fault {
        try {
            return Base64.getUrlDecoder().decode(part);
        } catch (IllegalArgumentException e) {
            throw Fault.untrusted("the token is not base64url");
        }
    }

    private static String text(JsonNode node, String name) {
        JsonNode value = node.get(name);
        return value != null && value.isTextual() ? value.textValue() : null;
    }
}
