package dev.latchkey.keycloak;

import org.keycloak.credential.CredentialModel;
import org.keycloak.credential.CredentialProvider;
import org.keycloak.credential.CredentialTypeMetadata;
import org.keycloak.credential.CredentialTypeMetadataContext;
import org.keycloak.models.KeycloakSession;
import org.keycloak.models.RealmModel;
import org.keycloak.models.UserModel;

/** The user's methods as the consoles list them. They are no credentials that anything is checked against. */
record LatchkeyCredential(KeycloakSession session) implements CredentialProvider<CredentialModel> {

    @Override
    public String getType() {
        return LatchkeyCredentialFactory.TYPE;
    }

    @Override
    public CredentialModel createCredential(RealmModel realm, UserModel user, CredentialModel credential) {
        return user.credentialManager().createStoredCredential(credential);
    }

    @Override
    public boolean deleteCredential(RealmModel realm, UserModel user, String id) {
        return user.credentialManager().removeStoredCredentialById(id);
    }

    @Override
    public CredentialModel getCredentialFromModel(CredentialModel model) {
        return model;
    }

    /**
     * Users change and remove their methods at Latchkey, where that asks for a fresh second factor. Keycloak takes one
     * action, and shows this one to those who have no method yet, too.
     */
    @Override
    public CredentialTypeMetadata getCredentialTypeMetadata(CredentialTypeMetadataContext context) {
        return CredentialTypeMetadata.builder()
                .type(getType())
                .category(CredentialTypeMetadata.Category.TWO_FACTOR)
                .displayName("latchkey-credentials")
                .helpText("latchkey-credentials-help")
                .iconCssClass("kcAuthenticatorOTPClass")
                .createAction(LatchkeyActionFactory.ID)
                .removeable(false)
                .build(session);
    }
}
