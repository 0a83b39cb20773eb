package dev.latchkey.keycloak;

import java.time.Duration;
import java.util.Comparator;
import java.util.HashMap;
import java.util.Map;
import java.util.function.LongSupplier;

/** Gathers the changes of each realm for a moment, and holds them back while the sidecar does not take them. */
final class HintQueue {

    /** @param issuer the realm's, as a request showed it last */
    record Batch(String realm, String issuer, Hint hint) {
    }

    enum Outcome { TAKEN, REFUSED, LATER }

    static final Duration GATHER = Duration.ofMillis(250);
    static final Duration FIRST_PAUSE = Duration.ofSeconds(1);
    static final Duration LONGEST_PAUSE = Duration.ofSeconds(60);

    private static final class Line {
        private final Changes changes = new Changes();
        private String issuer;
        private long due;
        private long pause;
    }

    private final LongSupplier nanos;
    private final Map<String, Line> lines = new HashMap<>();
    private boolean closed;

    /** @param nanos a clock as {@link System#nanoTime()} */
    HintQueue(LongSupplier nanos) {
        this.nanos = nanos;
    }

    synchronized void seen(String realm, String issuer) {
        if (issuer != null) line(realm).issuer = issuer;
    }

    /** @param issuer null where the change came without a request: the last one seen is taken, without any the change is dropped */
    synchronized void add(String realm, String issuer, Changes changes) {
        seen(realm, issuer);
        Line line = line(realm);
        if (line.issuer == null || changes.isEmpty()) return;
        if (line.changes.isEmpty()) line.due = nanos.getAsLong() + GATHER.toNanos();
        line.changes.add(changes);
        notifyAll();
    }

    /** What has waited longest beyond its time, or null. Each batch is answered by {@link #done} before the next. */
    synchronized Batch next() {
        Map.Entry<String, Line> first = first();
        if (first == null || first.getValue().due - nanos.getAsLong() > 0) return null;
        return new Batch(first.getKey(), first.getValue().issuer, first.getValue().changes.take());
    }

    synchronized void done(Batch batch, Outcome outcome) {
        Line line = line(batch.realm());
        if (outcome != Outcome.LATER) {
            line.pause = 0;
            return;
        }
        line.pause = line.pause == 0 ? FIRST_PAUSE.toNanos() : Math.min(LONGEST_PAUSE.toNanos(), line.pause * 2);
        line.due = nanos.getAsLong() + line.pause;
        line.changes.add(batch.hint());
    }

    /** Waits for the next batch; null when closed. */
    synchronized Batch await() throws InterruptedException {
        while (!closed) {
            Batch batch = next();
            if (batch != null) return batch;
            Map.Entry<String, Line> first = first();
            if (first == null) wait();
            else wait(Duration.ofNanos(first.getValue().due - nanos.getAsLong()).toMillis() + 1);
        }
        return null;
    }

    synchronized void close() {
        closed = true;
        notifyAll();
    }

    private Map.Entry<String, Line> first() {
        long now = nanos.getAsLong();
        return lines.entrySet().stream()
                .filter(each -> !each.getValue().changes.isEmpty())
                .min(Comparator.comparingLong(each -> each.getValue().due - now))
                .orElse(null);
    }

    private Line line(String realm) {
        return lines.computeIfAbsent(realm, id -> new Line());
    }
}
