package dev.latchkey.keycloak;

import org.keycloak.sessions.AuthenticationSessionModel;

/**
 * An administrator's mail that asks for the set-up. Only its link puts the action into the login itself: whatever is
 * demanded of the user, by an administrator or by default, stands at the user, and any login with the password meets it.
 */
final class Invitation {

    private Invitation() {
    }

    static boolean isOpen(AuthenticationSessionModel login) {
        return login.getRequiredActions().contains(LatchkeyActionFactory.ID);
    }

    /** The set-up is done: it is not asked for a second time. */
    static void accept(AuthenticationSessionModel login) {
        login.removeRequiredAction(LatchkeyActionFactory.ID);
    }
}
