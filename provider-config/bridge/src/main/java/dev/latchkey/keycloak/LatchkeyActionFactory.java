package dev.latchkey.keycloak;

import org.keycloak.authentication.RequiredActionProvider;
import org.keycloak.models.KeycloakSession;

/** The required action {@code latchkey-manage}: change methods, or be asked to set them up. */
public final class LatchkeyActionFactory extends ActionFactory {

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
}
