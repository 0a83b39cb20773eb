package dev.latchkey.keycloak;

import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.util.List;

import jakarta.ws.rs.core.MultivaluedMap;

/** What the browser brought back in the address. Anybody can write it: it proves nothing by itself. */
record Return(MultivaluedMap<String, String> query) {

    /** A reload, or the step's own address: nobody says that an answer is in it. */
    boolean isEmpty() {
        return !query.containsKey("code") && !query.containsKey("error") && !query.containsKey("state");
    }

    /** @throws Fault unless the address carries this step's state and the sidecar's name, and a code */
    String code(Notes.Binding binding, String sidecar) throws Fault {
        if (binding == null || !same(binding.state(), one("state"))) {
            throw new Fault(Fault.Kind.STALE, "the state is not this step's");
        }
        if (!sidecar.equals(one("iss"))) throw new Fault(Fault.Kind.STALE, "iss does not name the sidecar");
        if (query.containsKey("error")) throw error();
        String code = one("code");
        if (code == null || code.isEmpty()) throw new Fault(Fault.Kind.STALE, "the answer holds no code");
        return code;
    }

    private Fault error() {
        return "access_denied".equals(one("error"))
                ? new Fault(Fault.Kind.CANCELLED, "the user gave up at the second factor")
                : new Fault(Fault.Kind.STALE, "the answer is an unknown error");
    }

    private String one(String name) {
        List<String> values = query.get(name);
        return values != null && values.size() == 1 ? values.get(0) : null;
    }

    private static boolean same(String expected, String given) {
        return given != null && MessageDigest.isEqual(
                expected.getBytes(StandardCharsets.UTF_8), given.getBytes(StandardCharsets.UTF_8));
    }
}
