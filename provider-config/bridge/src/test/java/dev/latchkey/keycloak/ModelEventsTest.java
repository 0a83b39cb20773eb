package dev.latchkey.keycloak;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.mockito.ArgumentMatchers.any;
import static org.mockito.ArgumentMatchers.anyString;
import static org.mockito.Mockito.doReturn;
import static org.mockito.Mockito.mock;
import static org.mockito.Mockito.never;
import static org.mockito.Mockito.verify;
import static org.mockito.Mockito.when;

import java.util.List;
import java.util.stream.Stream;

import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.keycloak.models.GroupModel;
import org.keycloak.models.KeycloakSession;
import org.keycloak.models.KeycloakTransactionManager;
import org.keycloak.models.RealmModel;
import org.keycloak.models.RoleModel;
import org.keycloak.models.UserModel;
import org.keycloak.provider.ProviderEvent;

/** What Keycloak's model tells, of realms that listen. */
class ModelEventsTest {

    private final KeycloakSession session = Sessions.fake(mock(KeycloakTransactionManager.class));
    private final RealmModel realm = mock(RealmModel.class);
    private final Hints hints = mock(Hints.class);
    private final ModelEvents events = new ModelEvents(hints);

    @BeforeEach
    void realm() {
        when(realm.getId()).thenReturn("r1");
        when(realm.getEventsListenersStream()).thenAnswer(call -> Stream.of("jboss-logging", "latchkey-events"));
    }

    private <E extends GroupModel.GroupEvent> E group(Class<E> type) {
        GroupModel group = mock(GroupModel.class);
        when(group.getId()).thenReturn("g");
        E event = mock(type);
        doReturn(session).when(event).getKeycloakSession();
        doReturn(realm).when(event).getRealm();
        doReturn(group).when(event).getGroup();
        return event;
    }

    private static UserModel user() {
        UserModel user = mock(UserModel.class);
        when(user.getId()).thenReturn("u");
        return user;
    }

    private void names(ProviderEvent event, List<String> users, List<String> groups) {
        events.onEvent(event);
        assertEquals(new Hint(users, groups, List.of(), false), ChangeCollector.of(session, hints).in(realm).take());
    }

    @Test
    @DisplayName("names the user who joined or left, and not the group with all its members")
    void members() {
        GroupModel.GroupMemberJoinEvent joined = group(GroupModel.GroupMemberJoinEvent.class);
        GroupModel.GroupMemberLeaveEvent left = group(GroupModel.GroupMemberLeaveEvent.class);
        UserModel user = user();
        when(joined.getUser()).thenReturn(user);
        when(left.getUser()).thenReturn(user);
        names(joined, List.of("u"), List.of());
        names(left, List.of("u"), List.of());
    }

    @Test
    @DisplayName("names the group where Keycloak does not say who left")
    void olderKeycloak() {
        GroupModel.GroupMemberLeaveEvent left = group(GroupModel.GroupMemberLeaveEvent.class);
        when(left.getUser()).thenThrow(new NoSuchMethodError());
        names(left, List.of(), List.of("g"));
    }

    @Test
    @DisplayName("names a group that was made, changed, moved or removed")
    void groups() {
        for (Class<? extends GroupModel.GroupEvent> type : List.of(GroupModel.GroupCreatedEvent.class,
                GroupModel.GroupUpdatedEvent.class, GroupModel.GroupPathChangeEvent.class, GroupModel.GroupRemovedEvent.class)) {
            names(group(type), List.of(), List.of("g"));
        }
    }

    @Test
    @DisplayName("names a user who was removed, or got or lost a role")
    void users() {
        UserModel user = user();
        UserModel.UserRemovedEvent removed = mock(UserModel.UserRemovedEvent.class);
        when(removed.getKeycloakSession()).thenReturn(session);
        when(removed.getRealm()).thenReturn(realm);
        when(removed.getUser()).thenReturn(user);
        RoleModel.RoleGrantedEvent granted = mock(RoleModel.RoleGrantedEvent.class);
        when(granted.getKeycloakSession()).thenReturn(session);
        when(granted.getRealm()).thenReturn(realm);
        when(granted.getUser()).thenReturn(user);
        RoleModel.RoleRevokedEvent revoked = mock(RoleModel.RoleRevokedEvent.class);
        when(revoked.getKeycloakSession()).thenReturn(session);
        when(revoked.getRealm()).thenReturn(realm);
        when(revoked.getUser()).thenReturn(user);
        for (ProviderEvent event : List.of(removed, granted, revoked)) names(event, List.of("u"), List.of());
    }

    @Test
    @DisplayName("leaves a realm alone that does not listen, and events of other things")
    void others() {
        when(realm.getEventsListenersStream()).thenAnswer(call -> Stream.of("jboss-logging"));
        events.onEvent(group(GroupModel.GroupUpdatedEvent.class));
        events.onEvent(mock(RealmModel.RealmRemovedEvent.class));
        verify(session, never()).setAttribute(anyString(), any());
    }

    @Test
    @DisplayName("never fails the request that made the change")
    void fails() {
        GroupModel.GroupUpdatedEvent event = group(GroupModel.GroupUpdatedEvent.class);
        when(event.getGroup()).thenThrow(new IllegalStateException());
        events.onEvent(event);
    }
}
