/** A realm that this server answers for: its addresses, which are configuration and never read from a token. */
export interface Realm {
  name: string
  /** The path below which the realm's pages and endpoints live, percent-encoded: `/realms/demo`. */
  base: string
  /** The sidecar's issuer for this realm: public, in every token. */
  issuer: string
  /** The realm's own issuer in Keycloak: public, the bridge's client_id. */
  keycloakIssuer: string
  /** Where the sidecar reaches the realm in Keycloak; never in a token. */
  keycloakUrl: string
}
