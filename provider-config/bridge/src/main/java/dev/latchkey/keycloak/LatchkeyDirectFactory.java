package dev.latchkey.keycloak;

import org.keycloak.authentication.Authenticator;
import org.keycloak.models.KeycloakSession;

/** The execution {@code latchkey-direct}, REQUIRED at the end of a direct grant flow. */
public final class LatchkeyDirectFactory extends ExecutionFactory {

    /** The provider's id. */
    public static final String ID = "latchkey-direct";

    @Override
    public String getId() {
        return ID;
    }

    @Override
    public String getDisplayType() {
        return "Latchkey for direct grants";
    }

    @Override
    public String getHelpText() {
        return "Refuses a grant by password to users who need a second factor.";
    }

    @Override
    public Authenticator create(KeycloakSession session) {
        return LatchkeyDirect.SINGLETON;
    }
}
