package dev.latchkey.keycloak;

import java.util.List;
import java.util.Optional;

import org.keycloak.authentication.AuthenticationFlowContext;
import org.keycloak.authentication.AuthenticationFlowError;
import org.keycloak.authentication.AuthenticationFlowException;
import org.keycloak.authentication.authenticators.conditional.ConditionalAuthenticator;
import org.keycloak.models.AuthenticationExecutionModel;
import org.keycloak.models.KeycloakSession;
import org.keycloak.models.RealmModel;
import org.keycloak.models.UserModel;

/** True unless {@link Pass} says that this login needs no second factor. */
final class LatchkeyCondition implements ConditionalAuthenticator {

    static final LatchkeyCondition SINGLETON = new LatchkeyCondition();

    @Override
    public boolean matchCondition(AuthenticationFlowContext context) {
        // Before anybody is known there is nothing to ask, and false would open the way.
        if (context.getUser() == null) return true;
        Step step = Step.of(context, sibling(context));
        if (Notes.of(step).isDone()) return true;
        try {
            return new Pass(step, context.getEvent()).isNeeded();
        } catch (Fault fault) {
            // The sibling meets the same fault and shows the page: a condition has no page of its own.
            return true;
        }
    }

    private static AuthenticationExecutionModel sibling(AuthenticationFlowContext context) {
        Optional<AuthenticationExecutionModel> sibling = context.getRealm()
                .getAuthenticationExecutionsStream(context.getExecution().getParentFlow())
                .filter(execution -> LatchkeyAuthenticatorFactory.ID.equals(execution.getAuthenticator()) && execution.isEnabled())
                .findFirst();
        return sibling.orElseThrow(() -> alone(context));
    }

    private static AuthenticationFlowException alone(AuthenticationFlowContext context) {
        Fault fault = new Fault(Fault.Kind.MISCONFIGURED, "The subflow of the condition '" + LatchkeyConditionFactory.ID
                + "' has no enabled execution '" + LatchkeyAuthenticatorFactory.ID + "'");
        // A condition's context has none, and the page's layout counts them.
        context.setAuthenticationSelections(List.of());
        return new AuthenticationFlowException(AuthenticationFlowError.GENERIC_AUTHENTICATION_ERROR, ErrorPage.of(
                context.form(), Step.of(context), fault, context.getEvent().clone(), context.getRefreshUrl(false)));
    }

    @Override
    public void action(AuthenticationFlowContext context) {
        // a condition has nothing to answer
    }

    @Override
    public boolean requiresUser() {
        return true;
    }

    @Override
    public void setRequiredActions(KeycloakSession session, RealmModel realm, UserModel user) {
        // a condition sets nothing up
    }

    @Override
    public void close() {
        // holds nothing
    }
}
