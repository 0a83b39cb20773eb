package dev.latchkey.keycloak;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

import org.keycloak.models.RealmModel;
import org.keycloak.sessions.AuthenticationSessionModel;

/** The request object's claims, as docs/protocol.md tells them. */
record Question(Step step, Parties parties, Notes.Binding binding, String jti, long now) {

    static final String TYP = "oauth-authz-req+jwt";

    private static final long LIFE = 60;

    Map<String, Object> claims() {
        Map<String, Object> claims = new LinkedHashMap<>();
        claims.put("iss", parties.realm());
        claims.put("client_id", parties.realm());
        claims.put("aud", parties.sidecar());
        claims.put("iat", now);
        claims.put("exp", now + LIFE);
        claims.put("jti", jti);
        claims.put("response_type", "code");
        claims.put("scope", "openid");
        if (step.address() != null) claims.put("redirect_uri", step.address().toString());
        claims.put("state", binding.state());
        claims.put("nonce", binding.nonce());
        claims.put("sid", step.sid());
        claims.put("purpose", step.purpose().claim);
        if (Invitation.isOpen(step.login())) claims.put("invited", true);
        claims.put("login_expires_at", loginExpiresAt());
        Console.of(step).describe(claims);
        new Person(step.session(), step.user()).describe(claims);
        new Place(step.session(), step.realm()).describe(claims, step.user(), step.login().getClient());
        describeLogin(claims);
        return claims;
    }

    private void describeLogin(Map<String, Object> claims) {
        AuthenticationSessionModel login = step.login();
        List<String> amr = Proven.amr(step);
        SingleSignOn session = SingleSignOn.of(step);
        if (session != null && session.isTrusted()) claims.put("trusted_session", true);
        claims.put("amr", amr);
        // Single sign-on proves nothing anew: the time is that of the session it rests on.
        Long authTime = session != null ? session.authTime() : amr.isEmpty() ? null : Long.valueOf(now);
        if (authTime != null) claims.put("auth_time", authTime);
        if (step.level() > 0) claims.put("acr_values", Integer.toString(step.level()));
        String maxAge = login.getClientNote("max_age");
        if (maxAge != null && maxAge.matches("\\d{1,9}")) claims.put("max_age", Long.valueOf(maxAge));
        String prompt = login.getClientNote("prompt");
        if (prompt != null && !prompt.isBlank()) claims.put("prompt", prompt);
    }

    private long loginExpiresAt() {
        if (step.address() == null) return now + LIFE;
        RealmModel realm = step.realm();
        int action = realm.getAccessCodeLifespanUserAction();
        int login = realm.getAccessCodeLifespanLogin() > 0 ? realm.getAccessCodeLifespanLogin() : action;
        String path = step.address().getPath();
        boolean isAction = path.endsWith("/required-action") || path.endsWith("/reset-credentials");
        return step.login().getParentSession().getTimestamp() + (isAction ? Math.min(action, login) : login);
    }
}
