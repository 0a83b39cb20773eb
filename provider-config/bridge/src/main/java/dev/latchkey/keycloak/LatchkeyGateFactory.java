package dev.latchkey.keycloak;

import org.keycloak.authentication.RequiredActionProvider;
import org.keycloak.models.KeycloakSession;

/** The required action {@code latchkey-gate}: to be registered with priority 1, before all others. */
public final class LatchkeyGateFactory extends ActionFactory {

    /** The provider's id, which must be its alias in the realm too. */
    public static final String ID = "latchkey-gate";

    @Override
    public String getId() {
        return ID;
    }

    @Override
    public String getDisplayText() {
        return "Latchkey: gate below the flows";
    }

    @Override
    public RequiredActionProvider create(KeycloakSession session) {
        return LatchkeyGate.SINGLETON;
    }
}
