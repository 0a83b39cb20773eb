package dev.latchkey.keycloak;

import org.keycloak.Config;
import org.keycloak.events.EventListenerProvider;
import org.keycloak.events.EventListenerProviderFactory;
import org.keycloak.models.KeycloakSession;
import org.keycloak.models.KeycloakSessionFactory;

/** The event listener {@code latchkey-events}, which belongs to the gate and tells the sidecar of changes. */
public final class LatchkeyEventsFactory implements EventListenerProviderFactory {

    /** The provider's id. */
    public static final String ID = "latchkey-events";

    private Hints hints;

    @Override
    public String getId() {
        return ID;
    }

    @Override
    public EventListenerProvider create(KeycloakSession session) {
        return new LatchkeyEvents(session, hints);
    }

    @Override
    public void init(Config.Scope config) {
        // nothing to set
    }

    @Override
    public void postInit(KeycloakSessionFactory factory) {
        hints = new Hints(new HintQueue(System::nanoTime), new HintSender(factory));
        factory.register(new ModelEvents(hints));
    }

    @Override
    public void close() {
        if (hints != null) hints.close();
    }
}
