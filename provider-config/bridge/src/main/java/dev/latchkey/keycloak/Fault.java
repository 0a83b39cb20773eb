package dev.latchkey.keycloak;

import jakarta.ws.rs.core.Response.Status;

/** Why a hand-off can't go on. The detail is for logs and events, never for a page. */
final class Fault extends Exception {

    private static final long serialVersionUID = 1L;

    enum Kind {
        /** The push did not connect, took too long, or got a 5xx: the only kind that a realm may leave open. */
        OUTAGE(Status.SERVICE_UNAVAILABLE, "latchkeyUnavailable", "latchkey_unavailable"),
        MISCONFIGURED(Status.INTERNAL_SERVER_ERROR, "latchkeyMisconfigured", "latchkey_misconfigured"),
        UNREACHABLE(Status.SERVICE_UNAVAILABLE, "latchkeyUnavailable", "latchkey_unavailable"),
        UNTRUSTED(Status.SERVICE_UNAVAILABLE, "latchkeyUnavailable", "latchkey_invalid_answer"),
        STALE(Status.UNAUTHORIZED, "latchkeyStale", "latchkey_stale_return"),
        REFUSED(Status.UNAUTHORIZED, "latchkeyStale", "latchkey_code_refused"),
        CANCELLED(Status.UNAUTHORIZED, "latchkeyCancelled", "rejected_by_user"),
        LOCKED(Status.UNAUTHORIZED, "accountTemporarilyDisabledMessage", "user_temporarily_disabled"),
        DISABLED(Status.UNAUTHORIZED, "accountPermanentlyDisabledMessage", "user_disabled");

        final Status status;
        final String message;
        final String event;

        Kind(Status status, String message, String event) {
            this.status = status;
            this.message = message;
            this.event = event;
        }
    }

    private final Kind kind;

    Fault(Kind kind, String detail) {
        super(detail);
        this.kind = kind;
    }

    Fault(Kind kind, String detail, Throwable cause) {
        super(detail, cause);
        this.kind = kind;
    }

    Kind kind() {
        return kind;
    }

    static Fault untrusted(String detail) {
        return new Fault(Kind.UNTRUSTED, detail);
    }
}
