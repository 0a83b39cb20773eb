package dev.latchkey.keycloak;

import org.keycloak.authentication.authenticators.conditional.ConditionalAuthenticator;
import org.keycloak.authentication.authenticators.conditional.ConditionalAuthenticatorFactory;

/** The condition {@code latchkey-condition}, REQUIRED beside {@code latchkey} in a CONDITIONAL subflow. */
public final class LatchkeyConditionFactory extends ExecutionFactory implements ConditionalAuthenticatorFactory {

    /** The provider's id. */
    public static final String ID = "latchkey-condition";

    @Override
    public String getId() {
        return ID;
    }

    @Override
    public String getDisplayType() {
        return "Condition - Latchkey";
    }

    @Override
    public String getHelpText() {
        return "Runs the subflow unless Latchkey says that this login needs no second factor.";
    }

    @Override
    public ConditionalAuthenticator getSingleton() {
        return LatchkeyCondition.SINGLETON;
    }
}
