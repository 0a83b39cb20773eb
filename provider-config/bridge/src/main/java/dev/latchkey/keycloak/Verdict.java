package dev.latchkey.keycloak;

import org.keycloak.sessions.AuthenticationSessionModel;

/** Whether this login was decided already, so that the gate does not ask again what a flow asked. */
record Verdict(AuthenticationSessionModel login, String user) {

    /** Marks the user session of a login that the gate holds: {@code 1} until the verdict, then {@code 0}. */
    static final String PENDING = "latchkey.pending";

    private static final String VERDICT = "latchkey.verdict";
    private static final String GIVEN = "given ";
    private static final String OPEN = "open ";
    /** A note of the client's request, because a restart clears the others. */
    private static final String NEEDED = "latchkey.needed";

    static Verdict of(Step step) {
        return new Verdict(step.login(), step.user().getId());
    }

    boolean isGiven() {
        return (GIVEN + user).equals(login.getAuthNote(VERDICT)) || isOpen();
    }

    /** Nobody decided: the sidecar was away, and the realm lets such logins through. */
    boolean isOpen() {
        return (OPEN + user).equals(login.getAuthNote(VERDICT));
    }

    void give() {
        write(GIVEN);
    }

    void open() {
        write(OPEN);
    }

    void pend() {
        login.removeAuthNote(VERDICT);
        login.setUserSessionNote(PENDING, "1");
    }

    void need() {
        login.setClientNote(NEEDED, "true");
    }

    /** In any tab of this browser's login. */
    boolean wasNeeded() {
        return login.getParentSession().getAuthenticationSessions().values().stream()
                .anyMatch(tab -> tab.getClientNote(NEEDED) != null);
    }

    /** Written over rather than removed: the user session may hold the note of a login before. */
    private void write(String verdict) {
        login.setAuthNote(VERDICT, verdict + user);
        login.setUserSessionNote(PENDING, "0");
    }
}
