package dev.latchkey.keycloak;

import java.util.List;
import java.util.Set;

/**
 * What was proven at the sidecar.
 *
 * @param setUp whether the proof is a method that the step set up
 * @param exempt why nothing was, where this login goes on by its first factor alone; else null
 */
record Answer(int level, List<String> amr, boolean setUp, String exempt, String because, Failures failures) {

    static final String TYP = "JWT";
    static final String TRUSTED_DEVICE = "trusted-device";

    private static final long LIFE = 60;
    private static final Set<String> EXEMPTIONS = Set.of(TRUSTED_DEVICE, "grace", "help-desk");

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
        String exempt = exemption(claims);
        if (exempt != null) {
            if (!asked.exemptable()) throw Fault.untrusted("nothing is exempt in this step");
            if (level != 1) throw Fault.untrusted("an exemption proves nothing, but the level reached is " + level);
        } else {
            if (claims.seconds("auth_time") > now + 10) throw Fault.untrusted("the claim auth_time lies in the future");
            if (level < asked.level()) throw Fault.untrusted("the level reached is " + level + ", asked was " + asked.level());
        }
        return new Answer(level, claims.texts("amr"), claims.flagOrFalse("set_up"), exempt, claims.because(), claims.failures());
    }

    boolean isProof() {
        return exempt == null;
    }

    private static String exemption(Claims claims) throws Fault {
        if (!claims.has("exempt")) return null;
        String reason = claims.text("exempt");
        if (!EXEMPTIONS.contains(reason)) throw Fault.untrusted("the claim exempt is unknown");
        return reason;
    }

    private static int level(String acr) throws Fault {
        if (!acr.matches("[123]")) throw Fault.untrusted("the claim acr is not 1, 2 or 3");
        return Integer.parseInt(acr);
    }
}
