package dev.latchkey.keycloak;

import jakarta.ws.rs.core.Response;
import org.keycloak.authentication.InitiatedActionSupport;
import org.keycloak.authentication.RequiredActionContext;
import org.keycloak.authentication.RequiredActionProvider;
import org.keycloak.models.UserSessionModel;

/** Sends the user to the sidecar to change methods, or to set up the first. */
final class LatchkeyAction implements RequiredActionProvider {

    static final LatchkeyAction SINGLETON = new LatchkeyAction();

    @Override
    public InitiatedActionSupport initiatedActionSupport() {
        return InitiatedActionSupport.SUPPORTED;
    }

    @Override
    public void evaluateTriggers(RequiredActionContext context) {
        // only the user or an administrator asks for it
    }

    @Override
    public void requiredActionChallenge(RequiredActionContext context) {
        Step step = Step.of(context);
        try {
            HandOff handOff = HandOff.of(step);
            Decision decision = handOff.ask();
            Lockout lockout = new Lockout(step);
            lockout.count(decision.failures());
            lockout.refuseLocked();
            if (!decision.needed()) {
                context.success();
                return;
            }
            context.challenge(Response.status(Response.Status.FOUND).location(handOff.authorize(decision)).build());
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
        Step step = Step.of(context);
        try {
            Answer answer = HandOff.of(step).redeem(given);
            Lockout lockout = new Lockout(step);
            lockout.count(answer.failures());
            lockout.refuseLocked();
            if (raises(step, answer)) Notes.prove(step.login(), answer.level(), answer.amr());
            context.success();
        } catch (Fault fault) {
            if (fault.kind() == Fault.Kind.CANCELLED && step.purpose() == Purpose.MANAGE) {
                context.cancel();
                return;
            }
            refuse(context, step, fault);
        }
    }

    /** A session that was entered by single sign-on keeps what its own login proved, and nothing is taken back. */
    private static boolean raises(Step step, Answer answer) {
        String level = step.login().getUserSessionNotes().get(Notes.ACR);
        if (level != null) return answer.level() > Integer.parseInt(level);
        UserSessionModel session = step.session().sessions().getUserSession(step.realm(), step.sid());
        return session == null;
    }

    private static void refuse(RequiredActionContext context, Step step, Fault fault) {
        context.challenge(ErrorPage.of(context.form(), step, fault, context.getEvent().clone(), ReturnAddress.refresh(step.address())));
    }

    @Override
    public void close() {
        // holds nothing
    }
}
