package dev.latchkey.keycloak;

/** A credential of any kind that an administrator deleted. */
record Deleted(String user, String credential) {
}
