package dev.latchkey.keycloak;

import org.keycloak.events.admin.AdminEvent;
import org.keycloak.events.admin.OperationType;
import org.keycloak.events.admin.ResourceType;

/**
 * What an administrator's call changed, read from its resource's path. Keycloak's model itself tells nothing of a user's
 * profile, of who is disabled, or of a group's roles.
 */
record AdminChange(AdminEvent event) {

    void addTo(Changes changes) {
        ResourceType type = event.getResourceType();
        if (type == null || event.getError() != null) return;
        switch (type) {
            case USER, GROUP, GROUP_MEMBERSHIP, REALM_ROLE_MAPPING, CLIENT_ROLE_MAPPING -> named(changes);
            // A partial import names what it made but not what it replaced.
            case REALM -> {
                named(changes);
                if (event.getOperationType() != OperationType.ACTION) changes.all();
            }
            // A new role is nobody's yet; a role that is gone or means others now may be anybody's.
            case REALM_ROLE, CLIENT_ROLE -> {
                if (event.getOperationType() != OperationType.CREATE || isComposite()) changes.all();
            }
            case COMPONENT, USER_FEDERATION_PROVIDER, USER_FEDERATION_MAPPER -> changes.all();
            default -> {
                // concerns neither users nor groups
            }
        }
    }

    /** The path begins with {@code users/<id>} or {@code groups/<id>}; a user's group is read with the user. */
    private void named(Changes changes) {
        String[] path = path().split("/");
        if (path.length < 2) return;
        if (path[0].equals("users")) {
            changes.user(path[1]);
            if (isDeletion(path)) changes.deleted(path[1], path[3]);
        }
        if (path[0].equals("groups")) changes.group(path[1]);
    }

    /** {@code users/<id>/credentials/<id>}, and nothing below that. Keycloak calls it an action. */
    private boolean isDeletion(String[] path) {
        return path.length == 4 && path[2].equals("credentials")
                && (event.getOperationType() == OperationType.ACTION || event.getOperationType() == OperationType.DELETE);
    }

    private boolean isComposite() {
        return path().endsWith("/composites");
    }

    private String path() {
        return event.getResourcePath() == null ? "" : event.getResourcePath();
    }
}
