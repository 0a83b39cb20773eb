package dev.latchkey.keycloak;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

import org.keycloak.models.GroupModel;
import org.keycloak.models.KeycloakSession;
import org.keycloak.models.RoleModel;
import org.keycloak.models.UserModel;
import org.keycloak.models.utils.ModelToRepresentation;
import org.keycloak.models.utils.RoleUtils;

/** Who the question is about. */
record Person(KeycloakSession session, UserModel user) {

    void describe(Map<String, Object> claims) {
        claims.put("sub", user.getId());
        claims.put("preferred_username", user.getUsername());
        String email = user.getEmail();
        if (email != null && !email.isBlank()) {
            claims.put("email", email);
            claims.put("email_verified", user.isEmailVerified());
        }
        String phone = PhoneNumber.of(session, user);
        if (phone != null) claims.put("phone_number", phone);
        claims.put("groups", groups());
        claims.put("roles", roles());
        claims.put("administers", new Administrator(session.getContext().getRealm(), user).isOne());
    }

    private List<Map<String, String>> groups() {
        Map<String, GroupModel> all = new LinkedHashMap<>();
        user.getGroupsStream().forEach(group -> {
            for (GroupModel at = group; at != null && !all.containsKey(at.getId()); at = at.getParent()) {
                all.put(at.getId(), at);
            }
        });
        return all.values().stream()
                .map(group -> Map.of("id", group.getId(), "path", ModelToRepresentation.buildGroupPath(group)))
                .toList();
    }

    private List<String> roles() {
        return RoleUtils.getDeepUserRoleMappings(user).stream()
                .filter(role -> !role.isClientRole())
                .map(RoleModel::getName)
                .sorted()
                .toList();
    }
}
