package dev.latchkey.keycloak;

import java.util.Set;

import org.keycloak.Config;
import org.keycloak.models.AdminRoles;
import org.keycloak.models.ClientModel;
import org.keycloak.models.Constants;
import org.keycloak.models.RealmModel;
import org.keycloak.models.RoleModel;
import org.keycloak.models.UserModel;
import org.keycloak.models.utils.RoleUtils;

/** Whether a user may look after the realm in Keycloak: the sidecar's account is not allowed to see these roles. */
record Administrator(RealmModel realm, UserModel user) {

    private static final Set<String> MASTER_ROLES = Set.of(AdminRoles.ADMIN, AdminRoles.CREATE_REALM);
    private static final String MASTER_CLIENT = "-realm";

    /** By any role of realm-management, through groups and composites too. */
    boolean isOne() {
        boolean master = realm.getName().equals(Config.getAdminRealm());
        return RoleUtils.getDeepUserRoleMappings(user).stream()
                .anyMatch(role -> role.getContainer() instanceof ClientModel client
                        ? isManagement(client, master)
                        : master && isMasterRole(role));
    }

    private static boolean isManagement(ClientModel client, boolean master) {
        String id = client.getClientId();
        return id.equals(Constants.REALM_MANAGEMENT_CLIENT_ID) || master && id.endsWith(MASTER_CLIENT);
    }

    private static boolean isMasterRole(RoleModel role) {
        return MASTER_ROLES.contains(role.getName());
    }
}
