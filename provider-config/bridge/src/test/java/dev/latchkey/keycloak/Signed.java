package dev.latchkey.keycloak;

import java.nio.charset.StandardCharsets;
import java.security.GeneralSecurityException;
import java.security.KeyPair;
import java.security.KeyPairGenerator;
import java.security.Signature;
import java.security.spec.ECGenParameterSpec;
import java.util.Base64;
import java.util.LinkedHashMap;
import java.util.Map;

import javax.crypto.Mac;
import javax.crypto.spec.SecretKeySpec;

import org.keycloak.common.crypto.CryptoIntegration;
import org.keycloak.crypto.Algorithm;
import org.keycloak.crypto.KeyType;
import org.keycloak.crypto.KeyWrapper;
import org.keycloak.util.JsonSerialization;

/** Tokens as the sidecar signs them, and as it never would. */
final class Signed {

    static final String REALM = "https://sso.example.com/realms/demo";
    static final String SIDECAR = "https://mfa.example.com/realms/demo";
    static final Parties PARTIES = new Parties(REALM, SIDECAR, SIDECAR);
    static final long NOW = 1_800_000_000L;
    static final KeyPair KEY = pair();
    static final KeyPair OTHER = pair();
    static final Token.Keys KEYS = kid -> {
        if (!kid.equals("k1")) throw Fault.untrusted("no such key");
        return wrapper(KEY);
    };

    static {
        CryptoIntegration.init(Signed.class.getClassLoader());
    }

    private Signed() {
    }

    static Map<String, Object> decision() {
        Map<String, Object> claims = new LinkedHashMap<>(Map.of("iss", SIDECAR, "aud", REALM, "sub", "u1", "nonce", "n1",
                "jti", "j1", "iat", NOW, "exp", NOW + 30, "needed", true));
        claims.put("request_uri", "urn:ietf:params:oauth:request_uri:1");
        claims.put("request_uri_expires_at", NOW + 60);
        return claims;
    }

    static Map<String, Object> answer() {
        Map<String, Object> claims = new LinkedHashMap<>(Map.of("iss", SIDECAR, "aud", REALM, "sub", "u1", "nonce", "n1",
                "sid", "s1", "iat", NOW, "exp", NOW + 60, "auth_time", NOW, "acr", "2"));
        claims.put("amr", java.util.List.of("pwd", "otp", "mfa"));
        return claims;
    }

    static String token(Map<String, Object> claims, String typ) {
        return token(claims, Map.of("alg", "ES256", "typ", typ, "kid", "k1"), KEY);
    }

    static String token(Map<String, Object> claims, Map<String, Object> header, KeyPair key) {
        String input = part(header) + "." + part(claims);
        try {
            Signature signature = Signature.getInstance("SHA256withECDSAinP1363Format");
            signature.initSign(key.getPrivate());
            signature.update(input.getBytes(StandardCharsets.US_ASCII));
            return input + "." + base64(signature.sign());
        } catch (GeneralSecurityException e) {
            throw new IllegalStateException(e);
        }
    }

    /** The public key taken for a shared secret: the classic forgery. */
    static String hmac(Map<String, Object> claims, String typ) {
        String input = part(Map.of("alg", "HS256", "typ", typ, "kid", "k1")) + "." + part(claims);
        try {
            Mac mac = Mac.getInstance("HmacSHA256");
            mac.init(new SecretKeySpec(KEY.getPublic().getEncoded(), "HmacSHA256"));
            return input + "." + base64(mac.doFinal(input.getBytes(StandardCharsets.US_ASCII)));
        } catch (GeneralSecurityException e) {
            throw new IllegalStateException(e);
        }
    }

    static String part(Map<String, Object> json) {
        try {
            return base64(JsonSerialization.writeValueAsBytes(json));
        } catch (java.io.IOException e) {
            throw new IllegalStateException(e);
        }
    }

    static String base64(byte[] bytes) {
        return Base64.getUrlEncoder().withoutPadding().encodeToString(bytes);
    }

    private static KeyWrapper wrapper(KeyPair pair) {
        KeyWrapper key = new KeyWrapper();
        key.setKid("k1");
        key.setType(KeyType.EC);
        key.setAlgorithm(Algorithm.ES256);
        key.setPublicKey(pair.getPublic());
        return key;
    }

    private static KeyPair pair() {
        try {
            KeyPairGenerator generator = KeyPairGenerator.getInstance("EC");
            generator.initialize(new ECGenParameterSpec("secp256r1"));
            return generator.generateKeyPair();
        } catch (GeneralSecurityException e) {
            throw new IllegalStateException(e);
        }
    }
}
