package dev.latchkey.keycloak;

import java.security.interfaces.ECPublicKey;

import org.keycloak.crypto.Algorithm;
import org.keycloak.crypto.KeyWrapper;
import org.keycloak.crypto.PublicKeysWrapper;
import org.keycloak.jose.jwk.JSONWebKeySet;
import org.keycloak.jose.jwk.JWK;
import org.keycloak.keys.PublicKeyStorageProvider;
import org.keycloak.models.KeycloakSession;
import org.keycloak.models.RealmModel;
import org.keycloak.util.JWKSUtils;
import org.keycloak.util.JsonSerialization;

/** The sidecar's published keys, kept in Keycloak's own cache of public keys. */
record SidecarKeys(KeycloakSession session, RealmModel realm, Parties parties, Sidecar sidecar) implements Token.Keys {

    private static final int P256_BITS = 256;

    @Override
    public KeyWrapper find(String kid) throws Fault {
        String name = realm.getId() + "::latchkey::" + parties.backchannel();
        KeyWrapper key;
        try {
            key = session.getProvider(PublicKeyStorageProvider.class).getPublicKey(name, kid, Algorithm.ES256, this::load);
        } catch (RuntimeException e) {
            throw new Fault(Fault.Kind.UNREACHABLE, "the keys of the sidecar can't be read: " + e.getMessage(), e);
        }
        if (key == null) throw Fault.untrusted("the sidecar publishes no such key");
        return es256(key);
    }

    private PublicKeysWrapper load() throws Exception {
        Sidecar.Reply reply = sidecar.get(parties.backchannel() + "/jwks");
        if (reply.status() != 200) throw Fault.untrusted("/jwks answered " + reply.status());
        JSONWebKeySet set = JsonSerialization.readValue(reply.body(), JSONWebKeySet.class);
        if (set.getKeys() == null) throw Fault.untrusted("/jwks holds no keys");
        return JWKSUtils.getKeyWrappersForUse(set, JWK.Use.SIG, true);
    }

    private static KeyWrapper es256(KeyWrapper key) throws Fault {
        boolean fits = key.getPublicKey() instanceof ECPublicKey ec
                && ec.getParams().getCurve().getField().getFieldSize() == P256_BITS
                && (key.getAlgorithm() == null || Algorithm.ES256.equals(key.getAlgorithm()));
        if (!fits) throw Fault.untrusted("the key is not for ES256");
        key.setAlgorithm(Algorithm.ES256);
        return key;
    }
}
