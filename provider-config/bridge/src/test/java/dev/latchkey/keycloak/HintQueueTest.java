package dev.latchkey.keycloak;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.time.Duration;
import java.util.List;

import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;

/** What waits for the sidecar, and how long. */
class HintQueueTest {

    private static final String ISSUER = "https://sso.example.com/realms/demo";

    /** Near the end of its range, as {@link System#nanoTime()} may be. */
    private long now = Long.MAX_VALUE - 1_000;
    private HintQueue queue;

    @BeforeEach
    void begin() {
        queue = new HintQueue(() -> now);
    }

    private void changed(String realm, String... users) {
        Changes changes = new Changes();
        for (String user : users) changes.user(user);
        queue.add(realm, ISSUER, changes);
    }

    private void pass(long millis) {
        now += Duration.ofMillis(millis).toNanos();
    }

    private HintQueue.Batch comes(String... users) {
        HintQueue.Batch batch = queue.next();
        assertNotNull(batch);
        assertEquals(List.of(users), batch.hint().users());
        return batch;
    }

    /** Not a nanosecond sooner. */
    private HintQueue.Batch comesAfter(long millis, String... users) {
        pass(millis);
        now--;
        assertNull(queue.next());
        now++;
        return comes(users);
    }

    @Test
    @DisplayName("gathers for 250 ms after the first change, however many follow")
    void gathers() {
        changed("r1", "a");
        pass(200);
        changed("r1", "b", "a");
        comesAfter(50, "a", "b");
        assertNull(queue.next());
    }

    @Test
    @DisplayName("sends more than 500 in a row, without a pause")
    void many() {
        Changes changes = new Changes();
        for (int i = 0; i < 1001; i++) changes.user("u" + i);
        queue.add("r1", ISSUER, changes);
        pass(250);
        for (int size : new int[] {500, 500, 1}) {
            HintQueue.Batch batch = queue.next();
            assertEquals(size, batch.hint().users().size());
            queue.done(batch, HintQueue.Outcome.TAKEN);
        }
        assertNull(queue.next());
    }

    @Test
    @DisplayName("waits 1 s and twice as long each time, at most 60 s, gathering meanwhile; then it is as before")
    void backsOff() {
        changed("r1", "a");
        HintQueue.Batch batch = comesAfter(250, "a");
        for (long seconds : new long[] {1, 2, 4, 8, 16, 32, 60, 60}) {
            queue.done(batch, HintQueue.Outcome.LATER);
            changed("r1", "a", "b");
            batch = comesAfter(seconds * 1000, "a", "b");
        }
        queue.done(batch, HintQueue.Outcome.TAKEN);
        changed("r1", "c");
        queue.done(comesAfter(250, "c"), HintQueue.Outcome.LATER);
        comesAfter(1000, "c");
    }

    @Test
    @DisplayName("drops what was refused, and nothing that came meanwhile")
    void refused() {
        changed("r1", "a");
        HintQueue.Batch batch = comesAfter(250, "a");
        changed("r1", "b");
        queue.done(batch, HintQueue.Outcome.REFUSED);
        comesAfter(250, "b");
    }

    @Test
    @DisplayName("waits for what came during a failed try as long as for the rest")
    void during() {
        changed("r1", "a");
        HintQueue.Batch batch = comesAfter(250, "a");
        changed("r1", "b");
        queue.done(batch, HintQueue.Outcome.LATER);
        comesAfter(1000, "b", "a");
    }

    @Test
    @DisplayName("asks for one full pass where an outage outlasts the bound")
    void overflow() {
        changed("r1", "first");
        queue.done(comesAfter(250, "first"), HintQueue.Outcome.LATER);
        for (int i = 0; i < Changes.MOST; i++) changed("r1", "u" + i);
        pass(1000);
        HintQueue.Batch batch = queue.next();
        assertTrue(batch.hint().full());
        assertEquals(List.of(), batch.hint().users());
        queue.done(batch, HintQueue.Outcome.TAKEN);
        assertNull(queue.next());
    }

    @Test
    @DisplayName("lets no realm wait for another's pause, and gives the one that waits longest first")
    void realms() {
        changed("r1", "a");
        pass(100);
        changed("r2", "b");
        pass(250);
        HintQueue.Batch batch = comes("a");
        assertEquals("r1", batch.realm());
        queue.done(batch, HintQueue.Outcome.LATER);
        assertEquals("r2", comes("b").realm());
        assertNull(queue.next());
    }

    @Test
    @DisplayName("takes the issuer seen last where a change shows none, and drops it where none was ever seen")
    void issuer() {
        Changes changes = new Changes();
        changes.user("a");
        queue.add("r1", null, changes);
        pass(60_000);
        assertNull(queue.next());
        queue.seen("r1", ISSUER);
        queue.seen("r1", null);
        queue.add("r1", null, changes);
        assertEquals(ISSUER, comesAfter(250, "a").issuer());
    }

    @Test
    @DisplayName("waits for nothing but a change")
    void nothing() {
        queue.add("r1", ISSUER, new Changes());
        pass(60_000);
        assertNull(queue.next());
    }

    @Test
    @DisplayName("ends the wait when it is closed")
    void closed() throws InterruptedException {
        changed("r1", "a");
        queue.close();
        assertNull(queue.await());
    }
}
