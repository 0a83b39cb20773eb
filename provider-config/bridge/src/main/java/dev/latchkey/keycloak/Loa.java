package dev.latchkey.keycloak;

import java.util.List;
import java.util.Map;
import java.util.TreeMap;

import org.keycloak.authentication.authenticators.conditional.ConditionalLoaAuthenticatorFactory;
import org.keycloak.authentication.authenticators.util.AcrStore;
import org.keycloak.authentication.authenticators.util.LoAUtil;
import org.keycloak.models.AuthenticationExecutionModel;
import org.keycloak.models.AuthenticationFlowModel;
import org.keycloak.models.AuthenticatorConfigModel;
import org.keycloak.models.Constants;
import org.keycloak.models.KeycloakSession;
import org.keycloak.models.RealmModel;
import org.keycloak.sessions.AuthenticationSessionModel;

/**
 * Keycloak's levels of authentication in one login, as the conditions of its flow name them: 1 password, 2 second factor,
 * 3 phishing-resistant. Keycloak writes a condition's level itself when the subflow succeeds.
 *
 * @param top the flow whose conditions count
 */
record Loa(KeycloakSession session, RealmModel realm, AuthenticationSessionModel login, AuthenticationFlowModel top) {

    static final int SECOND_FACTOR = 2;
    static final int PHISHING_RESISTANT = 3;

    /** What the client asked for, 0 to 3; 0 where nothing. */
    int requested() {
        return known(store().getRequestedLevelOfAuthentication(top));
    }

    /**
     * What the client asked for and nobody proved yet, 0 where all of it was: that the flow says so is not enough, since a
     * subflow can be passed without a factor.
     *
     * @param amr what counts for this login so far
     */
    int missing(List<String> amr) {
        int level = requested();
        boolean isReached = level >= SECOND_FACTOR && store().isLevelOfAuthenticationSatisfiedFromCurrentAuthentication(top);
        return isReached && Proven.level(amr) >= level ? 0 : level;
    }

    /** The level that a success within this flow would be taken for, by the conditions in it and around it; 0 where none. */
    int around(String flowId) {
        int level = 0;
        AuthenticationFlowModel flow = realm.getAuthenticationFlowById(flowId);
        while (flow != null && !flow.isTopLevel()) {
            level = Math.max(level, realm.getAuthenticationExecutionsStream(flow.getId()).mapToInt(this::levelOf).max().orElse(0));
            AuthenticationExecutionModel place = realm.getAuthenticationExecutionByFlowId(flow.getId());
            flow = place == null ? null : realm.getAuthenticationFlowById(place.getParentFlow());
        }
        return known(level);
    }

    /**
     * Writes what was proven, as far as conditions know it: a level without a condition would count as none at the next
     * single sign-on, and so would any in a realm without conditions.
     */
    void reach(int proven) {
        AcrStore store = store();
        int before = store.getLevelOfAuthenticationFromCurrentAuthentication();
        Map<Integer, Integer> maxAges = new TreeMap<>(LoAUtil.getLoaMaxAgesConfiguredInRealmFlow(realm, top.getId()));
        maxAges.forEach((level, maxAge) -> {
            if (level < SECOND_FACTOR || level > proven) return;
            // As Keycloak itself: such a level is not remembered beyond this login.
            if (maxAge == 0) store.setLevelAuthenticatedToCurrentRequest(level);
            else store.setLevelAuthenticated(level);
        });
        if (before > store.getLevelOfAuthenticationFromCurrentAuthentication()) store.setLevelAuthenticatedToCurrentRequest(before);
        // Keycloak takes it over only where one of its own conditions was met in this login.
        String map = login.getAuthNote(Constants.LOA_MAP);
        if (map != null) login.setUserSessionNote(Constants.LOA_MAP, map);
    }

    /** Whether Keycloak took the level of an earlier login for this one, or a condition was met. */
    boolean isBegun() {
        return store().getLevelOfAuthenticationFromCurrentAuthentication() >= 1;
    }

    private AcrStore store() {
        return new AcrStore(session, login);
    }

    private int levelOf(AuthenticationExecutionModel execution) {
        if (!ConditionalLoaAuthenticatorFactory.PROVIDER_ID.equals(execution.getAuthenticator()) || !execution.isEnabled()) return 0;
        if (execution.getAuthenticatorConfig() == null) return 0;
        AuthenticatorConfigModel config = realm.getAuthenticatorConfigById(execution.getAuthenticatorConfig());
        Integer level = config == null ? null : LoAUtil.getLevelFromLoaConditionConfiguration(config);
        return level == null ? 0 : level;
    }

    /** A level that Latchkey has no name for is the highest: in doubt, more is asked. */
    private static int known(int level) {
        return Math.max(0, Math.min(PHISHING_RESISTANT, level));
    }
}
