package dev.latchkey.keycloak;

import jakarta.ws.rs.core.HttpHeaders;
import jakarta.ws.rs.core.MediaType;
import jakarta.ws.rs.core.Response;
import jakarta.ws.rs.core.Response.Status;
import org.jboss.logging.Logger;
import org.keycloak.OAuthErrorException;
import org.keycloak.authentication.AuthenticationFlowContext;
import org.keycloak.authentication.Authenticator;
import org.keycloak.models.KeycloakSession;
import org.keycloak.models.RealmModel;
import org.keycloak.models.UserModel;
import org.keycloak.representations.idm.OAuth2ErrorRepresentation;

/** The last step of a grant by password: refuses who needs a second factor, since nobody can be asked for it here. */
final class LatchkeyDirect implements Authenticator {

    static final LatchkeyDirect SINGLETON = new LatchkeyDirect();

    private static final Logger LOG = Logger.getLogger(LatchkeyDirect.class);
    private static final String NEEDED = "latchkey_second_factor_needed";

    @Override
    public void authenticate(AuthenticationFlowContext context) {
        Step step = Step.direct(context);
        try {
            if (new Pass(step, context.getEvent()).isNeeded()) {
                context.getEvent().user(step.user()).error(NEEDED);
                refuse(context, Status.BAD_REQUEST, OAuthErrorException.INVALID_GRANT,
                        "A second factor is required, which this grant can't ask for");
            } else {
                context.success();
            }
        } catch (Fault fault) {
            LOG.warnf("Latchkey in realm '%s', user %s: %s", step.realm().getName(), step.user().getId(), fault.getMessage());
            context.getEvent().user(step.user()).detail(Outage.DETAIL, fault.getMessage()).error(fault.kind().event);
            if (fault.kind().status.getStatusCode() < 500) {
                refuse(context, Status.BAD_REQUEST, OAuthErrorException.INVALID_GRANT, "The user is locked");
            } else {
                refuse(context, Status.SERVICE_UNAVAILABLE, OAuthErrorException.TEMPORARILY_UNAVAILABLE,
                        "Whether a second factor is required can't be told at the moment");
            }
        }
    }

    /** A challenge and not a failure: Keycloak 26.4 would count that as a wrong password. */
    private static void refuse(AuthenticationFlowContext context, Status status, String error, String description) {
        context.forceChallenge(Response.status(status)
                .type(MediaType.APPLICATION_JSON_TYPE)
                .header(HttpHeaders.CACHE_CONTROL, "no-store")
                .entity(new OAuth2ErrorRepresentation(error, description))
                .build());
    }

    @Override
    public void action(AuthenticationFlowContext context) {
        authenticate(context);
    }

    @Override
    public boolean requiresUser() {
        return true;
    }

    @Override
    public boolean configuredFor(KeycloakSession session, RealmModel realm, UserModel user) {
        return true;
    }

    @Override
    public void setRequiredActions(KeycloakSession session, RealmModel realm, UserModel user) {
        // nothing is set up in a grant
    }

    @Override
    public void close() {
        // holds nothing
    }
}
