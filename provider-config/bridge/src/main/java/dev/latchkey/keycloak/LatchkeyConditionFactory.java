package dev.latchkey.keycloak;

import java.util.List;

import org.keycloak.Config;
import org.keycloak.authentication.authenticators.conditional.ConditionalAuthenticator;
import org.keycloak.authentication.authenticators.conditional.ConditionalAuthenticatorFactory;
import org.keycloak.models.AuthenticationExecutionModel.Requirement;
import org.keycloak.models.KeycloakSessionFactory;
import org.keycloak.provider.ProviderConfigProperty;

/** The condition {@code latchkey-condition}, REQUIRED beside {@code latchkey} in a CONDITIONAL subflow. */
public final class LatchkeyConditionFactory implements ConditionalAuthenticatorFactory {

    /** The provider's id. */
    public static final String ID = "latchkey-condition";

    @Override
    public String getId() {
        return ID;
    }

    @Override
    public String getDisplayType() {
        return "Condition - Latchkey";
    }

    @Override
    public String getHelpText() {
        return "Runs the subflow unless Latchkey says that this login needs no second factor.";
    }

    @Override
    public String getReferenceCategory() {
        return LatchkeyAuthenticatorFactory.ID;
    }

    @Override
    public ConditionalAuthenticator getSingleton() {
        return LatchkeyCondition.SINGLETON;
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
