package dev.latchkey.keycloak;

import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.Set;

import org.junit.jupiter.api.Test;
import org.keycloak.representations.userprofile.config.UPAttribute;
import org.keycloak.representations.userprofile.config.UPAttributePermissions;

class PhoneNumberTest {

    @Test
    void trustsANumberThatAdministratorsAloneCanChange() {
        assertTrue(PhoneNumber.isForAdministrators(editableBy(Set.of("admin"))));
    }

    @Test
    void doesNotTrustANumberThatTheUserCanChange() {
        assertFalse(PhoneNumber.isForAdministrators(editableBy(Set.of("admin", "user"))));
    }

    @Test
    void doesNotTrustANumberThatTheProfileDoesNotDeclare() {
        assertFalse(PhoneNumber.isForAdministrators(null));
        assertFalse(PhoneNumber.isForAdministrators(new UPAttribute("phoneNumber")));
    }

    private static UPAttribute editableBy(Set<String> roles) {
        return new UPAttribute("phoneNumber", new UPAttributePermissions(Set.of("admin", "user"), roles));
    }
}
