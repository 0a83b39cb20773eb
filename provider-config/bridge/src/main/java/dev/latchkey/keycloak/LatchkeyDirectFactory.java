package dev.latchkey.keycloak;

import java.util.List;

import org.keycloak.Config;
import org.keycloak.authentication.Authenticator;
import org.keycloak.authentication.AuthenticatorFactory;
import org.keycloak.models.AuthenticationExecutionModel.Requirement;
import org.keycloak.models.KeycloakSession;
import org.keycloak.models.KeycloakSessionFactory;
import org.keycloak.provider.ProviderConfigProperty;

/** The execution {@code latchkey-direct}, REQUIRED at the end of a direct grant flow. */
public final class LatchkeyDirectFactory implements AuthenticatorFactory {

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
    public String getReferenceCategory() {
        return LatchkeyAuthenticatorFactory.ID;
    }

    @Override
    public Authenticator create(KeycloakSession session) {
        return LatchkeyDirect.SINGLETON;
    }

    @Override
    public Requirement[] getRequirementChoices() {
        return new Requirement[] {Requirement.REQUIRED, Requirement.DISABLED};
    }

    @Override
    public boolean isUserSetupAllowed() {
        return false;
    }

    @Override
    public boolean isConfigurable() {
        return false;
    }

    @Override
    public List<ProviderConfigProperty> getConfigProperties() {
        return List.of();
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
