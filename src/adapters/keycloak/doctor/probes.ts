import type { KcAdminClient } from '../admin-session.ts'
import { CLIENT_ID } from '../setup/names.ts'
import type { Realm } from '../../../core/realm.ts'

/** What was seen on the network; an error is a sentence in place of a value. */
export interface Probes {
  /** The issuer that Keycloak names for the realm. */
  keycloakIssuer: Seen<string>
  /** The number of keys that Keycloak publishes. */
  keycloakKeys: Seen<number>
  /** The issuer that the sidecar names, at its public address. */
  sidecarIssuer: Seen<string>
  /** The number of keys at the address that Keycloak was given. */
  sidecarKeys: Seen<number>
  /** Whether Keycloak itself reaches the sidecar; undefined where that could not be tried. */
  keycloakReaches: Seen<true> | undefined
  /**
   * Seconds by which Keycloak's clock is ahead of the sidecar's, or of this machine's where the sidecar is away;
   * undefined where Keycloak did not tell the time.
   */
  skew: number | undefined
}

type Seen<T> = { value: T } | { error: string }

const TIMEOUT = 5_000

interface Answer {
  body: Record<string, unknown>
  /** Milliseconds by which the answer's Date is ahead of this machine. */
  ahead: number
}

/**
 * Asks both sides what they say of themselves.
 * @param admin lets Keycloak try the way to the sidecar, by its own import of a provider's metadata; changes nothing
 * @param jwksUrl where Keycloak was told to fetch the sidecar's keys
 */
export async function probe(
  realm: Realm,
  {
    admin,
    jwksUrl = `${realm.issuer}/jwks`,
    clock = Date.now,
  }: { admin?: KcAdminClient; jwksUrl?: string; clock?: () => number },
): Promise<Probes> {
  const get = async (url: string) => await fetchJson(url, clock)
  const [keycloak, keys, sidecar, sidecarKeys] = await Promise.all([
    get(`${realm.keycloakUrl}/.well-known/openid-configuration`),
    get(`${realm.keycloakUrl}/protocol/openid-connect/certs`),
    get(`${realm.issuer}/.well-known/openid-configuration`),
    get(jwksUrl),
  ])
  return {
    keycloakIssuer: issuerOf(keycloak),
    keycloakKeys: keysOf(keys),
    sidecarIssuer: issuerOf(sidecar),
    sidecarKeys: keysOf(sidecarKeys),
    keycloakReaches: admin === undefined ? undefined : await fromKeycloak(admin, realm.name, jwksUrl),
    skew: skewOf(await keycloakAhead(realm.name, admin, clock), sidecar),
  }
}

async function fetchJson(url: string, clock: () => number): Promise<Seen<Answer>> {
  try {
    const response = await fetch(url, { redirect: 'error', signal: AbortSignal.timeout(TIMEOUT) })
    const ahead = midSecond(Date.parse(response.headers.get('date') ?? '')) - clock()
    if (!response.ok) return { error: `${url} answered ${response.status}` }
    const body = (await response.json()) as Record<string, unknown>
    return { value: { body, ahead } }
  } catch (error) {
    return { error: `${url} can't be fetched: ${reasonOf(error)}` }
  }
}

function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error)
  const { cause } = error
  return cause instanceof Error && cause.message !== '' ? cause.message : error.message
}

function issuerOf(answer: Seen<Answer>): Seen<string> {
  if ('error' in answer) return answer
  const { issuer } = answer.value.body
  return typeof issuer === 'string' ? { value: issuer } : { error: 'the metadata names no issuer' }
}

function keysOf(answer: Seen<Answer>): Seen<number> {
  if ('error' in answer) return answer
  const { keys } = answer.value.body
  return Array.isArray(keys) && keys.length > 0 ? { value: keys.length } : { error: 'no keys are published' }
}

function skewOf(keycloak: number | undefined, sidecar: Seen<Answer>): number | undefined {
  if (keycloak === undefined) return undefined
  const other = 'error' in sidecar || Number.isNaN(sidecar.value.ahead) ? 0 : sidecar.value.ahead
  return Math.round((keycloak - other) / 1000)
}

/** Keycloak's answers carry no Date; the example of a token, which its console shows too, has the time it was made. */
async function keycloakAhead(
  realm: string,
  admin: KcAdminClient | undefined,
  clock: () => number,
): Promise<number | undefined> {
  try {
    const [client] = (await admin?.clients.find({ realm, clientId: CLIENT_ID })) ?? []
    if (admin === undefined || client?.id === undefined) return undefined
    const { id: userId = '' } = await admin.clients.getServiceAccountUser({ realm, id: client.id })
    const example = await admin.clients.evaluateGenerateIdToken({
      realm,
      id: client.id,
      userId,
      scope: 'openid',
    })
    const { iat } = example as { iat?: unknown }
    return typeof iat === 'number' ? midSecond(iat * 1000) - clock() : undefined
  } catch {
    return undefined
  }
}

/** A time that is told in whole seconds is on average half a second past. */
function midSecond(time: number): number {
  return time + 500
}

async function fromKeycloak(admin: KcAdminClient, realm: string, jwksUrl: string): Promise<Seen<true>> {
  const fromUrl = `${jwksUrl.replace(/\/jwks$/, '')}/.well-known/openid-configuration`
  try {
    await admin.identityProviders.importFromUrl({ realm, providerId: 'oidc', fromUrl })
    return { value: true }
  } catch (error) {
    return { error: `Keycloak can't fetch ${fromUrl} (${reasonOf(error)}; its log has more)` }
  }
}
