package dev.latchkey.keycloak;

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

/** Ends a user session that a login has just entered though the gate still held it. */
record LatchkeyEvents(KeycloakSession session) implements EventListenerProvider {

    private static final Logger LOG = Logger.getLogger(LatchkeyEvents.class);
    private static final String NO_ANSWER = "none";

    @Override
    public void onEvent(Event event) {
        if (event.getType() != EventType.LOGIN || event.getSessionId() == null) return;
        RealmModel realm = session.realms().getRealm(event.getRealmId());
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
        // nothing to do yet
    }

    @Override
    public void close() {
        // holds nothing
    }
}
