package dev.latchkey.keycloak;

import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;

/** One message to the sidecar, as docs/protocol.md tells it: ids alone, for the sidecar reads again what they name. */
record Hint(List<String> users, List<String> groups, List<Deleted> deleted, boolean full) {

    static final String TYP = "latchkey-event+jwt";
    static final int MOST = 500;

    private static final long LIFE = 60;

    /** Whom it names: those of the deleted credentials too, who may not be among the users any more. */
    Set<String> people() {
        Set<String> people = new LinkedHashSet<>(users);
        deleted.forEach(each -> people.add(each.user()));
        return people;
    }

    /** @param administrators those of the people who administer the realm now: the sidecar's account may not see it */
    Map<String, Object> claims(Parties parties, List<String> administrators, String jti, long now) {
        Map<String, Object> claims = new LinkedHashMap<>();
        claims.put("iss", parties.realm());
        claims.put("aud", parties.sidecar());
        claims.put("iat", now);
        claims.put("exp", now + LIFE);
        claims.put("jti", jti);
        claims.put("users", users);
        claims.put("groups", groups);
        claims.put("full", full);
        claims.put("administrators", administrators);
        claims.put("deleted", deleted.stream().map(each -> Map.of("user", each.user(), "credential", each.credential())).toList());
        return claims;
    }

    /** For logs: counts, never ids. */
    @Override
    public String toString() {
        return users.size() + " users, " + groups.size() + " groups, " + deleted.size() + " credentials" + (full ? ", all" : "");
    }
}
