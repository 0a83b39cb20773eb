package dev.latchkey.keycloak;

import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;

import com.fasterxml.jackson.databind.JsonNode;
import org.jboss.logging.Logger;
import org.keycloak.models.AbstractKeycloakTransaction;
import org.keycloak.models.KeycloakSession;
import org.keycloak.models.KeycloakSessionFactory;
import org.keycloak.models.RealmModel;
import org.keycloak.models.UserModel;
import org.keycloak.models.utils.KeycloakModelUtils;

/** Keycloak's own consoles, where the user's methods are listed. Whatever fails here never stops a login. */
record Console(KeycloakSession session, RealmModel realm, UserModel user) {

    private static final Logger LOG = Logger.getLogger(Console.class);
    /** Realms of which the log says already that their listing fails. */
    private static final Set<String> TOLD = ConcurrentHashMap.newKeySet();

    static Console of(Step step) {
        return new Console(step.session(), step.realm(), step.user());
    }

    /** Says what is listed. Without a version, the sidecar takes nothing for deleted. */
    void describe(Map<String, Object> claims) {
        Listed listed = listed();
        claims.put("listed", listed.ids());
        if (listed.version() != null) claims.put("listing_version", listed.version());
    }

    /**
     * Lists what a signed message of the sidecar tells, after the login's own transaction, which it so can neither break
     * nor wait for. A user of whom only that transaction knows is there by then.
     */
    void list(Claims signed) {
        JsonNode claim = signed.json().get("listing");
        if (claim == null) return;
        try {
            Listing told = Listing.of(claim);
            if (!Relisting.of(user.credentialManager().getStoredCredentialsStream().toList(), told).isEmpty()) later(told);
        } catch (RuntimeException e) {
            failed(realm.getName(), e);
        }
    }

    private void later(Listing told) {
        KeycloakSessionFactory factory = session.getKeycloakSessionFactory();
        String realmId = realm.getId();
        String realmName = realm.getName();
        String userId = user.getId();
        session.getTransactionManager().enlistAfterCompletion(new AbstractKeycloakTransaction() {
            @Override
            protected void commitImpl() {
                try {
                    KeycloakModelUtils.runJobInTransaction(factory, own -> write(own, realmId, userId, told));
                    TOLD.remove(realmName);
                } catch (RuntimeException e) {
                    failed(realmName, e);
                }
            }

            @Override
            protected void rollbackImpl() {
                // nothing was asked and answered
            }
        });
    }

    /** What is there is read again: an administrator may have deleted something meanwhile. */
    private static void write(KeycloakSession own, String realmId, String userId, Listing told) {
        RealmModel realm = own.realms().getRealm(realmId);
        if (realm == null) return;
        own.getContext().setRealm(realm);
        UserModel user = own.users().getUserById(realm, userId);
        if (user == null) return;
        Relisting.of(user.credentialManager().getStoredCredentialsStream().toList(), told).write(user.credentialManager());
    }

    private Listed listed() {
        try {
            return Listed.among(user.credentialManager().getStoredCredentialsStream().toList());
        } catch (RuntimeException e) {
            failed(realm.getName(), e);
            return new Listed(List.of());
        }
    }

    private static void failed(String realm, RuntimeException e) {
        Logger.Level level = TOLD.add(realm) ? Logger.Level.WARN : Logger.Level.DEBUG;
        LOG.logf(level, e, "Latchkey's methods can't be listed in Keycloak's consoles, in realm '%s'", realm);
    }
}
