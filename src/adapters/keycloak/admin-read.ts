import type KcAdminClient from '@keycloak/keycloak-admin-client'
import type { z } from 'zod'
import { DirectoryError } from '../../core/sync/directory.ts'
import type { Realm } from '../../core/realm.ts'
import type { ServiceAccount } from './service-account.ts'
import { patience, waited, withTimeout } from '../../patience.ts'
import { SERVICE_ROLE } from './setup/names.ts'

/** Keycloak's answers to a path that is not there: they say nothing of a user or a group. */
const NO_ENTITY = new Set(['Realm not found.', 'HTTP 404 Not Found'])

/**
 * Asks the Admin REST API. Undefined: Keycloak has no such thing, and says so itself.
 * @throws DirectoryError
 */
export type AdminRead = <T>(
  call: (client: KcAdminClient) => Promise<unknown>,
  shape: z.ZodType<T>,
) => Promise<T | undefined>

/** @param timeout milliseconds that Keycloak has to answer in, each time */
export function createAdminRead(realm: Realm, account: ServiceAccount, timeout: number): AdminRead {
  const baseUrl = realm.keycloakUrl.slice(0, -realm.base.length)
  let opened: ReturnType<typeof open> | undefined

  return async (call, shape) => {
    const answer = await ask(call, true)
    if (answer === undefined) return undefined
    const parsed = shape.safeParse(answer.body)
    if (!parsed.success) throw unreachable('answers what is no answer of its Admin API')
    return parsed.data
  }

  /** The client with the first call: what it is made of takes long to load, and no login asks Keycloak by it. */
  async function open() {
    const { default: Client, NetworkError } = await import('@keycloak/keycloak-admin-client')
    const client = new Client({
      baseUrl,
      realmName: realm.name,
      timeout,
      requestOptions: { redirect: 'error' },
      // A proxy's 404 must not pass for Keycloak's.
      requestArgOptions: { catchNotFound: false },
    })
    client.registerTokenProvider({ getAccessToken: async () => await account.token() })
    return { client, NetworkError }
  }

  async function ask(
    call: (client: KcAdminClient) => Promise<unknown>,
    again: boolean,
  ): Promise<{ body: unknown } | undefined> {
    // By itself, so that the call has all of its time; the client finds it kept.
    await waited(account.token())
    const { client, NetworkError } = await (opened ??= open())
    const most = patience(timeout)
    try {
      return { body: await waited(withTimeout(call(client), most)) }
    } catch (error) {
      if (error instanceof DirectoryError) throw error
      if (!(error instanceof NetworkError)) throw unreachable(whyNot(error, most), error)
      const { status } = error.response
      if (status === 404 && isNotThere(error.responseData)) return undefined
      if (status === 401 && again) {
        account.forget()
        return await ask(call, false)
      }
      if (status === 401 || status === 403) throw refused(status)
      throw unreachable(`answers with status ${status}`)
    }
  }

  function whyNot(error: unknown, most: number): string {
    const isLate = error instanceof Error && error.name === 'TimeoutError'
    return isLate
      ? `takes longer than ${most / 1000} s to answer; a user federation that hangs makes it so`
      : 'does not answer'
  }

  function unreachable(why: string, cause?: unknown): DirectoryError {
    return new DirectoryError('unreachable', `Keycloak ${why} at ${baseUrl}`, { cause })
  }

  function refused(status: number): DirectoryError {
    return new DirectoryError(
      'refused',
      `the service account of Latchkey may not read users and groups (${status}): it lacks ${SERVICE_ROLE}; run latchkey setup`,
    )
  }
}

function isNotThere(body: unknown): boolean {
  const said = typeof body === 'object' && body !== null ? (body as { error?: unknown }).error : undefined
  return typeof said === 'string' && !NO_ENTITY.has(said)
}
