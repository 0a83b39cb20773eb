package dev.latchkey.keycloak;

/** Why the user is sent to the sidecar, and the level that an answer must reach at least. */
enum Purpose {
    LOGIN("login", 2),
    MANAGE("manage", 1),
    ENROL("enrol", 1),
    DIRECT("direct", 2);

    final String claim;
    final int level;

    Purpose(String claim, int level) {
        this.claim = claim;
        this.level = level;
    }
}
