package dev.latchkey.keycloak;

import java.util.ArrayList;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.Set;

import org.keycloak.credential.CredentialModel;
import org.keycloak.models.SubjectCredentialManager;

/** What is to be written so that Keycloak lists what the sidecar told. */
record Relisting(List<String> remove, List<CredentialModel> change, List<CredentialModel> create) {

    private static final long MILLIS = 1000;
    private static final int LONGEST = 255;

    /** @param credentials everything that the user has in Keycloak */
    static Relisting of(List<CredentialModel> credentials, Listing told) {
        Listed listed = Listed.among(credentials);
        Map<String, CredentialModel> rows = new LinkedHashMap<>();
        listed.rows().forEach(row -> rows.put(row.getId(), row));
        Set<String> taken = new HashSet<>();
        credentials.stream().filter(each -> !Listed.isOurs(each) && each.getUserLabel() != null)
                .forEach(each -> taken.add(key(each.getUserLabel())));
        Relisting plan = new Relisting(new ArrayList<>(), new ArrayList<>(), new ArrayList<>());
        Set<String> wanted = new HashSet<>();
        for (Listing.Method method : told.methods()) {
            CredentialModel row = rows.get(method.id());
            // What this version had written and is not there was deleted: the sidecar is to find that at the next question.
            if (row == null && listed.version() != null && method.since() <= listed.version()) continue;
            CredentialModel next = model(method, told.version(), unique(method.label(), taken));
            wanted.add(method.id());
            if (row == null) plan.create.add(next);
            else if (differs(row, next)) plan.change.add(next);
        }
        rows.keySet().stream().filter(id -> !wanted.contains(id)).forEach(plan.remove::add);
        return plan;
    }

    boolean isEmpty() {
        return remove.isEmpty() && change.isEmpty() && create.isEmpty();
    }

    void write(SubjectCredentialManager store) {
        remove.forEach(store::removeStoredCredentialById);
        // Labels are unique at each moment, and two may have changed places.
        change.forEach(each -> store.updateCredentialLabel(each.getId(), each.getId()));
        change.forEach(store::updateStoredCredential);
        create.forEach(store::createStoredCredential);
    }

    private static CredentialModel model(Listing.Method method, long version, String label) {
        CredentialModel model = new CredentialModel();
        model.setId(method.id());
        model.setType(LatchkeyCredentialFactory.TYPE);
        model.setUserLabel(label);
        model.setCreatedDate(method.created() * MILLIS);
        model.setCredentialData(Listed.data(method.type(), version));
        model.setSecretData("{}");
        return model;
    }

    private static boolean differs(CredentialModel row, CredentialModel next) {
        return !Objects.equals(row.getUserLabel(), next.getUserLabel())
                || !Objects.equals(row.getCredentialData(), next.getCredentialData());
    }

    private static String unique(String label, Set<String> taken) {
        String found = label;
        for (int number = 2; !taken.add(key(found)); number++) {
            String end = " (" + number + ")";
            found = label.substring(0, Math.min(label.length(), LONGEST - end.length())) + end;
        }
        return found;
    }

    /** Keycloak compares labels so. */
    private static String key(String label) {
        return label.trim().toLowerCase(Locale.ROOT);
    }
}
