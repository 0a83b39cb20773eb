package dev.latchkey.keycloak;

import org.keycloak.Config;
import org.keycloak.authentication.RequiredActionFactory;
import org.keycloak.authentication.RequiredActionProvider;
import org.keycloak.models.KeycloakSession;
import org.keycloak.models.KeycloakSessionFactory;

/** The required action {@code latchkey-manage}: change methods, or be asked to set them up. */
public final class LatchkeyActionFactory implements RequiredActionFactory {

    /** The provider's id, also for {@code kc_action}. */
    public static final String ID = "latchkey-manage";

    @Override
    public String getId() {
        return ID;
    }

    @Override
    public String getDisplayText() {
        return "Latchkey: manage second factors";
    }

    @Override
    public RequiredActionProvider create(KeycloakSession session) {
        return LatchkeyAction.SINGLETON;
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
