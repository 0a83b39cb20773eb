package dev.latchkey.keycloak;

import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Method;
import java.util.Arrays;
import java.util.Set;

import jakarta.ws.rs.core.UriInfo;
import org.keycloak.common.ClientConnection;
import org.keycloak.models.RealmModel;
import org.keycloak.models.UserModel;
import org.keycloak.models.credential.OTPCredentialModel;
import org.keycloak.services.managers.BruteForceProtector;

/** Keycloak 26.4 has no category in {@code failedLogin}, later versions need one that they know. */
final class BruteForce {

    private static final Method FAILED_LOGIN = Arrays.stream(BruteForceProtector.class.getMethods())
            .filter(method -> method.getName().equals("failedLogin"))
            .findFirst()
            .orElseThrow();

    private BruteForce() {
    }

    static void failedLogin(BruteForceProtector protector, RealmModel realm, UserModel user,
                            ClientConnection connection, UriInfo uri) {
        Object[] arguments = {realm, user, connection, uri, Set.of(OTPCredentialModel.TYPE)};
        try {
            FAILED_LOGIN.invoke(protector, Arrays.copyOf(arguments, FAILED_LOGIN.getParameterCount()));
        } catch (IllegalAccessException | InvocationTargetException e) {
            throw new IllegalStateException("Keycloak's brute force protector could not count", e);
        }
    }
}
