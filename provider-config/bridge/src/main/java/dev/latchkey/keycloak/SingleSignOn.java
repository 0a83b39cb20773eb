package dev.latchkey.keycloak;

import java.util.List;

import org.keycloak.authentication.AuthenticatorUtil;
import org.keycloak.models.UserSessionModel;

/** The user session that a login by single sign-on rests on: nothing was proven in this login itself. */
record SingleSignOn(UserSessionModel session) {

    private static final String AUTH_TIME = "AUTH_TIME";

    /** Null where this login is not by single sign-on, or its session is another user's. */
    static SingleSignOn of(Step step) {
        return AuthenticatorUtil.isSSOAuthentication(step.login()) ? before(step) : null;
    }

    /**
     * In a step-up, the password of the session that it goes on from: Keycloak asks there for what is missing alone.
     * Empty elsewhere. Nothing more is taken over, since it may be older than its level lasts.
     */
    static List<String> password(Step step) {
        if (step.top() == null || AuthenticatorUtil.isForcedReauthentication(step.login()) || !step.loa().isBegun()) return List.of();
        SingleSignOn session = before(step);
        return session != null && session.amr().contains("pwd") ? List.of("pwd") : List.of();
    }

    private static SingleSignOn before(Step step) {
        UserSessionModel session = step.session().sessions().getUserSession(step.realm(), step.sid());
        boolean own = session != null && session.getUser() != null && step.user().getId().equals(session.getUser().getId());
        return own ? new SingleSignOn(session) : null;
    }

    /** What Latchkey wrote there; 0 where it never came by. */
    int level() {
        String level = session.getNote(Notes.ACR);
        return level != null && level.matches("[123]") ? Integer.parseInt(level) : 0;
    }

    /** Whether it was entered by a trusted device in place of a second factor. */
    boolean isTrusted() {
        return "1".equals(session.getNote(Notes.TRUSTED));
    }

    List<String> amr() {
        return Proven.latchkey(session.getNote(Notes.AMR)).toList();
    }

    Long authTime() {
        String time = session.getNote(AUTH_TIME);
        return time == null || !time.matches("\\d{1,12}") ? null : Long.valueOf(time);
    }
}
