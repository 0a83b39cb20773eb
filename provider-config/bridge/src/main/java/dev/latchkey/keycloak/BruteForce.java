package dev.latchkey.keycloak;

import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Method;
import java.util.Arrays;
import java.util.Set;

import org.keycloak.common.ClientConnection;
import org.keycloak.common.util.Time;
import org.keycloak.models.KeycloakSession;
import org.keycloak.models.RealmModel;
import org.keycloak.models.UserModel;
import org.keycloak.models.credential.OTPCredentialModel;
import org.keycloak.services.managers.BruteForceProtector;
import org.keycloak.services.managers.DefaultBruteForceProtector;

/**
 * Keycloak's protector, called at once. Its own {@code failedLogin} counts on another thread, which may be later than
 * the answer that depends on the count. Keycloak 26.4 knows no categories, later versions count only those they know.
 */
final class BruteForce {

    private static final Set<String> CATEGORY = Set.of(OTPCredentialModel.TYPE);
    private static final Method FAILURE = find(DefaultBruteForceProtector.class.getDeclaredMethods(), "failure");
    private static final Method FAILED_LOGIN = find(BruteForceProtector.class.getMethods(), "failedLogin");

    private BruteForce() {
    }

    static void count(KeycloakSession session, RealmModel realm, UserModel user, ClientConnection connection) {
        BruteForceProtector protector = session.getProvider(BruteForceProtector.class);
        if (protector instanceof DefaultBruteForceProtector && FAILURE != null) {
            call(FAILURE, new DefaultBruteForceProtector(session.getKeycloakSessionFactory()),
                    session, realm, user.getId(), connection.getRemoteHost(), Time.currentTimeMillis(), CATEGORY);
        } else {
            call(FAILED_LOGIN, protector, realm, user, connection, session.getContext().getUri(), CATEGORY);
        }
    }

    private static void call(Method method, BruteForceProtector protector, Object... arguments) {
        try {
            method.invoke(protector, Arrays.copyOf(arguments, method.getParameterCount()));
        } catch (IllegalAccessException | InvocationTargetException e) {
            throw new IllegalStateException("Keycloak's brute force protector could not count", e);
        }
    }

    private static Method find(Method[] methods, String name) {
        Method found = Arrays.stream(methods).filter(method -> method.getName().equals(name)).findFirst().orElse(null);
        if (found != null) found.setAccessible(true);
        return found;
    }
}
