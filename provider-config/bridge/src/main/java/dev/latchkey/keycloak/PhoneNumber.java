package dev.latchkey.keycloak;

import org.keycloak.models.KeycloakSession;
import org.keycloak.models.UserModel;
import org.keycloak.representations.userprofile.config.UPAttribute;
import org.keycloak.userprofile.UserProfileConstants;
import org.keycloak.userprofile.UserProfileProvider;

/**
 * The user's phone number, where administrators alone can change it: one that users can change with their password
 * must not become a destination of codes.
 */
final class PhoneNumber {

    private static final String ATTRIBUTE = "phoneNumber";

    private PhoneNumber() {
    }

    /** Null where there is none, or none that can be trusted. */
    static String of(KeycloakSession session, UserModel user) {
        String phone = user.getFirstAttribute(ATTRIBUTE);
        if (phone == null || phone.isBlank()) return null;
        UserProfileProvider profiles = session.getProvider(UserProfileProvider.class);
        UPAttribute declared = profiles == null ? null : profiles.getConfiguration().getAttribute(ATTRIBUTE);
        return isForAdministrators(declared) ? phone : null;
    }

    /** An attribute that the profile does not declare is for whoever its policy for others lets in: not trusted. */
    static boolean isForAdministrators(UPAttribute declared) {
        return declared != null
                && declared.getPermissions() != null
                && !declared.getPermissions().getEdit().contains(UserProfileConstants.ROLE_USER);
    }
}
