package dev.latchkey.keycloak;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.util.ArrayList;
import java.util.List;

import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.keycloak.credential.CredentialModel;
import org.keycloak.util.JsonSerialization;

@DisplayName("Keycloak lists what the sidecar told, and never brings back what an administrator deleted (B8)")
class RelistingTest {

    private static Listing.Method method(String id, String label, long since) {
        return new Listing.Method(id, "totp", label, 7, since);
    }

    private static Listing told(long version, Listing.Method... methods) {
        return new Listing(version, List.of(methods));
    }

    private static CredentialModel row(String type, String id, String label, String data) {
        CredentialModel row = new CredentialModel();
        row.setId(id);
        row.setType(type);
        row.setUserLabel(label);
        row.setCredentialData(data);
        return row;
    }

    private static List<CredentialModel> rows(Listing told) {
        return Relisting.of(List.of(), told).create();
    }

    private static List<String> labels(List<CredentialModel> rows) {
        return rows.stream().map(CredentialModel::getUserLabel).toList();
    }

    @Test
    @DisplayName("writes what is new, with the sidecar's id, and nothing a second time")
    void creates() {
        Listing told = told(5, method("a", "App", 5));
        List<CredentialModel> made = rows(told);
        assertEquals("a", made.get(0).getId());
        assertEquals("latchkey", made.get(0).getType());
        assertEquals(7000, made.get(0).getCreatedDate());
        assertEquals("{\"listing\":5,\"method\":\"totp\"}", made.get(0).getCredentialData());
        assertTrue(Relisting.of(made, told).isEmpty());
        assertEquals(5L, Listed.among(made).version());
    }

    @Test
    @DisplayName("removes what is not told any more, changes what is called otherwise, and leaves other kinds alone")
    void changes() {
        List<CredentialModel> all = new ArrayList<>(rows(told(5, method("a", "App", 5), method("b", "Other", 5))));
        all.add(row("otp", "k", "Phone", "{}"));
        Relisting plan = Relisting.of(all, told(6, method("a", "App: Work", 5)));
        assertEquals(List.of("b"), plan.remove());
        assertEquals(List.of("App: Work"), labels(plan.change()));
        assertTrue(plan.create().isEmpty());
    }

    @Test
    @DisplayName("does not bring back what was written and is gone, unless it is told again")
    void deleted() {
        List<CredentialModel> left = rows(told(5, method("b", "B", 5)));
        assertTrue(Relisting.of(left, told(5, method("a", "A", 5), method("b", "B", 5))).isEmpty());
        assertTrue(Relisting.of(left, told(6, method("a", "A", 5), method("b", "B", 5))).create().isEmpty());
        assertEquals(List.of("A"), labels(Relisting.of(left, told(6, method("a", "A", 6), method("b", "B", 5))).create()));
    }

    @Test
    @DisplayName("R32: writes everything again where nothing of it is there")
    void lost() {
        assertEquals(2, rows(told(9, method("a", "A", 3), method("b", "B", 9))).size());
    }

    @Test
    @DisplayName("makes labels unique, whatever the case, beside those of other kinds too, and keeps them short enough")
    void unique() {
        List<CredentialModel> all = List.of(row("otp", "k", "app", "{}"));
        Listing told = told(1, method("a", "App", 1), method("b", "APP", 1), method("c", "x".repeat(255), 1), method("d", "x".repeat(255), 1));
        List<String> labels = labels(Relisting.of(all, told).create());
        assertEquals("App (2)", labels.get(0));
        assertEquals("APP (3)", labels.get(1));
        assertEquals("x".repeat(251) + " (2)", labels.get(3));
    }

    @Test
    @DisplayName("knows no version where no row tells one")
    void version() {
        assertNull(Listed.among(List.of()).version());
        assertNull(Listed.among(List.of(row("latchkey", "a", "A", null), row("latchkey", "b", "B", "no"),
                row("otp", "c", "C", "{\"listing\":3}"))).version());
    }

    @Test
    @DisplayName("refuses a listing that is none")
    void malformed() throws IOException {
        for (String claim : List.of("{}", "[]", "{\"version\":\"1\"}", "{\"version\":1,\"methods\":[{\"id\":\"a\"}]}")) {
            assertThrows(IllegalArgumentException.class, () -> Listing.of(JsonSerialization.mapper.readTree(claim)), claim);
        }
        assertEquals(new Listing(1, List.of()), Listing.of(JsonSerialization.mapper.readTree("{\"version\":1,\"methods\":[]}")));
    }
}
