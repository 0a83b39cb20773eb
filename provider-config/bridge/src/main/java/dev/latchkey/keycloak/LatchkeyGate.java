package dev.latchkey.keycloak;

import jakarta.ws.rs.core.Response;
import org.keycloak.authentication.AuthenticatorUtil;
import org.keycloak.authentication.InitiatedActionSupport;
import org.keycloak.authentication.RequiredActionContext;
import org.keycloak.authentication.RequiredActionProvider;
import org.keycloak.models.Constants;
import org.keycloak.models.credential.OTPCredentialModel;
import org.keycloak.sessions.AuthenticationSessionModel;

/** The net below the flows: asks wherever no flow asked in this login. */
final class LatchkeyGate implements RequiredActionProvider {

    static final LatchkeyGate SINGLETON = new LatchkeyGate();

    /** An application that could start it could have it cancelled. */
    @Override
    public InitiatedActionSupport initiatedActionSupport() {
        return InitiatedActionSupport.NOT_SUPPORTED;
    }

    /** Comes by several times in a login; asks once. */
    @Override
    public void evaluateTriggers(RequiredActionContext context) {
        AuthenticationSessionModel login = context.getAuthenticationSession();
        String own = context.getAction();
        // Keycloak would put an action that can't be initiated on its list of ignored ones.
        if (own.equals(login.getClientNote(Constants.KC_ACTION))) login.removeClientNote(Constants.KC_ACTION);
        Verdict verdict = new Verdict(login, context.getUser().getId());
        if (verdict.isOpen()) context.getEvent().detail(Outage.DETAIL, Outage.OPEN);
        if (verdict.isGiven() || !login.getRequiredActions().contains(own) && passes(context)) {
            login.removeRequiredAction(own);
        } else {
            verdict.pend();
            login.addRequiredAction(own);
        }
    }

    /** A fault asks too: the challenge meets it again and shows the page. */
    private static boolean passes(RequiredActionContext context) {
        Step step = Step.gate(context);
        if (isProven(step)) {
            Verdict.of(step).give();
            return true;
        }
        try {
            return !new Pass(step, context.getEvent()).isNeeded();
        } catch (Fault fault) {
            return false;
        }
    }

    /** No policy can need more than a session has that was entered with a second factor. */
    private static boolean isProven(Step step) {
        SingleSignOn session = SingleSignOn.of(step);
        return session != null && session.level() >= step.leastLevel();
    }

    @Override
    public void requiredActionChallenge(RequiredActionContext context) {
        Step step = Step.gate(context);
        try {
            if (!new Pass(step, context.getEvent()).isNeeded()) {
                context.success();
                return;
            }
            new Lockout(step).refuseLocked();
            HandOff handOff = HandOff.of(step);
            context.challenge(Response.status(Response.Status.FOUND).location(handOff.authorize(handOff.ask())).build());
        } catch (Fault fault) {
            refuse(context, step, fault);
        }
    }

    @Override
    public void processAction(RequiredActionContext context) {
        Return given = new Return(context.getHttpRequest().getUri().getQueryParameters());
        if (given.isEmpty()) {
            requiredActionChallenge(context);
            return;
        }
        Step step = Step.gate(context);
        try {
            boolean proven = new Pass(step, context.getEvent()).redeem(given);
            // Wrong tries were counted in this category, and only a success in it clears them.
            if (proven) AuthenticatorUtil.addAuthCredential(step.login(), OTPCredentialModel.TYPE);
            context.success();
        } catch (Fault fault) {
            refuse(context, step, fault);
        }
    }

    private static void refuse(RequiredActionContext context, Step step, Fault fault) {
        context.challenge(ErrorPage.of(context.form(), step, fault, context.getEvent().clone(), ReturnAddress.refresh(step.address())));
    }

    @Override
    public void close() {
        // holds nothing
    }
}
