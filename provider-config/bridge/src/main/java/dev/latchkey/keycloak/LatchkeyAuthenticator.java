package dev.latchkey.keycloak;

import jakarta.ws.rs.core.Response;
import org.keycloak.authentication.AuthenticationFlowContext;
import org.keycloak.authentication.Authenticator;
import org.keycloak.models.KeycloakSession;
import org.keycloak.models.RealmModel;
import org.keycloak.models.UserModel;
import org.keycloak.models.credential.OTPCredentialModel;

/** Sends the browser to the sidecar and redeems what it brings back. */
final class LatchkeyAuthenticator implements Authenticator {

    static final LatchkeyAuthenticator SINGLETON = new LatchkeyAuthenticator();

    @Override
    public void authenticate(AuthenticationFlowContext context) {
        Step step = Step.of(context);
        try {
            if (!new Pass(step, context.getEvent()).isNeeded()) {
                context.success();
                return;
            }
            new Lockout(step).refuseLocked();
            HandOff handOff = HandOff.of(step);
            context.forceChallenge(Response.status(Response.Status.FOUND).location(handOff.authorize(handOff.ask())).build());
        } catch (Fault fault) {
            refuse(context, step, fault);
        }
    }

    @Override
    public void action(AuthenticationFlowContext context) {
        Return given = new Return(context.getHttpRequest().getUri().getQueryParameters());
        if (given.isEmpty()) {
            authenticate(context);
            return;
        }
        Step step = Step.of(context);
        try {
            boolean proven = new Pass(step, context.getEvent()).redeem(given);
            Notes.of(step).done();
            // Wrong tries were counted in this category, and only a success in it clears them.
            if (proven) context.success(OTPCredentialModel.TYPE);
            else context.success();
        } catch (Fault fault) {
            refuse(context, step, fault);
        }
    }

    private static void refuse(AuthenticationFlowContext context, Step step, Fault fault) {
        context.forceChallenge(ErrorPage.of(context.form(), step, fault, context.getEvent(), context.getRefreshUrl(false)));
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
        // the sidecar sets methods up within the step
    }

    @Override
    public void close() {
        // holds nothing
    }
}
