package dev.latchkey.keycloak;

import java.io.IOException;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

import org.keycloak.credential.CredentialModel;
import org.keycloak.util.JsonSerialization;

/**
 * The methods that Keycloak lists for a user, in rows of its own credentials. Nothing secret is in them: they are there
 * to be seen, and to be deleted.
 */
record Listed(List<CredentialModel> rows) {

    private static final String VERSION = "listing";
    private static final String METHOD = "method";

    static Listed among(List<CredentialModel> credentials) {
        return new Listed(credentials.stream().filter(Listed::isOurs).toList());
    }

    static boolean isOurs(CredentialModel credential) {
        return LatchkeyCredentialFactory.TYPE.equals(credential.getType());
    }

    List<String> ids() {
        return rows.stream().map(CredentialModel::getId).toList();
    }

    /** Of what was written last; null where no row tells. */
    Long version() {
        return rows.stream().map(Listed::version).filter(each -> each >= 0).max(Long::compare).orElse(null);
    }

    /** What a row keeps: which kind of method it is, and the telling that wrote it; always in the same words. */
    static String data(String method, long version) {
        try {
            return JsonSerialization.writeValueAsString(new TreeMap<>(Map.of(METHOD, method, VERSION, version)));
        } catch (IOException e) {
            throw new IllegalStateException(e);
        }
    }

    private static long version(CredentialModel row) {
        if (row.getCredentialData() == null) return -1;
        try {
            return JsonSerialization.mapper.readTree(row.getCredentialData()).path(VERSION).asLong(-1);
        } catch (IOException e) {
            return -1;
        }
    }
}
