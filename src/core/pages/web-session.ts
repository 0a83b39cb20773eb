/** What is kept, sealed, of whoever signed in to our own pages. Times are epoch milliseconds. */
export interface Visitor {
  username: string
  /** Keycloak's, for the next look at the roles. */
  refreshToken: string
  /** The realm roles, as they were at `rolesAt`. */
  roles: string[]
  /** The language, where the user or Keycloak named one. */
  locale: string | undefined
  /** When the user last gave the password to Keycloak. */
  authTime: number
  /** When the session began here. */
  since: number
}

/** A browser's session of our own pages. Times are epoch milliseconds. */
export interface WebSession {
  /** SHA-256 of the cookie, base64url. */
  idHash: string
  realm: string
  userId: string
  /** The single sign-on session in Keycloak that it is part of. */
  sid: string
  visitor: Visitor
  rolesAt: number
  expiresAt: number
}

/** The sessions of our own pages. */
export interface WebSessionStore {
  begin(session: WebSession): Promise<void>
  /** Undefined where there is none, or none any more. */
  find(realm: string, idHash: string, now: number): Promise<WebSession | undefined>
  /** Keeps what a look at Keycloak brought; false where it ended or another request kept something newer than `was`. */
  renew(session: WebSession, was: { rolesAt: number }): Promise<boolean>
  end(realm: string, idHash: string): Promise<void>
  /** Ends those of a single sign-on session, or all of a user. */
  endAll(realm: string, of: { sid: string } | { userId: string }): Promise<void>
}
