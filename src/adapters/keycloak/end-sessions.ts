import type { Realm } from '../../core/realm.ts'
import { actInKeycloak } from './acting.ts'

/** Milliseconds. */
const TIMEOUT = 2_000

/**
 * Ends a user's sessions in Keycloak with the rights of whoever asks for it: the sidecar has none of its own.
 * @param token the access token of the acting administrator
 * @returns whether Keycloak did; never throws
 */
export async function endSessions(realm: Realm, userId: string, token: string): Promise<boolean> {
  const path = `/users/${encodeURIComponent(userId)}/logout`
  const answer = await actInKeycloak(realm, token, { verb: 'POST', path, timeout: TIMEOUT })
  return answer !== undefined && answer.status < 300
}
