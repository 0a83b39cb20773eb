package dev.latchkey.keycloak;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.List;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.SynchronousQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;

import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;

/** The thread: whoever changes something never waits for it, and it outlives what goes wrong. */
class HintsTest {

    private final BlockingQueue<HintQueue.Batch> sent = new LinkedBlockingQueue<>();
    private final AtomicLong now = new AtomicLong();
    private Hints hints;

    @AfterEach
    void end() {
        hints.close();
    }

    private void hints(Hints.Sender sender) {
        // A clock that runs ahead: what is waited for has come.
        hints = new Hints(new HintQueue(() -> now.addAndGet(TimeUnit.MINUTES.toNanos(2))), batch -> {
            sent.add(batch);
            return sender.send(batch);
        });
    }

    private void changed(String user) {
        Changes changes = new Changes();
        changes.user(user);
        hints.add("r1", Signed.REALM, changes);
    }

    private List<String> sends() throws InterruptedException {
        return sent.poll(10, TimeUnit.SECONDS).hint().users();
    }

    private static boolean runs() {
        return Thread.getAllStackTraces().keySet().stream().anyMatch(each -> each.getName().equals("latchkey-hints"));
    }

    @Test
    @DisplayName("sends on a daemon thread, begun by the first change and ended with the server")
    void thread() throws InterruptedException {
        BlockingQueue<Thread> threads = new LinkedBlockingQueue<>();
        hints(batch -> {
            threads.add(Thread.currentThread());
            return HintQueue.Outcome.TAKEN;
        });
        changed("a");
        assertEquals(List.of("a"), sends());
        Thread thread = threads.take();
        assertTrue(thread.isDaemon());
        assertTrue(runs());
        hints.close();
        thread.join(10_000);
        assertFalse(thread.isAlive());
        changed("b");
        assertTrue(sent.isEmpty());
    }

    @Test
    @DisplayName("lets nobody wait for a sidecar that does not answer")
    void frozen() throws InterruptedException {
        SynchronousQueue<HintQueue.Outcome> answer = new SynchronousQueue<>();
        hints(batch -> {
            try {
                return answer.take();
            } catch (InterruptedException e) {
                throw new IllegalStateException(e);
            }
        });
        changed("a");
        assertEquals(List.of("a"), sends());
        for (int i = 0; i < 100; i++) changed("b");
        answer.put(HintQueue.Outcome.TAKEN);
        assertEquals(List.of("b"), sends());
        answer.put(HintQueue.Outcome.TAKEN);
    }

    @Test
    @DisplayName("tries again after whatever went wrong")
    void wrong() throws InterruptedException {
        BlockingQueue<Throwable> wrongs = new LinkedBlockingQueue<>(List.of(new IllegalStateException("no database"),
                new NoSuchMethodError("another Keycloak")));
        hints(batch -> {
            Throwable wrong = wrongs.poll();
            if (wrong instanceof RuntimeException exception) throw exception;
            if (wrong instanceof Error error) throw error;
            return HintQueue.Outcome.TAKEN;
        });
        changed("a");
        for (int i = 0; i < 3; i++) assertEquals(List.of("a"), sends());
    }
}
