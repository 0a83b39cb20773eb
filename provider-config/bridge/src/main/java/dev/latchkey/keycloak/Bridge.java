package dev.latchkey.keycloak;

import org.jboss.logging.Logger;
import org.keycloak.Config;
import org.keycloak.authentication.Authenticator;
import org.keycloak.models.KeycloakSession;

/** The settings and the client made from them, once per server, for all providers. */
final class Bridge {

    private static final Logger LOG = Logger.getLogger(Bridge.class);

    private final Settings settings;
    private final Sidecar sidecar;
    private final Breaker breaker = new Breaker(System::nanoTime);
    private final Fault fault;

    private Bridge(Settings settings, Fault fault) {
        this.settings = settings;
        this.sidecar = settings == null ? null : new Sidecar(settings.timeout());
        this.fault = fault;
    }

    /** A wrong option must not keep the server from starting: it shows at each login instead. */
    static Bridge read(Config.Scope scope) {
        try {
            return new Bridge(Settings.read(scope), null);
        } catch (Fault wrong) {
            LOG.errorf("Latchkey can't ask for a second factor, logins that need it will end in an error page. %s", wrong.getMessage());
            return new Bridge(null, wrong);
        }
    }

    static Bridge of(KeycloakSession session) throws Fault {
        if (session.getKeycloakSessionFactory().getProviderFactory(Authenticator.class, LatchkeyAuthenticatorFactory.ID)
                instanceof LatchkeyAuthenticatorFactory factory) {
            return factory.bridge();
        }
        throw new Fault(Fault.Kind.MISCONFIGURED, "The authenticator '" + LatchkeyAuthenticatorFactory.ID + "' is not installed or disabled");
    }

    Settings settings() throws Fault {
        if (fault != null) throw new Fault(fault.kind(), fault.getMessage());
        return settings;
    }

    /** Empty where the settings are not usable. */
    String url() {
        return settings == null ? "" : settings.url();
    }

    Sidecar sidecar() {
        return sidecar;
    }

    Breaker breaker() {
        return breaker;
    }
}
