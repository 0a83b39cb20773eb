import type { Realm } from '../../core/realm.ts'

/**
 * Asks the Admin API for something in the name of whoever acts, with their token: the sidecar's own account may only look.
 * @param path below the realm's
 * @returns undefined where there is no answer; never throws
 */
export async function actInKeycloak(
  realm: Realm,
  token: string,
  { verb, path, body, timeout }: { verb: 'POST' | 'PUT'; path: string; body?: unknown; timeout: number },
): Promise<{ status: number; location: string; body: unknown } | undefined> {
  const root = realm.keycloakUrl.slice(0, -realm.base.length)
  try {
    const response = await fetch(`${root}/admin${realm.base}${path}`, {
      method: verb,
      headers: {
        Authorization: `Bearer ${token}`,
        ...(body === undefined ? {} : { 'Content-Type': 'application/json' }),
      },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      redirect: 'error',
      signal: AbortSignal.timeout(timeout),
    })
    const said: unknown = await response.json().catch(() => undefined)
    return { status: response.status, location: response.headers.get('location') ?? '', body: said }
  } catch {
    return undefined
  }
}
