package dev.latchkey.keycloak;

import org.jboss.logging.Logger;

/** Tells the sidecar what changed, on a thread of its own: no login and no administrator waits for it. */
final class Hints {

    interface Sender {
        HintQueue.Outcome send(HintQueue.Batch batch);
    }

    private static final Logger LOG = Logger.getLogger(Hints.class);

    private final HintQueue queue;
    private final Sender sender;
    private Thread thread;
    private boolean closed;

    Hints(HintQueue queue, Sender sender) {
        this.queue = queue;
        this.sender = sender;
    }

    void seen(String realm, String issuer) {
        queue.seen(realm, issuer);
    }

    /** Returns at once. */
    void add(String realm, String issuer, Changes changes) {
        queue.add(realm, issuer, changes);
        start();
    }

    /** Sends nothing more. No interrupt: it may hit a database's open file, which H2 does not survive. */
    synchronized void close() {
        closed = true;
        queue.close();
    }

    private synchronized void start() {
        if (closed || thread != null && thread.isAlive()) return;
        thread = new Thread(this::run, "latchkey-hints");
        thread.setDaemon(true);
        thread.start();
    }

    private void run() {
        try {
            for (HintQueue.Batch batch = queue.await(); batch != null; batch = queue.await()) {
                queue.done(batch, send(batch));
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    private HintQueue.Outcome send(HintQueue.Batch batch) {
        try {
            return sender.send(batch);
        } catch (RuntimeException | LinkageError e) {
            LOG.debugf(e, "A hint of Latchkey could not be sent: %s", batch.hint());
            return HintQueue.Outcome.LATER;
        }
    }
}
