package dev.latchkey.keycloak;

import java.net.URI;

import org.keycloak.models.RealmModel;
import org.keycloak.services.Urls;
import org.keycloak.urls.UrlType;
import org.keycloak.models.KeycloakSession;

/**
 * The names that the two sides have in tokens, and where the back channel goes.
 *
 * @param realm the realm's issuer, which is the bridge's client id as well
 * @param sidecar the sidecar's issuer for this realm, always the public one
 * @param backchannel the same for Keycloak's own calls, never in a token
 */
record Parties(String realm, String sidecar, String backchannel) {

    static Parties of(KeycloakSession session, RealmModel realm, Settings settings) {
        return of(issuer(session, realm), settings);
    }

    /** The realm's issuer at its public address; fails where that depends on a request and there is none. */
    static String issuer(KeycloakSession session, RealmModel realm) {
        URI base = session.getContext().getUri(UrlType.FRONTEND).getBaseUri();
        return Urls.realmIssuer(base, realm.getName());
    }

    static Parties of(String realmIssuer, Settings settings) {
        String path = realmIssuer.substring(realmIssuer.lastIndexOf("/realms/"));
        return new Parties(realmIssuer, settings.url() + path, settings.backchannel() + path);
    }
}
