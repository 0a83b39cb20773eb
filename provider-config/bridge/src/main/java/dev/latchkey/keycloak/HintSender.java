package dev.latchkey.keycloak;

import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.UUID;

import org.jboss.logging.Logger;
import org.keycloak.common.util.Time;
import org.keycloak.models.KeycloakSession;
import org.keycloak.models.KeycloakSessionFactory;
import org.keycloak.models.RealmModel;
import org.keycloak.models.UserModel;
import org.keycloak.models.utils.KeycloakModelUtils;

/** Signs a hint with its realm's key and posts it. Used by one thread. */
final class HintSender implements Hints.Sender {

    /** @param fault why there is nothing to post, null otherwise */
    private record Letter(String realm, String request, String url, Map<String, String> form, Sidecar sidecar, Fault fault) {
    }

    private static final Logger LOG = Logger.getLogger(HintSender.class);
    private static final int TOO_MANY_REQUESTS = 429;

    private final KeycloakSessionFactory factory;
    private final Set<String> told = new HashSet<>();

    HintSender(KeycloakSessionFactory factory) {
        this.factory = factory;
    }

    /** Signs in a session that is over before the post, so that no database connection waits for the sidecar. */
    @Override
    public HintQueue.Outcome send(HintQueue.Batch batch) {
        Letter letter = KeycloakModelUtils.runJobInTransactionWithResult(factory, session -> letter(session, batch));
        if (letter == null) return HintQueue.Outcome.REFUSED;
        if (letter.fault() != null) return failed(batch, letter, letter.fault());
        try {
            Sidecar.Reply reply = letter.sidecar().post(letter.url(), letter.form(), letter.request());
            HintQueue.Outcome outcome = outcome(reply.status());
            if (outcome == HintQueue.Outcome.TAKEN) told.remove(batch.realm());
            else tell(batch, letter, outcome, "/events answered " + reply.status());
            return outcome;
        } catch (Fault fault) {
            return failed(batch, letter, fault);
        }
    }

    static HintQueue.Outcome outcome(int status) {
        if (status == 202) return HintQueue.Outcome.TAKEN;
        return status >= 500 || status == TOO_MANY_REQUESTS ? HintQueue.Outcome.LATER : HintQueue.Outcome.REFUSED;
    }

    /** Null where the realm is gone. */
    private static Letter letter(KeycloakSession session, HintQueue.Batch batch) {
        RealmModel realm = session.realms().getRealm(batch.realm());
        if (realm == null) return null;
        session.getContext().setRealm(realm);
        String request = UUID.randomUUID().toString();
        try {
            Bridge bridge = Bridge.of(session);
            Parties parties = Parties.of(batch.issuer(), bridge.settings());
            String event = new RealmSignature(session, realm).sign(Hint.TYP,
                    batch.hint().claims(parties, administrators(session, realm, batch.hint()), UUID.randomUUID().toString(), Time.currentTime()));
            return new Letter(realm.getName(), request, parties.backchannel() + "/events",
                    Map.of("client_id", parties.realm(), "event", event), bridge.sidecar(), null);
        } catch (Fault fault) {
            return new Letter(realm.getName(), request, null, null, null, fault);
        }
    }

    private static List<String> administrators(KeycloakSession session, RealmModel realm, Hint hint) {
        return hint.people().stream().filter(id -> mayAdminister(session, realm, id)).toList();
    }

    /** Where a federation does not answer, the doubt is the user's protection. */
    private static boolean mayAdminister(KeycloakSession session, RealmModel realm, String id) {
        try {
            UserModel user = session.users().getUserById(realm, id);
            return user != null && new Administrator(realm, user).isOne();
        } catch (RuntimeException unreadable) {
            return true;
        }
    }

    private HintQueue.Outcome failed(HintQueue.Batch batch, Letter letter, Fault fault) {
        HintQueue.Outcome outcome = fault.kind() == Fault.Kind.OUTAGE || fault.kind() == Fault.Kind.UNREACHABLE
                ? HintQueue.Outcome.LATER : HintQueue.Outcome.REFUSED;
        tell(batch, letter, outcome, fault.getMessage());
        return outcome;
    }

    /** Once per realm until a hint gets through: a sidecar that is away for a day must not fill the log. */
    private void tell(HintQueue.Batch batch, Letter letter, HintQueue.Outcome outcome, String why) {
        Logger.Level level = told.add(batch.realm()) ? Logger.Level.WARN : Logger.Level.DEBUG;
        LOG.logf(level, "Latchkey was not told of changes in the realm '%s' (%s), request %s, %s: %s", letter.realm(), batch.hint(), letter.request(),
                outcome == HintQueue.Outcome.LATER ? "they are kept and told later" : "they are dropped", why);
    }
}
