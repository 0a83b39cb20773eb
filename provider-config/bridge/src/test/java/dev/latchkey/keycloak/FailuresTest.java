package dev.latchkey.keycloak;

import static org.junit.jupiter.api.Assertions.assertEquals;

import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;

@DisplayName("every wrong try counts once (R9, P1)")
class FailuresTest {

    @Test
    @DisplayName("counts all that is new")
    void fresh() throws Fault {
        assertEquals(3, Failures.of(0, 3).above(0));
        assertEquals(2, Failures.of(5, 7).above(0));
    }

    @Test
    @DisplayName("counts a repeated report no second time")
    void repeated() throws Fault {
        assertEquals(0, Failures.of(0, 3).above(3));
        assertEquals(2, Failures.of(0, 5).above(3));
    }

    @Test
    @DisplayName("a report that is older than what was counted adds nothing")
    void older() throws Fault {
        assertEquals(0, Failures.of(0, 2).above(9));
        assertEquals(0, Failures.NONE.above(0));
    }
}
