import { decodeJwt } from 'jose'
import { DirectoryError } from '../../core/sync/directory.ts'
import type { Realm } from '../../core/realm.ts'
import { CLIENT_ID } from './setup/names.ts'
import { requestTokens } from './token-request.ts'
import type { TokenRequestOptions } from './token-request.ts'

/** Errors of RFC 6749 that say that the client is not set up as it has to be. */
const NOT_SET_UP = new Set(['invalid_client', 'unauthorized_client'])

/** The sidecar's own account in a realm, proved by the sidecar's keys (RFC 7523). */
export interface ServiceAccount {
  /** An access token that is good for a while. @throws DirectoryError */
  token(): Promise<string>
  /** The account's user id, as the newest token says it. @throws DirectoryError */
  subject(): Promise<string>
  /** Takes a new token next time: Keycloak did not take this one. */
  forget(): void
}

export function createServiceAccount(realm: Realm, options: TokenRequestOptions): ServiceAccount {
  const { clock } = options
  let kept: { token: string; subject: string; until: number } | undefined
  let asked: Promise<NonNullable<typeof kept>> | undefined

  return {
    token: async () => (await current()).token,
    subject: async () => (await current()).subject,
    forget() {
      kept = undefined
    },
  }

  async function current() {
    if (kept !== undefined && clock() < kept.until) return kept
    asked ??= grant().finally(() => {
      asked = undefined
    })
    kept = await asked
    return kept
  }

  async function grant() {
    const answer = await post()
    const token = answer['access_token']
    const life = answer['expires_in']
    if (typeof token !== 'string' || typeof life !== 'number') throw unusable()
    // Early enough for a call that takes long, and never sooner than half of its life.
    const margin = Math.min(20_000, life * 500)
    return { token, subject: subjectOf(token), until: clock() + life * 1000 - margin }
  }

  async function post(): Promise<Record<string, unknown>> {
    const response = await requestTokens(realm, { grant_type: 'client_credentials' }, options).catch(
      (cause: unknown) => {
        throw new DirectoryError('unreachable', `Keycloak does not answer at ${realm.keycloakUrl}`, { cause })
      },
    )
    const answer: unknown = await response.json().catch(() => undefined)
    if (typeof answer !== 'object' || answer === null) throw unusable(response.status)
    const { error } = answer as { error?: unknown }
    if (response.ok) return answer as Record<string, unknown>
    if (typeof error === 'string' && NOT_SET_UP.has(error)) {
      throw new DirectoryError(
        'refused',
        `Keycloak does not take the client ${CLIENT_ID} of the realm ${realm.name} (${error}): run latchkey setup, and see that Keycloak reaches the sidecar's keys`,
      )
    }
    throw unusable(response.status)
  }

  function unusable(status?: number): DirectoryError {
    const said = status === undefined ? '' : ` (status ${status})`
    return new DirectoryError(
      'unreachable',
      `Keycloak's realm ${realm.name} gives no token that can be used${said}`,
    )
  }

  function subjectOf(token: string): string {
    try {
      const { sub } = decodeJwt(token)
      if (sub !== undefined) return sub
    } catch {
      // What can't be read is no token of Keycloak's.
    }
    throw unusable()
  }
}
