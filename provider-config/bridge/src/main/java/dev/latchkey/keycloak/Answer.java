package dev.latchkey.keycloak;

import java.util.List;
import java.util.Set;

/**
 * What was proven at the sidecar.
 *
 * @param exempt nothing was: the sidecar lets this login go on by its first factor alone
 */
record Answer(int level, List<String> amr, boolean exempt, String because, Failures failures) {

    static final String TYP = "JWT";

    private static final long LIFE = 60;

    /** Why a login may go on without a second factor. */
    private static final Set<String> EXEMPTIONS = Set.of("trusted-device", "grace", "help-desk");

    /**
     * What an answer must repeat of its question, and the level it must reach.
     *
     * @param exemptable whether it may say instead why no second factor was given
     */
    record Asked(String subject, String nonce, String sid, int level, boolean exemptable) {
    }

    static Answer of(Claims claims, Parties parties, Asked asked, long now) throws Fault {
        claims.is("iss", parties.sidecar());
        claims.is("aud", parties.realm());
        claims.is("sub", asked.subject());
        claims.is("nonce", asked.nonce());
        claims.is("sid", asked.sid());
        claims.isFresh(now, LIFE);
        int level = level(claims.text("acr"));
        if (isExempt(claims)) {
            if (!asked.exemptable()) throw Fault.untrusted("nothing is exempt where a second factor was asked for");
            if (level != 1) throw Fault.untrusted("an exemption proves nothing, but the level reached is " + level);
            return new Answer(level, claims.texts("amr"), true, claims.because(), claims.failures());
        }
        if (claims.seconds("auth_time") > now + 10) throw Fault.untrusted("the claim auth_time lies in the future");
        if (level < asked.level()) throw Fault.untrusted("the level reached is " + level + ", asked was " + asked.level());
        return new Answer(level, claims.texts("amr"), false, claims.because(), claims.failures());
    }

    private static boolean isExempt(Claims claims) throws Fault {
        if (!claims.has("exempt")) return false;
        if (!EXEMPTIONS.contains(claims.text("exempt"))) throw Fault.untrusted("the claim exempt is unknown");
        return true;
    }

    private static int level(String acr) throws Fault {
        if (!acr.matches("[123]")) throw Fault.untrusted("the claim acr is not 1, 2 or 3");
        return Integer.parseInt(acr);
    }
}
