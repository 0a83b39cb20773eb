package dev.latchkey.keycloak;

import org.keycloak.events.EventBuilder;

/** Asks for a step, and lets it pass where nothing is needed: the one way in without a second factor. */
record Pass(Step step, EventBuilder event) {

    /**
     * False after a proof in this login, a signed decision that needs nothing, or in an outage that the realm leaves open.
     *
     * @throws Fault where neither can be told: nobody gets in
     */
    boolean isNeeded() throws Fault {
        event.detail(Notes.REQUEST, Notes.request(step.login()));
        // A flow can ask at several places, and no policy needs more than what was given at another one.
        if (Proven.isReached(step, step.leastLevel())) return false;
        Decision decision;
        Lockout lockout = new Lockout(step);
        try {
            decision = HandOff.of(step).ask();
            lockout.count(decision.failures());
        } catch (Fault fault) {
            Outage outage = new Outage(step);
            if (!outage.opens(fault)) throw fault;
            lockout.refuseLocked();
            firstFactorAlone();
            outage.open(event, fault);
            return false;
        }
        if (decision.needed()) return true;
        if (step.level() >= Purpose.LOGIN.level) {
            throw Fault.untrusted("the sidecar needs nothing though level " + step.level() + " was asked");
        }
        lockout.refuseLocked();
        firstFactorAlone();
        Verdict.of(step).give();
        return false;
    }

    /**
     * False where the sidecar exempts this login, and so nothing was proven.
     *
     * @throws Fault unless what the browser brought back is redeemed for a signed answer to this step
     */
    boolean redeem(Return given) throws Fault {
        event.detail(Notes.REQUEST, Notes.request(step.login()));
        Answer answer = HandOff.of(step).redeem(given);
        Lockout lockout = new Lockout(step);
        lockout.count(answer.failures());
        lockout.refuseLocked();
        if (answer.isProof()) {
            Notes.prove(step.login(), answer.level(), answer.amr());
            if (step.top() != null) step.loa().reach(answer.level());
        } else {
            // Whatever the answer says: the first factor is what this login proved.
            firstFactorAlone();
            if (Answer.TRUSTED_DEVICE.equals(answer.exempt())) Notes.trust(step.login());
        }
        Verdict.of(step).give();
        if (answer.setUp()) Invitation.accept(step.login());
        return answer.isProof();
    }

    /** Unless another execution proved more in this login, or in the one that single sign-on rests on. */
    private void firstFactorAlone() {
        if (Proven.isLatchkeyDone(step.realm(), step.login(), step.user()) || SingleSignOn.of(step) != null) return;
        Notes.prove(step.login(), 1, Proven.amr(step));
    }
}
