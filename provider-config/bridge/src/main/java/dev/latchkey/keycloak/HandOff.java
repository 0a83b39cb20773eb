package dev.latchkey.keycloak;

import java.net.URI;
import java.net.URLEncoder;
import java.nio.charset.StandardCharsets;
import java.util.Map;
import java.util.UUID;

import org.keycloak.common.util.Time;

/** One step's way to the sidecar and back. */
final class HandOff {

    private static final String FAULT = "latchkey.fault";
    private static final String ASSERTION_TYP = "client-authentication+jwt";
    private static final String ASSERTION_TYPE = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";
    private static final long ASSERTION_LIFE = 60;
    private static final long MARGIN = 5;

    private final Step step;
    private final Sidecar sidecar;
    private final Breaker breaker;
    private final Parties parties;
    private final Notes notes;
    private final SidecarKeys keys;

    private HandOff(Step step, Settings settings, Bridge bridge) {
        this.step = step;
        this.sidecar = bridge.sidecar();
        this.breaker = bridge.breaker();
        this.parties = Parties.of(step.session(), step.realm(), settings);
        this.notes = Notes.of(step);
        this.keys = new SidecarKeys(step.session(), step.realm(), parties, sidecar);
    }

    static HandOff of(Step step) throws Fault {
        Bridge bridge = Bridge.of(step.session());
        return new HandOff(step, bridge.settings(), bridge);
    }

    /** Asks once: a condition is evaluated several times in a login, and an outage is not waited for twice in a request. */
    Decision ask() throws Fault {
        if (step.session().getAttribute(FAULT) instanceof Fault known) throw known;
        Notes.Push last = notes.push();
        if (last != null && holds(last)) {
            return new Decision(last.needed(), last.requestUri(), last.expires(), "", Failures.NONE);
        }
        try {
            return push();
        } catch (Fault fault) {
            step.session().setAttribute(FAULT, fault);
            throw fault;
        }
    }

    URI authorize(Decision decision) {
        return URI.create(parties.sidecar() + "/authorize?client_id=" + encoded(parties.realm())
                + "&request_uri=" + encoded(decision.requestUri()));
    }

    /** Spends the nonce first: an answer is never tried twice. */
    Answer redeem(Return given) throws Fault {
        Notes.Binding binding = notes.binding();
        Notes.Push push = notes.push();
        String code = given.code(binding, parties.sidecar());
        notes.spend();
        if (push == null) throw new Fault(Fault.Kind.STALE, "an answer came to a step that asked nothing");
        Sidecar.Reply reply = sidecar.post(parties.backchannel() + "/token", Map.of(
                "grant_type", "authorization_code",
                "code", code,
                "redirect_uri", push.address(),
                "client_id", parties.realm(),
                "client_assertion_type", ASSERTION_TYPE,
                "client_assertion", assertion()), Notes.request(step.login()));
        if (reply.status() != 200) throw refused(reply);
        Answer.Asked asked = new Answer.Asked(step.user().getId(), binding.nonce(), step.sid(), step.leastLevel(), step.isExemptable());
        Claims signed = Token.verified(reply.token("id_token"), Answer.TYP, keys);
        Answer answer = Answer.of(signed, parties, asked, Time.currentTime());
        Console.of(step).list(signed);
        return answer;
    }

    private boolean holds(Notes.Push last) {
        return last.flow().equals(step.flow()) && last.level() == step.level()
                && last.address().equals(step.returnAddress())
                && last.expires() > Time.currentTime() + MARGIN;
    }

    private Decision push() throws Fault {
        Notes.Binding kept = notes.binding();
        Notes.Binding binding = kept != null ? kept : notes.newBinding();
        String jti = UUID.randomUUID().toString();
        Question question = new Question(step, parties, binding, jti, Time.currentTime());
        String request = new RealmSignature(step.session(), step.realm()).sign(Question.TYP, question.claims());
        Sidecar.Reply reply = breaker.call(() ->
                sidecar.post(parties.backchannel() + "/par", Map.of("client_id", parties.realm(), "request", request),
                        Notes.request(step.login())));
        if (reply.status() >= 500) throw new Fault(Fault.Kind.OUTAGE, "/par answered " + reply.status());
        if (reply.status() != 200 && reply.status() != 201) throw broken("/par", reply);
        Decision.Asked asked = new Decision.Asked(step.user().getId(), binding.nonce(), jti, step.purpose() != Purpose.DIRECT);
        Claims signed = Token.verified(reply.token("decision"), Decision.TYP, keys);
        Decision decision = Decision.of(signed, parties, asked, Time.currentTime());
        Console.of(step).list(signed);
        if (decision.needed()) Verdict.of(step).need();
        notes.keep(new Notes.Push(step.flow(), step.level(), step.returnAddress(),
                decision.needed(), decision.requestUri(), decision.expires()));
        return decision;
    }

    private String assertion() throws Fault {
        long now = Time.currentTime();
        return new RealmSignature(step.session(), step.realm()).sign(ASSERTION_TYP, Map.of(
                "iss", parties.realm(), "sub", parties.realm(), "aud", parties.sidecar(),
                "jti", UUID.randomUUID().toString(), "iat", now, "exp", now + ASSERTION_LIFE));
    }

    private static Fault refused(Sidecar.Reply reply) {
        return reply.status() == 400 ? new Fault(Fault.Kind.REFUSED, "/token answered 400") : broken("/token", reply);
    }

    private static Fault broken(String path, Sidecar.Reply reply) {
        return reply.status() >= 500
                ? new Fault(Fault.Kind.UNREACHABLE, path + " answered " + reply.status())
                : Fault.untrusted(path + " answered " + reply.status());
    }

    private static String encoded(String text) {
        return URLEncoder.encode(text, StandardCharsets.UTF_8);
    }
}
