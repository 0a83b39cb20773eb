package dev.latchkey.keycloak;

/**
 * What the sidecar decided.
 *
 * @param needed false is the only thing that skips the second factor
 * @param requestUri null where not needed, and where no browser waits
 * @param expires until when this decision may be used, in seconds
 */
record Decision(boolean needed, String requestUri, long expires, String because, Failures failures) {

    static final String TYP = "latchkey-decision+jwt";

    private static final long LIFE = 30;

    /**
     * What a decision must repeat of its question.
     *
     * @param redirects false where no browser waits to be sent anywhere
     */
    record Asked(String subject, String nonce, String jti, boolean redirects) {
    }

    static Decision of(Claims claims, Parties parties, Asked asked, long now) throws Fault {
        claims.is("iss", parties.sidecar());
        claims.is("aud", parties.realm());
        claims.is("sub", asked.subject());
        claims.is("nonce", asked.nonce());
        claims.is("jti", asked.jti());
        claims.isFresh(now, LIFE);
        boolean needed = claims.flag("needed");
        boolean goes = needed && asked.redirects();
        String requestUri = goes ? claims.text("request_uri") : null;
        if (goes && requestUri.isBlank()) throw Fault.untrusted("the claim request_uri is empty");
        long expires = claims.seconds(goes ? "request_uri_expires_at" : "exp");
        return new Decision(needed, requestUri, expires, claims.because(), claims.failures());
    }
}
