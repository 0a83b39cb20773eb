package dev.latchkey.keycloak;

import java.util.List;

/**
 * What was proven at the sidecar.
 *
 * @param setUp whether the proof is a method that the step set up
 */
record Answer(int level, List<String> amr, boolean setUp, String because, Failures failures) {

    static final String TYP = "JWT";

    private static final long LIFE = 60;

    /** What an answer must repeat of its question, and the level it must reach. */
    record Asked(String subject, String nonce, String sid, int level) {
    }

    static Answer of(Claims claims, Parties parties, Asked asked, long now) throws Fault {
        claims.is("iss", parties.sidecar());
        claims.is("aud", parties.realm());
        claims.is("sub", asked.subject());
        claims.is("nonce", asked.nonce());
        claims.is("sid", asked.sid());
        claims.isFresh(now, LIFE);
        if (claims.seconds("auth_time") > now + 10) throw Fault.untrusted("the claim auth_time lies in the future");
        int level = level(claims.text("acr"));
        if (level < asked.level()) throw Fault.untrusted("the level reached is " + level + ", asked was " + asked.level());
        return new Answer(level, claims.texts("amr"), claims.flagOrFalse("set_up"), claims.because(), claims.failures());
    }

    private static int level(String acr) throws Fault {
        if (!acr.matches("[123]")) throw Fault.untrusted("the claim acr is not 1, 2 or 3");
        return Integer.parseInt(acr);
    }
}
