import type { Realm } from '../../core/realm.ts'

/** Milliseconds. */
const TIMEOUT = 3_000

/**
 * Ends a user's sessions in Keycloak with the rights of whoever asks for it: the sidecar has none of its own.
 * @param token the access token of the acting administrator
 * @returns whether Keycloak did; never throws
 */
export async function endSessions(realm: Realm, userId: string, token: string): Promise<boolean> {
  const root = realm.keycloakUrl.slice(0, -realm.base.length)
  try {
    const response = await fetch(`${root}/admin${realm.base}/users/${encodeURIComponent(userId)}/logout`, {
      method: 'POST',
      headers: { Authorization: `Bearer ${token}` },
      redirect: 'error',
      signal: AbortSignal.timeout(TIMEOUT),
    })
    await response.body?.cancel()
    return response.ok
  } catch {
    return false
  }
}
