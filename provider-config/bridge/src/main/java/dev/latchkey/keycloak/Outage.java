package dev.latchkey.keycloak;

import io.micrometer.core.instrument.Metrics;
import org.jboss.logging.Logger;
import org.keycloak.events.EventBuilder;

/** What becomes of a login while the sidecar is away: nobody gets in, unless the realm says otherwise. */
record Outage(Step step) {

    static final String ATTRIBUTE = "latchkey.outage";
    static final String COUNTER = "latchkey_outage_open_total";
    static final String DETAIL = "latchkey";
    static final String OPEN = "outage_open";

    private static final Logger LOG = Logger.getLogger(Outage.class);

    /** Only for what the network said to the first push, and never where a second factor was asked for by anybody. */
    boolean opens(Fault fault) {
        return fault.kind() == Fault.Kind.OUTAGE
                && "open".equals(step.realm().getAttribute(ATTRIBUTE))
                && (step.purpose() == Purpose.LOGIN || step.purpose() == Purpose.DIRECT)
                && step.level() < Purpose.LOGIN.level
                && !Verdict.of(step).wasNeeded();
    }

    /** Told once per login, though a condition is evaluated several times. */
    void open(EventBuilder event, Fault fault) {
        event.detail(DETAIL, OPEN);
        Verdict verdict = Verdict.of(step);
        if (verdict.isOpen()) return;
        verdict.open();
        LOG.warnf("Latchkey is away, and the realm '%s' lets user %s in without a second factor, request %s: %s",
                step.realm().getName(), step.user().getId(), Notes.request(step.login()), fault.getMessage());
        count(step.realm().getName());
    }

    private static void count(String realm) {
        try {
            Metrics.counter(COUNTER, "realm", realm).increment();
        } catch (LinkageError e) {
            LOG.debug("Keycloak runs without metrics", e);
        }
    }
}
