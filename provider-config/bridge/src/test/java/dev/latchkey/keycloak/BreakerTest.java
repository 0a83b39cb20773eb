package dev.latchkey.keycloak;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.time.Duration;

import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;

@DisplayName("a sidecar that hangs must not cost each login its time-out (B11)")
class BreakerTest {

    private static final Sidecar.Reply REPLY = new Sidecar.Reply(200, new byte[0]);

    private long now;
    private int calls;
    private final Breaker breaker = new Breaker(() -> now);

    private void ends(Fault.Kind kind) {
        assertEquals(kind, assertThrows(Fault.class, () -> breaker.call(() -> {
            calls++;
            throw new Fault(kind, "as told");
        })).kind());
    }

    private void misses(int times) {
        for (int i = 0; i < times; i++) ends(Fault.Kind.OUTAGE);
    }

    private void answers() throws Fault {
        assertEquals(REPLY, breaker.call(() -> {
            calls++;
            return REPLY;
        }));
    }

    private void wait(Duration time) {
        now += time.toNanos();
    }

    @Test
    @DisplayName("tries five times, then says at once that the sidecar is away")
    void opens() {
        misses(9);
        assertEquals(5, calls);
    }

    @Test
    @DisplayName("lets one call a second through while the sidecar is away")
    void probes() {
        misses(5);
        wait(Duration.ofMillis(999));
        misses(3);
        assertEquals(5, calls);
        for (int second = 1; second <= 3; second++) {
            wait(Duration.ofSeconds(1));
            misses(3);
            assertEquals(5 + second, calls);
        }
    }

    @Test
    @DisplayName("is whole again after the first answer")
    void closes() throws Fault {
        misses(5);
        wait(Duration.ofSeconds(1));
        answers();
        answers();
        misses(5);
        assertEquals(12, calls);
    }

    @Test
    @DisplayName("counts misses in a row only; a bad answer is an answer")
    void inARow() throws Fault {
        for (int i = 0; i < 3; i++) {
            misses(4);
            answers();
            misses(4);
            ends(Fault.Kind.UNTRUSTED);
        }
        assertEquals(30, calls);
    }

    @Test
    @DisplayName("one login tries while the others are told")
    void oneProbe() {
        misses(5);
        wait(Duration.ofSeconds(1));
        assertThrows(Fault.class, () -> breaker.call(() -> {
            ends(Fault.Kind.OUTAGE);
            calls++;
            throw new Fault(Fault.Kind.OUTAGE, "still away");
        }));
        assertEquals(6, calls);
    }
}
