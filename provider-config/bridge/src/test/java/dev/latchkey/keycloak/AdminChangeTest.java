package dev.latchkey.keycloak;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.keycloak.events.admin.OperationType.ACTION;
import static org.keycloak.events.admin.OperationType.CREATE;
import static org.keycloak.events.admin.OperationType.DELETE;
import static org.keycloak.events.admin.OperationType.UPDATE;

import java.util.List;

import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.keycloak.events.admin.AdminEvent;
import org.keycloak.events.admin.OperationType;
import org.keycloak.events.admin.ResourceType;

/** Paths as Keycloak 26.4.7 and 26.7.4 send them. */
class AdminChangeTest {

    private static AdminEvent event(ResourceType type, OperationType operation, String path) {
        AdminEvent event = new AdminEvent();
        if (type != null) event.setResourceType(type);
        event.setOperationType(operation);
        event.setResourcePath(path);
        return event;
    }

    private static String read(AdminEvent event) {
        Changes changes = new Changes();
        new AdminChange(event).addTo(changes);
        Hint hint = changes.take();
        return String.join(" ", hint.users()) + "|" + String.join(" ", hint.groups()) + (hint.full() ? "|full" : "|");
    }

    private static void names(String expected, ResourceType type, OperationType operation, String... paths) {
        for (String path : paths) assertEquals(expected, read(event(type, operation, path)), () -> type + " " + path);
    }

    @Test
    @DisplayName("names the user")
    void users() {
        names("u||", ResourceType.USER, CREATE, "users/u");
        names("u||", ResourceType.USER, UPDATE, "users/u");
        names("u||", ResourceType.USER, DELETE, "users/u");
        names("u||", ResourceType.USER, ACTION, "users/u/reset-password", "users/u/credentials/c");
        names("u||", ResourceType.GROUP_MEMBERSHIP, CREATE, "users/u/groups/g");
        names("u||", ResourceType.REALM_ROLE_MAPPING, DELETE, "users/u/role-mappings/realm");
        names("u||", ResourceType.CLIENT_ROLE_MAPPING, CREATE, "users/u/role-mappings/clients/c");
    }

    @Test
    @DisplayName("B8: names a credential that was deleted, and none that was only changed")
    void credentials() {
        Changes changes = new Changes();
        new AdminChange(event(ResourceType.USER, ACTION, "users/u/credentials/c")).addTo(changes);
        new AdminChange(event(ResourceType.USER, ACTION, "users/u/credentials/d/moveToFirst")).addTo(changes);
        new AdminChange(event(ResourceType.USER, UPDATE, "users/u/credentials/e")).addTo(changes);
        assertEquals(new Hint(List.of("u"), List.of(), List.of(new Deleted("u", "c")), false), changes.take());
    }

    @Test
    @DisplayName("names the group")
    void groups() {
        names("|g|", ResourceType.GROUP, CREATE, "groups/g", "groups/g/children");
        names("|g|", ResourceType.GROUP, UPDATE, "groups/g");
        names("|g|", ResourceType.REALM_ROLE_MAPPING, CREATE, "groups/g/role-mappings/realm");
        names("|g|", ResourceType.CLIENT_ROLE_MAPPING, DELETE, "groups/g/role-mappings/clients/c");
    }

    @Test
    @DisplayName("asks for a full pass where nobody can be named, and names whom a partial import made")
    void full() {
        names("||full", ResourceType.REALM, UPDATE, (String) null);
        names("u||full", ResourceType.REALM, CREATE, "users/u");
        names("|g|full", ResourceType.REALM, CREATE, "groups/g");
        names("||full", ResourceType.REALM_ROLE, DELETE, "roles-by-id/r", "roles/users");
        names("||full", ResourceType.REALM_ROLE, CREATE, "roles-by-id/r/composites", "roles/users/composites");
        names("||full", ResourceType.CLIENT_ROLE, UPDATE, "clients/c/roles/r");
        names("||full", ResourceType.COMPONENT, DELETE, "components/c");
        names("||full", ResourceType.USER_FEDERATION_PROVIDER, ACTION, "user-storage/c/sync");
    }

    @Test
    @DisplayName("leaves alone what concerns no user")
    void nothing() {
        names("||", ResourceType.REALM, ACTION, "clear-user-cache", "logout-all");
        names("||", ResourceType.REALM_ROLE, CREATE, "roles/new");
        names("||", ResourceType.CLIENT, UPDATE, "clients/c");
        names("||", ResourceType.USER, CREATE, null, "", "users", "profile/users");
        names("||", null, CREATE, "users/u");
        AdminEvent failed = event(ResourceType.USER, CREATE, "users/u");
        failed.setError("no");
        assertEquals("||", read(failed));
    }

    @Test
    @DisplayName("adds to what is there")
    void adds() {
        Changes changes = new Changes();
        changes.user("a");
        new AdminChange(event(ResourceType.USER, UPDATE, "users/b")).addTo(changes);
        assertEquals(List.of("a", "b"), changes.take().users());
    }
}
