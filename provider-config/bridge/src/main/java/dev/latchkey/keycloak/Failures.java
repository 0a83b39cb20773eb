package dev.latchkey.keycloak;

/** The user's wrong tries number {@code from + 1} to {@code to}, as the sidecar numbers them. */
record Failures(long from, long to) {

    static final Failures NONE = new Failures(0, 0);

    static Failures of(long from, long to) throws Fault {
        if (from < 0 || to < from) throw Fault.untrusted("the claim failures runs from " + from + " to " + to);
        return new Failures(from, to);
    }

    /** How many lie above the number that was counted already. */
    long above(long counted) {
        return Math.max(0, to - Math.max(from, counted));
    }
}
