import type { Realm } from '../realm.ts'

/** The client id of our own pages in every realm. */
export const PAGES_CLIENT = 'latchkey'

/** What the realm's token endpoint gave, unchecked. */
export interface Tokens {
  accessToken: string
  refreshToken: string
  /** Absent from some refreshes. */
  idToken: string | undefined
}

/**
 * The realm's token endpoint, as the client of our own pages asks it: proven by the sidecar's keys (RFC 7523).
 * `refused`: the grant is not good any more (`invalid_grant`).
 * @throws AppError unavailable where Keycloak does not answer, or does not take the client
 */
export interface TokenEndpoint {
  redeem(
    realm: Realm,
    grant: { code: string; verifier: string; redirectUri: string },
  ): Promise<Tokens | 'refused'>
  /** Requests for the same token at the same time are one. */
  refresh(realm: Realm, refreshToken: string): Promise<Tokens | 'refused'>
}
