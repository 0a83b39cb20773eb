package dev.latchkey.keycloak;

import java.util.List;

/**
 * What was proven at the sidecar.
 *
 * @param trusted nothing was: the user is not asked for a second factor on this device
 */
record Answer(int level, List<String> amr, boolean trusted, String because, Failures failures) {

    static final String TYP = "JWT";

    private static final long LIFE = 60;

    /**
     * What an answer must repeat of its question, and the level it must reach.
     *
     * @param trusts whether a trusted device may stand in for a second factor
     */
    record Asked(String subject, String nonce, String sid, int level, boolean trusts) {
    }

    static Answer of(Claims claims, Parties parties, Asked asked, long now) throws Fault {
        claims.is("iss", parties.sidecar());
        claims.is("aud", parties.realm());
        claims.is("sub", asked.subject());
        claims.is("nonce", asked.nonce());
        claims.is("sid", asked.sid());
        claims.isFresh(now, LIFE);
        int level = level(claims.text("acr"));
        if (claims.optionalFlag("trusted_device")) {
            if (!asked.trusts()) throw Fault.untrusted("a trusted device does not count in this step");
            if (level != 1) throw Fault.untrusted("a trusted device proves nothing, but the level reached is " + level);
            return new Answer(level, claims.texts("amr"), true, claims.because(), claims.failures());
        }
        if (claims.seconds("auth_time") > now + 10) throw Fault.untrusted("the claim auth_time lies in the future");
        if (level < asked.level()) throw Fault.untrusted("the level reached is " + level + ", asked was " + asked.level());
        return new Answer(level, claims.texts("amr"), false, claims.because(), claims.failures());
    }

    private static int level(String acr) throws Fault {
        if (!acr.matches("[123]")) throw Fault.untrusted("the claim acr is not 1, 2 or 3");
        return Integer.parseInt(acr);
    }
}
