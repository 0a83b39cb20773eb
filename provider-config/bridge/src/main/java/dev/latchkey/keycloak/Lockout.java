package dev.latchkey.keycloak;

import java.util.concurrent.TimeUnit;

import org.keycloak.authentication.authenticators.util.AuthenticatorUtils;
import org.keycloak.common.ClientConnection;
import org.keycloak.common.util.Time;
import org.keycloak.events.Errors;
import org.keycloak.models.KeycloakSession;
import org.keycloak.models.RealmModel;
import org.keycloak.models.UserLoginFailureModel;
import org.keycloak.models.UserModel;
import org.keycloak.models.utils.KeycloakModelUtils;
import org.keycloak.services.managers.BruteForceProtector;

/** Mirrors wrong second factors into Keycloak's own brute force protection, where the realm has it on. */
record Lockout(Step step) {

    private static final long MOST = 1000;

    /** Each number once per login: answers that are repeated report the same numbers again. */
    void count(Failures failures) {
        Notes notes = Notes.of(step);
        long fresh = failures.above(notes.counted());
        if (fresh == 0) return;
        notes.counted(failures.to());
        if (step.realm().isBruteForceProtected()) report(Math.min(MOST, fresh));
    }

    /** A right code does not open a locked account. */
    void refuseLocked() throws Fault {
        if (!step.realm().isBruteForceProtected()) return;
        // In a session of its own: this one may still see the numbers from before they were counted.
        String error = KeycloakModelUtils.runJobInTransactionWithResult(step.session().getKeycloakSessionFactory(), own -> {
            RealmModel realm = realm(own);
            UserModel user = own.users().getUserById(realm, step.user().getId());
            // Who is registering at this moment is not there yet for others.
            return user == null ? null : AuthenticatorUtils.getDisabledByBruteForceEventError(
                    own.getProvider(BruteForceProtector.class), own, realm, user);
        });
        if (error == null) return;
        throw new Fault(Errors.USER_TEMPORARILY_DISABLED.equals(error) ? Fault.Kind.LOCKED : Fault.Kind.DISABLED,
                "the user is locked by the realm's brute force protection");
    }

    private void report(long fresh) {
        ClientConnection connection = step.session().getContext().getConnection();
        KeycloakModelUtils.runJobInTransaction(step.session().getKeycloakSessionFactory(), own -> {
            RealmModel realm = realm(own);
            prepare(own, realm, fresh - 1);
            BruteForce.count(own, realm, step.user(), connection);
        });
    }

    private void prepare(KeycloakSession own, RealmModel realm, long fresh) {
        String user = step.user().getId();
        UserLoginFailureModel model = own.loginFailures().getUserLoginFailure(realm, user);
        if (model == null && fresh == 0) return;
        add(model != null ? model : own.loginFailures().addUserLoginFailure(realm, user), realm, fresh);
    }

    /**
     * Adds all but the last. Two calls of the protector within a second would lock the user for being quick, though
     * nobody knows when those tries were made. The time of the last failure goes back only by clearing, and at 0
     * Keycloak drops the counters.
     */
    static void add(UserLoginFailureModel model, RealmModel realm, long fresh) {
        long now = Time.currentTimeMillis();
        long last = model.getLastFailure();
        boolean isQuick = last > 0 && now - last < realm.getQuickLoginCheckMilliSeconds();
        boolean isOld = last > 0 && forgets(realm) && now - last > TimeUnit.SECONDS.toMillis(realm.getMaxDeltaTimeSeconds());
        long more = fresh + (isQuick ? model.getNumFailures() : 0);
        if (isQuick) clearTime(model);
        else if (isOld) model.clearFailures();
        for (long i = 0; i < more; i++) model.incrementFailures();
        if (last > 0 && !isOld && !isQuick) return;
        model.setLastFailure(now - Math.max(1, realm.getQuickLoginCheckMilliSeconds()));
    }

    private static void clearTime(UserLoginFailureModel model) {
        int locks = model.getNumTemporaryLockouts();
        int notBefore = model.getFailedLoginNotBefore();
        model.clearFailures();
        for (int i = 0; i < locks; i++) model.incrementTemporaryLockouts();
        model.setFailedLoginNotBefore(notBefore);
    }

    private static boolean forgets(RealmModel realm) {
        return !(realm.isPermanentLockout() && realm.getMaxTemporaryLockouts() == 0);
    }

    private RealmModel realm(KeycloakSession own) {
        RealmModel realm = own.realms().getRealm(step.realm().getId());
        own.getContext().setRealm(realm);
        return realm;
    }
}
