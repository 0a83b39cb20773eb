package dev.latchkey.keycloak;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.mockito.ArgumentMatchers.any;
import static org.mockito.ArgumentMatchers.anyString;
import static org.mockito.Mockito.doAnswer;
import static org.mockito.Mockito.mock;
import static org.mockito.Mockito.mockStatic;
import static org.mockito.Mockito.never;
import static org.mockito.Mockito.times;
import static org.mockito.Mockito.verify;
import static org.mockito.Mockito.when;

import java.net.URI;
import java.util.List;

import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.keycloak.models.KeycloakSession;
import org.keycloak.models.KeycloakTransaction;
import org.keycloak.models.KeycloakTransactionManager;
import org.keycloak.models.RealmModel;
import org.keycloak.services.Urls;
import org.keycloak.urls.UrlType;
import org.mockito.MockedStatic;

/** Only what was committed is told. */
class ChangeCollectorTest {

    private long now;
    private final KeycloakTransactionManager transactions = mock(KeycloakTransactionManager.class);
    private final KeycloakSession session = Sessions.fake(transactions);
    private final RealmModel realm = mock(RealmModel.class);
    private final HintQueue queue = new HintQueue(() -> now);
    private final Hints hints = mock(Hints.class);
    private KeycloakTransaction transaction;
    private MockedStatic<Urls> urls;

    @BeforeEach
    void session() {
        doAnswer(call -> {
            transaction = call.getArgument(0);
            transaction.begin();
            return null;
        }).when(transactions).enlistAfterCompletion(any());
        when(realm.getId()).thenReturn("r1");
        when(realm.getName()).thenReturn("demo");
        when(session.getContext().getRealm()).thenReturn(realm);
        when(session.getContext().getUri(UrlType.FRONTEND).getBaseUri()).thenReturn(URI.create("https://sso.example.com/"));
        // It needs a JAX-RS implementation, which only Keycloak brings.
        urls = mockStatic(Urls.class);
        urls.when(() -> Urls.realmIssuer(any(), anyString()))
                .thenAnswer(call -> call.getArgument(0) + "realms/" + call.getArgument(1));
        doAnswer(call -> {
            queue.add(call.getArgument(0), call.getArgument(1), call.getArgument(2));
            return null;
        }).when(hints).add(any(), any(), any());
    }

    @AfterEach
    void end() {
        urls.close();
    }

    private HintQueue.Batch told() {
        now += HintQueue.GATHER.toNanos();
        return queue.next();
    }

    private Changes changes() {
        return ChangeCollector.of(session, hints).in(realm);
    }

    @Test
    @DisplayName("tells at the commit, once for all changes of a session")
    void commits() {
        changes().user("a");
        changes().group("g");
        assertSame(ChangeCollector.of(session, hints), ChangeCollector.of(session, hints));
        verify(transactions, times(1)).enlistAfterCompletion(any());
        verify(hints, never()).add(any(), any(), any());
        transaction.commit();
        assertEquals(new HintQueue.Batch("r1", Signed.REALM, new Hint(List.of("a"), List.of("g"), List.of(), false)), told());
    }

    @Test
    @DisplayName("tells nothing of what was rolled back")
    void rollsBack() {
        changes().user("a");
        transaction.rollback();
        assertNull(told());
    }

    @Test
    @DisplayName("keeps the realms apart")
    void realms() {
        RealmModel other = mock(RealmModel.class);
        when(other.getId()).thenReturn("r2");
        queue.seen("r2", "https://sso.example.com/realms/other");
        changes().user("a");
        ChangeCollector.of(session, hints).in(other).user("b");
        transaction.commit();
        now += HintQueue.GATHER.toNanos();
        List<HintQueue.Batch> all = List.of(queue.next(), queue.next());
        for (HintQueue.Batch batch : all) {
            boolean isFirst = batch.realm().equals("r1");
            assertEquals(List.of(isFirst ? "a" : "b"), batch.hint().users());
            assertEquals("https://sso.example.com/realms/" + (isFirst ? "demo" : "other"), batch.issuer());
        }
    }

    @Test
    @DisplayName("sees no issuer without a request, nor in a session of another realm")
    void issuer() {
        assertEquals(Signed.REALM, ChangeCollector.issuer(session, realm));
        RealmModel master = mock(RealmModel.class);
        when(master.getId()).thenReturn("master");
        when(session.getContext().getRealm()).thenReturn(master);
        assertNull(ChangeCollector.issuer(session, realm));
        when(session.getContext().getRealm()).thenReturn(null);
        assertNull(ChangeCollector.issuer(session, realm));
        when(session.getContext().getRealm()).thenReturn(realm);
        when(session.getContext().getUri(UrlType.FRONTEND)).thenThrow(new IllegalStateException("no request"));
        assertNull(ChangeCollector.issuer(session, realm));
    }

    @Test
    @DisplayName("takes a request's issuer though a later change of the session shows none")
    void mixed() {
        changes().user("a");
        when(session.getContext().getRealm()).thenReturn(null);
        changes().user("b");
        transaction.commit();
        HintQueue.Batch batch = told();
        assertNotNull(batch);
        assertEquals(List.of("a", "b"), batch.hint().users());
    }
}
