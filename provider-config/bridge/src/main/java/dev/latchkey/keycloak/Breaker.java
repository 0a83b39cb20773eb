package dev.latchkey.keycloak;

import java.time.Duration;
import java.util.function.LongSupplier;

/** Spares logins the wait for a sidecar that is away: after five misses in a row one call a second tries it. */
final class Breaker {

    interface Call {
        Sidecar.Reply send() throws Fault;
    }

    private static final int MOST_MISSES = 5;
    private static final long PAUSE = Duration.ofSeconds(1).toNanos();

    private final LongSupplier nanos;
    private int misses;
    private long last;

    /** @param nanos a clock as {@link System#nanoTime()} */
    Breaker(LongSupplier nanos) {
        this.nanos = nanos;
    }

    /** @throws Fault of kind OUTAGE at once while the sidecar is taken to be away */
    Sidecar.Reply call(Call call) throws Fault {
        if (!mayTry()) throw new Fault(Fault.Kind.OUTAGE, "the last " + MOST_MISSES + " calls or more did not reach the sidecar");
        try {
            Sidecar.Reply reply = call.send();
            reached();
            return reply;
        } catch (Fault fault) {
            if (fault.kind() == Fault.Kind.OUTAGE) missed();
            else reached();
            throw fault;
        }
    }

    private synchronized boolean mayTry() {
        if (misses < MOST_MISSES) return true;
        if (nanos.getAsLong() - last < PAUSE) return false;
        last = nanos.getAsLong();
        return true;
    }

    private synchronized void reached() {
        misses = 0;
    }

    private synchronized void missed() {
        misses = Math.min(MOST_MISSES, misses + 1);
        last = nanos.getAsLong();
    }
}
