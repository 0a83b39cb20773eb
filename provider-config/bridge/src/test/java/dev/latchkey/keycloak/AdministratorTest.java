package dev.latchkey.keycloak;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.mockito.Mockito.mock;
import static org.mockito.Mockito.when;

import java.util.stream.Stream;

import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.keycloak.models.ClientModel;
import org.keycloak.models.GroupModel;
import org.keycloak.models.RealmModel;
import org.keycloak.models.RoleModel;
import org.keycloak.models.UserModel;

class AdministratorTest {

    @ParameterizedTest(name = "realm {0}, role {2} of {1}: {3}")
    @DisplayName("any role of realm-management counts, and those that master has in its place (R28)")
    @CsvSource({
        "demo, realm-management, view-users, true",
        "demo, demo-realm, manage-users, false",
        "demo, account, manage-account, false",
        "demo, , admin, false",
        "master, demo-realm, manage-users, true",
        "master, , admin, true",
        "master, , create-realm, true",
        "master, , offline_access, false",
    })
    void roles(String realm, String client, String role, boolean expected) {
        UserModel user = mock(UserModel.class);
        RoleModel held = role(realm, client, role);
        when(user.getRoleMappingsStream()).thenAnswer(call -> Stream.of(held));
        when(user.getGroupsStream()).thenAnswer(call -> Stream.empty());
        assertEquals(expected, new Administrator(realm(realm), user).isOne());
    }

    @Test
    @DisplayName("a role that comes by a group counts")
    void byGroup() {
        GroupModel group = mock(GroupModel.class);
        RoleModel held = role("demo", "realm-management", "manage-users");
        when(group.getRoleMappingsStream()).thenAnswer(call -> Stream.of(held));
        UserModel user = mock(UserModel.class);
        when(user.getRoleMappingsStream()).thenAnswer(call -> Stream.empty());
        when(user.getGroupsStream()).thenAnswer(call -> Stream.of(group));
        assertEquals(true, new Administrator(realm("demo"), user).isOne());
    }

    private static RealmModel realm(String name) {
        RealmModel realm = mock(RealmModel.class);
        when(realm.getName()).thenReturn(name);
        return realm;
    }

    private static RoleModel role(String realmName, String clientId, String name) {
        RoleModel role = mock(RoleModel.class);
        when(role.getId()).thenReturn(name);
        when(role.getName()).thenReturn(name);
        when(role.isClientRole()).thenReturn(clientId != null);
        when(role.getCompositesStream()).thenAnswer(call -> Stream.empty());
        if (clientId == null) {
            RealmModel container = realm(realmName);
            when(role.getContainer()).thenReturn(container);
        } else {
            ClientModel client = mock(ClientModel.class);
            when(client.getClientId()).thenReturn(clientId);
            when(role.getContainer()).thenReturn(client);
        }
        return role;
    }
}
