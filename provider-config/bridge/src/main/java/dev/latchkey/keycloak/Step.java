package dev.latchkey.keycloak;

import java.net.URI;
import java.util.List;

import org.keycloak.authentication.AuthenticationFlowContext;
import org.keycloak.authentication.RequiredActionContext;
import org.keycloak.authentication.authenticators.util.AcrStore;
import org.keycloak.models.AuthenticationExecutionModel;
import org.keycloak.models.AuthenticationFlowModel;
import org.keycloak.models.Constants;
import org.keycloak.models.KeycloakSession;
import org.keycloak.models.RealmModel;
import org.keycloak.models.UserModel;
import org.keycloak.models.utils.AuthenticationFlowResolver;
import org.keycloak.protocol.oidc.OIDCLoginProtocol;
import org.keycloak.sessions.AuthenticationSessionModel;

/**
 * One execution, in one login of one user, that stands at the hand-off.
 *
 * @param flow the parent flow, or the required action's name
 * @param execution where the answer comes back to; the condition speaks for its sibling
 * @param level the level the client asked for, 0 where it asked for none
 * @param address the redirect_uri, whole; null where no browser waits
 */
record Step(KeycloakSession session, RealmModel realm, UserModel user, AuthenticationSessionModel login,
            String flow, String execution, Purpose purpose, int level, URI address) {

    private static final int HIGHEST = 3;
    private static final String TOKEN_PATH = "/token";

    static Step of(AuthenticationFlowContext context) {
        return of(context, context.getExecution());
    }

    static Step of(AuthenticationFlowContext context, AuthenticationExecutionModel execution) {
        AuthenticationSessionModel login = context.getAuthenticationSession();
        URI action = context.getActionUrl(context.generateAccessCode());
        return new Step(context.getSession(), context.getRealm(), context.getUser(), login,
                execution.getParentFlow(), execution.getId(), Purpose.LOGIN,
                level(context.getSession(), login, context.getTopLevelFlow()), ReturnAddress.to(action, execution.getId()));
    }

    static Step of(RequiredActionContext context) {
        AuthenticationSessionModel login = context.getAuthenticationSession();
        String action = context.getAction();
        boolean own = action.equals(login.getClientNote(Constants.KC_ACTION_EXECUTING))
                && !Boolean.parseBoolean(login.getClientNote(Constants.KC_ACTION_ENFORCED));
        return new Step(context.getSession(), context.getRealm(), context.getUser(), login,
                action, action, own ? Purpose.MANAGE : Purpose.ENROL, 0, context.getActionUrl());
    }

    /** Where the gate stands: below whatever flow ran, in a browser or in a grant. */
    static Step gate(RequiredActionContext context) {
        AuthenticationSessionModel login = context.getAuthenticationSession();
        String action = context.getAction();
        boolean direct = context.getUriInfo().getPath().endsWith(TOKEN_PATH);
        return new Step(context.getSession(), context.getRealm(), context.getUser(), login, action, action,
                direct ? Purpose.DIRECT : Purpose.LOGIN, direct ? 0 : level(context.getSession(), login,
                AuthenticationFlowResolver.resolveBrowserFlow(login)), direct ? null : context.getActionUrl());
    }

    /** In a grant without a browser there is no way back, only a yes or no. */
    static Step direct(AuthenticationFlowContext context) {
        AuthenticationExecutionModel execution = context.getExecution();
        return new Step(context.getSession(), context.getRealm(), context.getUser(), context.getAuthenticationSession(),
                execution.getParentFlow(), execution.getId(), Purpose.DIRECT, 0, null);
    }

    private static int level(KeycloakSession session, AuthenticationSessionModel login, AuthenticationFlowModel flow) {
        return Math.max(0, Math.min(HIGHEST, new AcrStore(session, login).getRequestedLevelOfAuthentication(flow)));
    }

    /** As it is compared: empty where no browser waits. */
    String returnAddress() {
        return address == null ? "" : address.toString();
    }

    /** The root authentication session's id, which the user session takes over. */
    String sid() {
        return login.getParentSession().getId();
    }

    /** Whether no second factor may be enough: in an ordinary login alone, of which the application asked nothing more. */
    boolean isExemptable() {
        return purpose == Purpose.LOGIN && level < Purpose.LOGIN.level
                && login.getClientNote(OIDCLoginProtocol.MAX_AGE_PARAM) == null && !asksForLogin();
    }

    private boolean asksForLogin() {
        String prompt = login.getClientNote(OIDCLoginProtocol.PROMPT_PARAM);
        return prompt != null && List.of(prompt.split(" ")).contains(OIDCLoginProtocol.PROMPT_VALUE_LOGIN);
    }

    int leastLevel() {
        return Math.max(purpose.level, level);
    }
}
