package dev.latchkey.keycloak;

import org.keycloak.credential.CredentialProviderFactory;
import org.keycloak.models.KeycloakSession;

/** The credentials of type {@code latchkey}: the account console lists a type whose executions have it as their category. */
public final class LatchkeyCredentialFactory implements CredentialProviderFactory<LatchkeyCredential> {

    /** The credentials' type. */
    public static final String TYPE = LatchkeyAuthenticatorFactory.ID;

    @Override
    public String getId() {
        return TYPE;
    }

    @Override
    public LatchkeyCredential create(KeycloakSession session) {
        return new LatchkeyCredential(session);
    }
}
