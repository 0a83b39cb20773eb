package dev.latchkey.keycloak;

import java.net.URI;
import java.util.List;

import org.keycloak.authentication.AuthenticationFlowContext;
import org.keycloak.authentication.RequiredActionContext;
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
 * @param top the flow whose levels count; null where none do
 * @param level the level that must be reached beyond the policy, 0 where none
 * @param address the redirect_uri, whole; null where no browser waits
 */
record Step(KeycloakSession session, RealmModel realm, UserModel user, AuthenticationSessionModel login,
            AuthenticationFlowModel top, String flow, String execution, Purpose purpose, int level, URI address) {

    private static final String TOKEN_PATH = "/token";

    static Step of(AuthenticationFlowContext context) {
        return of(context, context.getExecution());
    }

    static Step of(AuthenticationFlowContext context, AuthenticationExecutionModel execution) {
        AuthenticationSessionModel login = context.getAuthenticationSession();
        URI action = context.getActionUrl(context.generateAccessCode());
        Step step = new Step(context.getSession(), context.getRealm(), context.getUser(), login, context.getTopLevelFlow(),
                execution.getParentFlow(), execution.getId(), Purpose.LOGIN, 0, ReturnAddress.to(action, execution.getId()));
        return step.at(Math.max(step.loa().missing(Proven.amr(step)), step.loa().around(step.flow)));
    }

    static Step of(RequiredActionContext context) {
        AuthenticationSessionModel login = context.getAuthenticationSession();
        String action = context.getAction();
        boolean own = action.equals(login.getClientNote(Constants.KC_ACTION_EXECUTING))
                && !Boolean.parseBoolean(login.getClientNote(Constants.KC_ACTION_ENFORCED));
        return new Step(context.getSession(), context.getRealm(), context.getUser(), login, null,
                action, action, own ? Purpose.MANAGE : Purpose.ENROL, 0, context.getActionUrl());
    }

    /** Where the gate stands: below whatever flow ran, in a browser or in a grant. */
    static Step gate(RequiredActionContext context) {
        AuthenticationSessionModel login = context.getAuthenticationSession();
        String action = context.getAction();
        boolean direct = context.getUriInfo().getPath().endsWith(TOKEN_PATH);
        if (direct) {
            return new Step(context.getSession(), context.getRealm(), context.getUser(), login, null,
                    action, action, Purpose.DIRECT, 0, null);
        }
        Step step = new Step(context.getSession(), context.getRealm(), context.getUser(), login,
                AuthenticationFlowResolver.resolveBrowserFlow(login), action, action, Purpose.LOGIN, 0, context.getActionUrl());
        return step.at(step.loa().missing(Proven.amr(step)));
    }

    /** In a grant without a browser there is no way back, only a yes or no. */
    static Step direct(AuthenticationFlowContext context) {
        AuthenticationExecutionModel execution = context.getExecution();
        return new Step(context.getSession(), context.getRealm(), context.getUser(), context.getAuthenticationSession(), null,
                execution.getParentFlow(), execution.getId(), Purpose.DIRECT, 0, null);
    }

    private Step at(int other) {
        return new Step(session, realm, user, login, top, flow, execution, purpose, other, address);
    }

    Loa loa() {
        return new Loa(session, realm, login, top);
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
