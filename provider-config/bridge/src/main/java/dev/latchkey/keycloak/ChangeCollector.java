package dev.latchkey.keycloak;

import java.util.HashMap;
import java.util.Map;

import org.keycloak.models.AbstractKeycloakTransaction;
import org.keycloak.models.KeycloakSession;
import org.keycloak.models.RealmModel;

/**
 * The changes of one session. Keycloak tells of them before they are committed, and of those that it rolls back:
 * only what was committed is handed on.
 */
final class ChangeCollector extends AbstractKeycloakTransaction {

    private static final String ATTRIBUTE = "latchkey.changes";

    private final KeycloakSession session;
    private final Hints hints;
    private final Map<String, Changes> realms = new HashMap<>();
    private final Map<String, String> issuers = new HashMap<>();

    private ChangeCollector(KeycloakSession session, Hints hints) {
        this.session = session;
        this.hints = hints;
    }

    static ChangeCollector of(KeycloakSession session, Hints hints) {
        if (session.getAttribute(ATTRIBUTE) instanceof ChangeCollector known) return known;
        ChangeCollector collector = new ChangeCollector(session, hints);
        session.setAttribute(ATTRIBUTE, collector);
        session.getTransactionManager().enlistAfterCompletion(collector);
        return collector;
    }

    /** The changes of that realm, to add to. */
    Changes in(RealmModel realm) {
        issuers.computeIfAbsent(realm.getId(), id -> issuer(session, realm));
        return realms.computeIfAbsent(realm.getId(), id -> new Changes());
    }

    /**
     * The realm's issuer as this session sees it, or null. Without the option hostname Keycloak takes it from the request's
     * address, and the thread that sends has none: so it is noted here. A timer and an import at the start have no request
     * either, and a session in another realm may have that one's address: these use the issuer seen last, and where there
     * was none they are dropped, for a full pass comes anyway.
     */
    static String issuer(KeycloakSession session, RealmModel realm) {
        RealmModel context = session.getContext().getRealm();
        if (context == null || !realm.getId().equals(context.getId())) return null;
        try {
            return Parties.issuer(session, realm);
        } catch (RuntimeException noRequest) {
            return null;
        }
    }

    @Override
    protected void commitImpl() {
        realms.forEach((realm, changes) -> hints.add(realm, issuers.get(realm), changes));
    }

    @Override
    protected void rollbackImpl() {
        // nothing changed
    }
}
