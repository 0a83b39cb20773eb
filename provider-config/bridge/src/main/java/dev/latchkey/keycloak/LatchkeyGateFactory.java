package dev.latchkey.keycloak;

import org.keycloak.Config;
import org.keycloak.authentication.RequiredActionFactory;
import org.keycloak.authentication.RequiredActionProvider;
import org.keycloak.models.KeycloakSession;
import org.keycloak.models.KeycloakSessionFactory;

/** The required action {@code latchkey-gate}: to be registered with priority 1, before all others. */
public final class LatchkeyGateFactory implements RequiredActionFactory {

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

    @Override
    public void init(Config.Scope config) {
        // the settings are the authenticator's
    }

    @Override
    public void postInit(KeycloakSessionFactory factory) {
        // nothing to prepare
    }

    @Override
    public void close() {
        // holds nothing
    }
}
