package dev.latchkey.keycloak;

import org.keycloak.Config;
import org.keycloak.authentication.RequiredActionFactory;
import org.keycloak.models.KeycloakSessionFactory;

/** What the required actions have in common: nothing to read, to prepare or to end. */
abstract class ActionFactory implements RequiredActionFactory {

    @Override
    public final void init(Config.Scope config) {
        // the settings are the authenticator's
    }

    @Override
    public final void postInit(KeycloakSessionFactory factory) {
        // nothing to prepare
    }

    @Override
    public final void close() {
        // holds nothing
    }
}
