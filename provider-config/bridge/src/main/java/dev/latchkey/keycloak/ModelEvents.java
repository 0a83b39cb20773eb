package dev.latchkey.keycloak;

import org.jboss.logging.Logger;
import org.keycloak.models.GroupModel;
import org.keycloak.models.KeycloakSession;
import org.keycloak.models.RealmModel;
import org.keycloak.models.RoleModel;
import org.keycloak.models.UserModel;
import org.keycloak.provider.ProviderEvent;
import org.keycloak.provider.ProviderEventListener;

/** Changes as Keycloak's model tells them, whoever made them: an administrator, a login, an import, a federation. */
record ModelEvents(Hints hints) implements ProviderEventListener {

    private static final Logger LOG = Logger.getLogger(ModelEvents.class);

    /** A hint is never worth a failed request, which an exception here would make of it. */
    @Override
    public void onEvent(ProviderEvent event) {
        try {
            read(event);
        } catch (RuntimeException e) {
            LOG.warnf(e, "Latchkey is not told of a %s", event.getClass().getName());
        }
    }

    private void read(ProviderEvent event) {
        if (event instanceof GroupModel.GroupMemberJoinEvent joined) {
            user(joined.getKeycloakSession(), joined.getRealm(), joined.getUser());
        } else if (event instanceof GroupModel.GroupMemberLeaveEvent left) {
            left(left);
        } else if (event instanceof GroupModel.GroupEvent group) {
            group(group);
        } else if (event instanceof UserModel.UserRemovedEvent removed) {
            user(removed.getKeycloakSession(), removed.getRealm(), removed.getUser());
        } else if (event instanceof RoleModel.RoleGrantedEvent granted) {
            user(granted.getKeycloakSession(), granted.getRealm(), granted.getUser());
        } else if (event instanceof RoleModel.RoleRevokedEvent revoked) {
            user(revoked.getKeycloakSession(), revoked.getRealm(), revoked.getUser());
        }
    }

    private void left(GroupModel.GroupMemberLeaveEvent event) {
        UserModel user;
        try {
            user = event.getUser();
        } catch (NoSuchMethodError e) {
            // Keycloak 26.4 does not say who left
            group(event);
            return;
        }
        user(event.getKeycloakSession(), event.getRealm(), user);
    }

    private void group(GroupModel.GroupEvent event) {
        if (!listens(event.getRealm())) return;
        ChangeCollector.of(event.getKeycloakSession(), hints).in(event.getRealm()).group(event.getGroup().getId());
    }

    private void user(KeycloakSession session, RealmModel realm, UserModel user) {
        if (listens(realm)) ChangeCollector.of(session, hints).in(realm).user(user.getId());
    }

    private static boolean listens(RealmModel realm) {
        return realm.getEventsListenersStream().anyMatch(LatchkeyEventsFactory.ID::equals);
    }
}
