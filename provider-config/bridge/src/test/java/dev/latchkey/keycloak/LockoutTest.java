package dev.latchkey.keycloak;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.mockito.ArgumentMatchers.anyInt;
import static org.mockito.ArgumentMatchers.anyLong;
import static org.mockito.Mockito.doAnswer;
import static org.mockito.Mockito.mock;
import static org.mockito.Mockito.when;

import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.keycloak.common.util.Time;
import org.keycloak.models.RealmModel;
import org.keycloak.models.UserLoginFailureModel;

@DisplayName("a batch is counted whole, and nobody is locked only because it came in one piece (R9)")
class LockoutTest {

    private static final long QUICK = 1000;

    private final UserLoginFailureModel model = mock(UserLoginFailureModel.class);
    private final RealmModel realm = mock(RealmModel.class);
    private int failures;
    private int locks;
    private int notBefore;
    private long last;

    /** As Keycloak's own: the time only grows, and clearing is the only way back. */
    @BeforeEach
    void likeKeycloak() {
        when(realm.getQuickLoginCheckMilliSeconds()).thenReturn(QUICK);
        when(realm.getMaxDeltaTimeSeconds()).thenReturn(3600);
        when(model.getNumFailures()).thenAnswer(call -> failures);
        when(model.getNumTemporaryLockouts()).thenAnswer(call -> locks);
        when(model.getFailedLoginNotBefore()).thenAnswer(call -> notBefore);
        when(model.getLastFailure()).thenAnswer(call -> last);
        doAnswer(call -> failures++).when(model).incrementFailures();
        doAnswer(call -> locks++).when(model).incrementTemporaryLockouts();
        doAnswer(call -> notBefore = Math.max(notBefore, call.<Integer>getArgument(0))).when(model).setFailedLoginNotBefore(anyInt());
        doAnswer(call -> last = Math.max(last, call.<Long>getArgument(0))).when(model).setLastFailure(anyLong());
        doAnswer(call -> {
            failures = 0;
            locks = 0;
            notBefore = 0;
            last = 0;
            return null;
        }).when(model).clearFailures();
    }

    private void isNotQuick() {
        assertTrue(last > 0, "Keycloak drops counters without a time");
        assertTrue(Time.currentTimeMillis() - last >= QUICK, "the protector would lock at once");
    }

    @Test
    @DisplayName("adds to a user without failures")
    void first() {
        Lockout.add(model, realm, 3);
        assertEquals(3, failures);
        isNotQuick();
    }

    @Test
    @DisplayName("adds to failures that are some time ago, and leaves their time")
    void later() {
        failures = 4;
        long before = last = Time.currentTimeMillis() - 5 * QUICK;
        Lockout.add(model, realm, 2);
        assertEquals(6, failures);
        assertEquals(before, last);
    }

    @Test
    @DisplayName("keeps count and locks when the last failure is less than a second ago")
    void quick() {
        failures = 4;
        locks = 2;
        notBefore = 77;
        last = Time.currentTimeMillis() - QUICK / 4;
        Lockout.add(model, realm, 0);
        assertEquals(4, failures);
        assertEquals(2, locks);
        assertEquals(77, notBefore);
        isNotQuick();
    }

    @Test
    @DisplayName("forgets failures that the realm forgets")
    void old() {
        failures = 4;
        last = Time.currentTimeMillis() - 2 * 3_600_000L;
        Lockout.add(model, realm, 2);
        assertEquals(2, failures);
        isNotQuick();
    }

    @Test
    @DisplayName("a realm that locks for good forgets nothing")
    void forGood() {
        when(realm.isPermanentLockout()).thenReturn(true);
        failures = 4;
        last = Time.currentTimeMillis() - 2 * 3_600_000L;
        Lockout.add(model, realm, 2);
        assertEquals(6, failures);
    }
}
