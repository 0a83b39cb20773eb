package dev.latchkey.keycloak;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.mockito.ArgumentMatchers.any;
import static org.mockito.Mockito.mock;
import static org.mockito.Mockito.times;
import static org.mockito.Mockito.verify;
import static org.mockito.Mockito.when;

import java.net.URI;

import io.micrometer.core.instrument.Metrics;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.keycloak.events.EventBuilder;
import org.keycloak.models.RealmModel;
import org.keycloak.models.UserModel;
import org.keycloak.sessions.AuthenticationSessionModel;

@DisplayName("closed unless the realm says open, and then only for what the network said (B11, R31)")
class OutageTest {

    private final RealmModel realm = mock(RealmModel.class);
    private final UserModel user = mock(UserModel.class);
    private final AuthenticationSessionModel login = Logins.fake();

    @BeforeEach
    void open() {
        when(realm.getAttribute("latchkey.outage")).thenReturn("open");
        when(realm.getName()).thenReturn("demo");
        when(user.getId()).thenReturn("alice");
    }

    private Outage outage(Purpose purpose, int level) {
        return new Outage(new Step(null, realm, user, login, null, "flow", "execution", purpose, level, URI.create("https://sso/a?b=c")));
    }

    private boolean opens(Purpose purpose, int level) {
        return outage(purpose, level).opens(new Fault(Fault.Kind.OUTAGE, "away"));
    }

    @Test
    @DisplayName("opens for a login and for a grant where the realm says so")
    void opens() {
        assertTrue(opens(Purpose.LOGIN, 0));
        assertTrue(opens(Purpose.LOGIN, 1));
        assertTrue(opens(Purpose.DIRECT, 0));
    }

    @ParameterizedTest
    @DisplayName("stays closed for any other value")
    @ValueSource(strings = {"closed", "", " open", "OPEN", "true", "opened"})
    void closed(String value) {
        when(realm.getAttribute("latchkey.outage")).thenReturn(value);
        assertFalse(opens(Purpose.LOGIN, 0));
    }

    @Test
    @DisplayName("stays closed where the realm says nothing")
    void unset() {
        when(realm.getAttribute("latchkey.outage")).thenReturn(null);
        assertFalse(opens(Purpose.LOGIN, 0));
    }

    @ParameterizedTest
    @DisplayName("stays closed for every fault but an outage")
    @EnumSource(value = Fault.Kind.class, names = "OUTAGE", mode = EnumSource.Mode.EXCLUDE)
    void faults(Fault.Kind kind) {
        assertFalse(outage(Purpose.LOGIN, 0).opens(new Fault(kind, "x")));
    }

    @Test
    @DisplayName("stays closed where a second factor was asked for by client, user or administrator")
    void asked() {
        assertFalse(opens(Purpose.LOGIN, 2));
        assertFalse(opens(Purpose.LOGIN, 3));
        assertFalse(opens(Purpose.MANAGE, 0));
        assertFalse(opens(Purpose.ENROL, 0));
    }

    @Test
    @DisplayName("stays closed after the sidecar once said needed, in any tab")
    void needed() {
        AuthenticationSessionModel tab = Logins.fake();
        Logins.together(login, tab);
        assertTrue(opens(Purpose.LOGIN, 0));
        new Verdict(tab, "alice").need();
        assertFalse(opens(Purpose.LOGIN, 0));
    }

    @Test
    @DisplayName("counts and tells a login once, though a condition is evaluated several times")
    void counts() {
        SimpleMeterRegistry registry = new SimpleMeterRegistry();
        Metrics.addRegistry(registry);
        EventBuilder event = mock(EventBuilder.class);
        try {
            for (int i = 0; i < 3; i++) outage(Purpose.LOGIN, 0).open(event, new Fault(Fault.Kind.OUTAGE, "away"));
            assertEquals(1, registry.counter("latchkey_outage_open_total", "realm", "demo").count());
            verify(event, times(3)).detail("latchkey", "outage_open");
            verify(event, times(0)).error(any());
        } finally {
            Metrics.removeRegistry(registry);
        }
    }
}
