package dev.latchkey.keycloak;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.List;

import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;

/** However many changes come, none is lost: each is named once, or a full pass stands for all. */
class ChangesTest {

    private final Changes changes = new Changes();

    private void users(int from, int to) {
        for (int i = from; i < to; i++) changes.user("u" + i);
    }

    @Test
    @DisplayName("names each user and group once, in the order of their first change")
    void once() {
        for (String id : new String[] {"b", "a", "b", "c", "a"}) {
            changes.user(id);
            changes.group("g" + id);
        }
        changes.user(null);
        changes.group(null);
        assertEquals(new Hint(List.of("b", "a", "c"), List.of("gb", "ga", "gc"), List.of(), false), changes.take());
        assertTrue(changes.isEmpty());
    }

    @Test
    @DisplayName("gives 500 ids of a kind at a time")
    void batches() {
        users(0, 1200);
        changes.group("g");
        changes.all();
        Hint first = changes.take();
        assertEquals(500, first.users().size());
        assertEquals(List.of("g"), first.groups());
        assertTrue(first.full());
        Hint second = changes.take();
        assertEquals("u500", second.users().get(0));
        assertFalse(second.full(), "a full pass is asked for once");
        assertEquals(200, changes.take().users().size());
        assertTrue(changes.isEmpty());
    }

    @Test
    @DisplayName("asks for a full pass in place of one more, and names what comes after it")
    void bound() {
        users(0, 1999);
        changes.group("g");
        changes.user("u7");
        changes.user("one more");
        assertEquals(new Hint(List.of(), List.of(), List.of(), true), changes.take());
        users(0, 1);
        assertEquals(new Hint(List.of("u0"), List.of(), List.of(), false), changes.take());
    }

    @Test
    @DisplayName("holds 2,000 ids and asks for nothing more")
    void fits() {
        users(0, 1999);
        changes.group("g");
        changes.user("u7");
        for (int i = 0; i < 4; i++) assertFalse(changes.take().full());
        assertTrue(changes.isEmpty());
    }

    @Test
    @DisplayName("asks for a full pass where two that fit alone do not fit together")
    void together() {
        users(0, 1500);
        Changes more = new Changes();
        for (int i = 0; i < 1500; i++) more.group("g" + i);
        changes.add(more);
        assertTrue(changes.take().full());
    }

    @Test
    @DisplayName("B8: keeps deleted credentials until they are told, and counts them among the ids")
    void deleted() {
        changes.deleted("u", "c");
        changes.deleted("u", "c");
        Hint hint = changes.take();
        assertEquals(List.of(new Deleted("u", "c")), hint.deleted());
        changes.add(hint);
        assertFalse(changes.isEmpty());
        users(0, 2000);
        assertEquals(new Hint(List.of(), List.of(), List.of(), true), changes.take());
    }

    @Test
    @DisplayName("takes back what could not be told, a full pass too")
    void back() {
        users(0, 2);
        changes.all();
        Hint hint = changes.take();
        users(1, 3);
        changes.add(hint);
        Hint again = changes.take();
        assertEquals(List.of("u1", "u2", "u0"), again.users());
        assertTrue(again.full());
    }
}
