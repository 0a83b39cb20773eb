package dev.latchkey.keycloak;

import java.util.EnumSet;
import java.util.Set;

import org.jboss.logging.Logger;
import org.keycloak.OAuth2Constants;
import org.keycloak.events.Event;
import org.keycloak.events.EventListenerProvider;
import org.keycloak.events.EventType;
import org.keycloak.events.admin.AdminEvent;
import org.keycloak.models.KeycloakSession;
import org.keycloak.models.RealmModel;
import org.keycloak.models.UserSessionModel;
import org.keycloak.protocol.oidc.OIDCLoginProtocol;
import org.keycloak.sessions.AuthenticationSessionModel;

/**
 * Ends a user session that a login has just entered though the gate still held it, and notes which users and groups
 * changed.
 */
record LatchkeyEvents(KeycloakSession session, Hints hints) implements EventListenerProvider {

    private static final Logger LOG = Logger.getLogger(LatchkeyEvents.class);
    private static final String NO_ANSWER = "none";
    private static final Set<EventType> PROFILE = EnumSet.of(EventType.REGISTER, EventType.UPDATE_PROFILE,
            EventType.VERIFY_PROFILE, EventType.UPDATE_EMAIL, EventType.VERIFY_EMAIL, EventType.IDENTITY_PROVIDER_FIRST_LOGIN,
            EventType.DELETE_ACCOUNT, EventType.USER_DISABLED_BY_PERMANENT_LOCKOUT);

    @Override
    public void onEvent(Event event) {
        if (PROFILE.contains(event.getType())) changed(event);
        else if (event.getType() == EventType.LOGIN && event.getSessionId() != null) entered(event);
    }

    private void changed(Event event) {
        RealmModel realm = session.realms().getRealm(event.getRealmId());
        ChangeCollector.of(session, hints).in(realm).user(event.getUserId());
    }

    private void entered(Event event) {
        RealmModel realm = session.realms().getRealm(event.getRealmId());
        hints.seen(realm.getId(), ChangeCollector.issuer(session, realm));
        UserSessionModel entered = session.sessions().getUserSession(realm, event.getSessionId());
        if (entered == null || !"1".equals(entered.getNote(Verdict.PENDING))) return;
        LOG.warnf("Latchkey ends a session of user %s in realm '%s': it has no verdict", event.getUserId(), realm.getName());
        withhold(session.getContext().getAuthenticationSession());
        session.sessions().removeUserSession(realm, entered);
    }

    /** The application gets neither a code nor a token: both are made after this event. */
    private static void withhold(AuthenticationSessionModel login) {
        if (login == null) return;
        login.setProtocol(OIDCLoginProtocol.LOGIN_PROTOCOL);
        login.setClientNote(OIDCLoginProtocol.RESPONSE_TYPE_PARAM, NO_ANSWER);
        login.removeClientNote(OAuth2Constants.DEVICE_CODE);
    }

    @Override
    public void onEvent(AdminEvent event, boolean includeRepresentation) {
        RealmModel realm = session.realms().getRealm(event.getRealmId());
        if (realm != null) new AdminChange(event).addTo(ChangeCollector.of(session, hints).in(realm));
    }

    @Override
    public void close() {
        // holds nothing
    }
}
