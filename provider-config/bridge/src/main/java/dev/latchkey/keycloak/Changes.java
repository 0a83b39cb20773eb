package dev.latchkey.keycloak;

import java.util.ArrayList;
import java.util.Iterator;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;

/** What changed in one realm and was not told yet: each id once, and no more ids than can be kept. */
final class Changes {

    static final int MOST = 2_000;

    private final Set<String> users = new LinkedHashSet<>();
    private final Set<String> groups = new LinkedHashSet<>();
    private final Set<Deleted> deleted = new LinkedHashSet<>();
    private boolean full;

    void user(String id) {
        if (id == null) return;
        users.add(id);
        bound();
    }

    void group(String id) {
        if (id == null) return;
        groups.add(id);
        bound();
    }

    /** An administrator deleted that credential. */
    void deleted(String user, String credential) {
        deleted.add(new Deleted(user, credential));
        bound();
    }

    /** More changed than ids can name. */
    void all() {
        full = true;
    }

    void add(Changes other) {
        add(other.users, other.groups, other.deleted, other.full);
    }

    /** Takes back what could not be told. */
    void add(Hint hint) {
        add(hint.users(), hint.groups(), hint.deleted(), hint.full());
    }

    /** The oldest ids, as many as one hint carries. */
    Hint take() {
        Hint hint = new Hint(first(users), first(groups), first(deleted), full);
        full = false;
        return hint;
    }

    boolean isEmpty() {
        return users.isEmpty() && groups.isEmpty() && deleted.isEmpty() && !full;
    }

    private void add(Iterable<String> moreUsers, Iterable<String> moreGroups, Iterable<Deleted> moreDeleted, boolean everything) {
        full |= everything;
        moreUsers.forEach(this::user);
        moreGroups.forEach(this::group);
        moreDeleted.forEach(each -> deleted(each.user(), each.credential()));
    }

    /** Dropping the oldest would lose them; a full pass loses none, and a deletion shows at the next login. */
    private void bound() {
        if (users.size() + groups.size() + deleted.size() <= MOST) return;
        users.clear();
        groups.clear();
        deleted.clear();
        full = true;
    }

    private static <T> List<T> first(Set<T> ids) {
        List<T> taken = new ArrayList<>();
        for (Iterator<T> each = ids.iterator(); each.hasNext() && taken.size() < Hint.MOST;) {
            taken.add(each.next());
            each.remove();
        }
        return List.copyOf(taken);
    }
}
