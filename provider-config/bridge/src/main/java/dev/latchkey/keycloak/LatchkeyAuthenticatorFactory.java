package dev.latchkey.keycloak;

import java.util.List;
import java.util.Map;

import org.keycloak.Config;
import org.keycloak.authentication.Authenticator;
import org.keycloak.models.AuthenticationExecutionModel.Requirement;
import org.keycloak.models.Constants;
import org.keycloak.models.KeycloakSession;
import org.keycloak.provider.ProviderConfigProperty;
import org.keycloak.provider.ProviderConfigurationBuilder;
import org.keycloak.provider.ServerInfoAwareProviderFactory;

/**
 * The second factor at the Latchkey sidecar, as the execution {@code latchkey}. Its options,
 * {@code --spi-authenticator--latchkey--…}, serve the condition and the required action too.
 */
public final class LatchkeyAuthenticatorFactory extends ExecutionFactory implements ServerInfoAwareProviderFactory {

    /** The provider's id, and the category in which its failures stand. */
    public static final String ID = "latchkey";

    private Bridge bridge;

    Bridge bridge() {
        return bridge;
    }

    @Override
    public void init(Config.Scope config) {
        bridge = Bridge.read(config);
    }

    /** The address in use, empty where it is not usable: an administrator sees it in the server's information. */
    @Override
    public Map<String, String> getOperationalInfo() {
        return Map.of(Settings.URL, bridge.url());
    }

    @Override
    public String getId() {
        return ID;
    }

    @Override
    public String getDisplayType() {
        return "Latchkey";
    }

    @Override
    public String getHelpText() {
        return "Asks for a second factor at the Latchkey sidecar.";
    }

    @Override
    public Authenticator create(KeycloakSession session) {
        return LatchkeyAuthenticator.SINGLETON;
    }

    @Override
    public Requirement[] getRequirementChoices() {
        return new Requirement[] {Requirement.REQUIRED, Requirement.ALTERNATIVE, Requirement.DISABLED};
    }

    @Override
    public boolean isConfigurable() {
        return true;
    }

    /** Declared because an administrator's partial export masks what is not. */
    @Override
    public List<ProviderConfigProperty> getConfigProperties() {
        return ProviderConfigurationBuilder.create()
                .property().name(Constants.AUTHENTICATION_EXECUTION_REFERENCE_VALUE).label("Authenticator Reference")
                .helpText("Leave empty: what was really proven stands in the user session note latchkey.amr.")
                .type(ProviderConfigProperty.STRING_TYPE).add()
                .property().name(Constants.AUTHENTICATION_EXECUTION_REFERENCE_MAX_AGE).label("Authenticator Reference Max Age")
                .helpText("Seconds that the reference stays valid.")
                .type(ProviderConfigProperty.STRING_TYPE).add()
                .build();
    }

    @Override
    public List<ProviderConfigProperty> getConfigMetadata() {
        return ProviderConfigurationBuilder.create()
                .property().name(Settings.URL).type(ProviderConfigProperty.STRING_TYPE)
                .helpText("Address of Latchkey for browsers and tokens, for example https://mfa.example.com.").add()
                .property().name(Settings.BACKCHANNEL_URL).type(ProviderConfigProperty.STRING_TYPE)
                .helpText("Address of Latchkey for Keycloak itself. The public one where not set.").add()
                .property().name(Settings.TIMEOUT).type(ProviderConfigProperty.INTEGER_TYPE).defaultValue(Settings.DEFAULT_TIMEOUT)
                .helpText("Milliseconds that a call to Latchkey may take in all.").add()
                .property().name(Settings.ALLOW_HTTP).type(ProviderConfigProperty.BOOLEAN_TYPE).defaultValue(false)
                .helpText("Allows plain http to other hosts than this one.").add()
                .build();
    }
}
