package dev.latchkey.keycloak;

/**
 * What the sidecar decided.
 *
 * @param needed false is the only thing that skips the second factor
 * @param requestUri null where not needed
 * @param expires until when this decision may be used, in seconds
 */
record Decision(boolean needed, String requestUri, long expires, String because, Failures failures) {

    static final String TYP = "latchkey-decision+jwt";

    private static final long LIFE = 30;

    /** What a decision must repeat of its question. */
    record Asked(String subject, String nonce, String jti) {
    }

    static Decision of(Claims claims, Parties parties, Asked asked, long now) throws Fault {
        claims.is("iss", parties.sidecar());
        claims.is("aud", parties.realm());
        claims.is("sub", asked.subject());
        claims.is("nonce", asked.nonce());
        claims.is("jti", asked.jti());
        claims.isFresh(now, LIFE);
        boolean needed = claims.flag("needed");
        String requestUri = needed ? claims.text("request_uri") : null;
        if (needed && requestUri.isBlank()) throw Fault.untrusted("the claim request_uri is empty");
        long expires = claims.seconds(needed ? "request_uri_expires_at" : "exp");
        return new Decision(needed, requestUri, expires, claims.because(), claims.failures());
    }
}
