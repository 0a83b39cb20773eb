package dev.latchkey.keycloak;

import java.util.Map;

import org.keycloak.crypto.Algorithm;
import org.keycloak.crypto.SignatureProvider;
import org.keycloak.jose.jws.JWSBuilder;
import org.keycloak.models.KeycloakSession;
import org.keycloak.models.RealmModel;

/** Signs with the realm's active key. Its own algorithm, not a client's: a client may ask for HS256. */
record RealmSignature(KeycloakSession session, RealmModel realm) {

    String sign(String typ, Map<String, Object> claims) throws Fault {
        String chosen = realm.getDefaultSignatureAlgorithm();
        String algorithm = chosen == null || chosen.isBlank() ? Algorithm.RS256 : chosen;
        SignatureProvider provider = session.getProvider(SignatureProvider.class, algorithm);
        if (provider == null || !provider.isAsymmetricAlgorithm()) {
            throw new Fault(Fault.Kind.MISCONFIGURED,
                    "The default signature algorithm of the realm '" + realm.getName() + "' must be asymmetric, not '" + algorithm + "'");
        }
        return new JWSBuilder().type(typ).jsonContent(claims).sign(provider.signer());
    }
}
