package dev.latchkey.keycloak;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.mockito.ArgumentMatchers.any;
import static org.mockito.Mockito.RETURNS_DEEP_STUBS;
import static org.mockito.Mockito.mock;
import static org.mockito.Mockito.when;

import java.io.IOException;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;

import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.keycloak.models.AuthenticationExecutionModel;
import org.keycloak.models.AuthenticationExecutionModel.Requirement;
import org.keycloak.models.AuthenticationFlowModel;
import org.keycloak.models.AuthenticatorConfigModel;
import org.keycloak.models.Constants;
import org.keycloak.models.KeycloakSession;
import org.keycloak.models.RealmModel;
import org.keycloak.sessions.AuthenticationSessionModel;
import org.keycloak.util.JsonSerialization;

/** B7, R21, R27: a level is what was proven, as far as the flow has a condition for it. */
class LoaTest {

    private final KeycloakSession session = mock(KeycloakSession.class, RETURNS_DEEP_STUBS);
    private final RealmModel realm = mock(RealmModel.class);
    private final AuthenticationSessionModel login = Logins.fake();
    private final AuthenticationFlowModel top = flow("browser", true);
    private final Loa loa = new Loa(session, realm, login, top);
    private final Map<String, List<AuthenticationExecutionModel>> executions = new HashMap<>();

    @BeforeEach
    void realm() {
        when(login.getRealm()).thenReturn(realm);
        when(realm.getAuthenticationExecutionsStream(any())).thenAnswer(call ->
                executions.getOrDefault(call.<String>getArgument(0), List.of()).stream());
    }

    private AuthenticationFlowModel flow(String id, boolean isTop) {
        AuthenticationFlowModel flow = new AuthenticationFlowModel();
        flow.setId(id);
        flow.setTopLevel(isTop);
        when(realm.getAuthenticationFlowById(id)).thenReturn(flow);
        return flow;
    }

    private void subflow(String id, String parent) {
        flow(id, false);
        AuthenticationExecutionModel place = execution(parent);
        place.setFlowId(id);
        place.setAuthenticatorFlow(true);
        when(realm.getAuthenticationExecutionByFlowId(id)).thenReturn(place);
    }

    private AuthenticationExecutionModel execution(String parent) {
        AuthenticationExecutionModel execution = new AuthenticationExecutionModel();
        execution.setParentFlow(parent);
        execution.setRequirement(Requirement.REQUIRED);
        executions.computeIfAbsent(parent, key -> new ArrayList<>()).add(execution);
        return execution;
    }

    private AuthenticationExecutionModel condition(String parent, String level, String maxAge) {
        AuthenticationExecutionModel execution = execution(parent);
        execution.setAuthenticator("conditional-level-of-authentication");
        execution.setAuthenticatorConfig("config-" + level);
        AuthenticatorConfigModel config = new AuthenticatorConfigModel();
        config.setId("config-" + level);
        config.setConfig(Map.of("loa-condition-level", level, "loa-max-age", maxAge));
        when(realm.getAuthenticatorConfigById("config-" + level)).thenReturn(config);
        return execution;
    }

    private void levels(String... ofConditions) {
        for (String level : ofConditions) {
            subflow("level " + level, "browser");
            condition("level " + level, level, "300");
        }
    }

    private void current(int level) {
        login.setAuthNote(Constants.LEVEL_OF_AUTHENTICATION, Integer.toString(level));
    }

    private String current() {
        return login.getAuthNote(Constants.LEVEL_OF_AUTHENTICATION);
    }

    private Set<String> remembered() throws IOException {
        String map = login.getUserSessionNotes().get(Constants.LOA_MAP);
        return map == null ? Set.of() : new TreeSet<>(JsonSerialization.readValue(map, Map.class).keySet());
    }

    private void request(String level) {
        login.setClientNote(Constants.REQUESTED_LEVEL_OF_AUTHENTICATION, level);
    }

    @Test
    @DisplayName("writes every level up to what was proven, for this login and for those that follow")
    void reach() throws IOException {
        levels("1", "2", "3");
        current(1);
        loa.reach(2);
        assertEquals("2", current());
        assertEquals(Set.of("2"), remembered());
        loa.reach(3);
        assertEquals("3", current());
        assertEquals(Set.of("2", "3"), remembered());
    }

    @Test
    @DisplayName("writes nothing that no condition knows, and in a realm without conditions nothing at all")
    void unknown() throws IOException {
        loa.reach(3);
        assertNull(current());
        assertEquals(Set.of(), remembered());
        levels("1", "2", "20");
        loa.reach(3);
        assertEquals("2", current());
        assertEquals(Set.of("2"), remembered());
    }

    @Test
    @DisplayName("a level of no age holds for this login alone, and none is taken back")
    void noAge() throws IOException {
        subflow("gold", "browser");
        condition("gold", "2", "0");
        loa.reach(2);
        assertEquals("2", current());
        assertEquals(Set.of(), remembered());
        current(3);
        loa.reach(2);
        assertEquals("3", current());
    }

    @Test
    @DisplayName("a step stands for the levels around it, not for those beside it or switched off")
    void around() {
        levels("1", "2");
        subflow("choice", "level 2");
        subflow("policy", "browser");
        assertEquals(2, loa.around("choice"));
        assertEquals(2, loa.around("level 2"));
        assertEquals(0, loa.around("policy"));
        assertEquals(0, loa.around("browser"));
        assertEquals(0, loa.around("gone"));
        condition("policy", "3", "0").setRequirement(Requirement.DISABLED);
        assertEquals(0, loa.around("policy"));
        condition("policy", "20", "0");
        assertEquals(3, loa.around("policy"));
    }

    @Test
    @DisplayName("what is asked for is missing until the flow says so and the proofs do")
    void missing() {
        assertEquals(0, loa.missing(List.of("pwd")));
        request("2");
        current(1);
        assertEquals(2, loa.missing(List.of("pwd", "otp")));
        current(2);
        assertEquals(2, loa.missing(List.of("pwd")));
        assertEquals(2, loa.missing(List.of()));
        assertEquals(0, loa.missing(List.of("pwd", "otp")));
        request("3");
        current(3);
        assertEquals(3, loa.missing(List.of("pwd", "otp")));
        assertEquals(0, loa.missing(List.of("pwd", "hwk")));
        request("20");
        current(20);
        assertEquals(3, loa.missing(List.of("pwd", "otp")));
    }

    @Test
    @DisplayName("without conditions what is asked for is always missing")
    void withoutConditions() {
        request("2");
        assertEquals(2, loa.missing(List.of("pwd", "otp")));
        request("-1");
        assertEquals(0, loa.missing(List.of()));
    }
}
