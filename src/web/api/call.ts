import type { KnownGroup, RealmPolicy } from '../../core/administration/administration.ts'
import { managedBy } from '../../core/administration/authority.ts'
import type { Realm } from '../../core/realm.ts'
import type { WebContext } from '../context.ts'
import { allow, demandFreshFactor } from './authorize.ts'
import type { Call, Caller, Endpoint, Headers } from './endpoint.ts'
import { parsePart } from './read-body.ts'

/** Whoever calls, by token or by a session of our own pages, and the policy at this moment. */
export interface Presence {
  caller: Caller
  policy: RealmPolicy
  /** The groups that are not gone; read once. */
  groups: () => Promise<KnownGroup[]>
}

/** What is asked of an endpoint, as it came. */
export interface Asked {
  path: Record<string, unknown>
  query: unknown
  /** Read when everything else is in order. */
  body: () => Promise<unknown>
  headers: Headers
  /** The network address that it was asked for from. */
  address: string | undefined
}

/** @param who as authenticated; which groups they manage is found here */
export async function presenceOf(
  context: WebContext,
  realm: Realm,
  policy: RealmPolicy,
  who: Omit<Caller, 'manages'>,
): Promise<Presence> {
  const groups = once(async () =>
    (await context.admin.groups(realm.name)).filter(({ goneAt }) => goneAt === undefined),
  )
  const everywhere = who.roles.has('tfa-admin') || who.roles.has('tfa-manager')
  const manages = everywhere ? new Set<string>() : managedBy(await groups(), who.userId)
  return { caller: { ...who, manages }, policy, groups }
}

/**
 * Asks in the order in which less is told: whether they may, how fresh, and only then what.
 * @throws Problem forbidden, insufficient-user-authentication or bad-request
 */
export async function openCall(
  context: WebContext,
  realm: Realm,
  endpoint: Endpoint,
  { caller, policy, groups }: Presence,
  asked: Asked,
): Promise<Call> {
  const { now } = context.kit()
  if (endpoint.who !== 'anybody') allow(endpoint.who, caller)
  if (endpoint.writes) await demandFreshFactor(context, realm, caller, now)
  const part = (schema: Endpoint['params'], name: string, value: unknown) =>
    schema === undefined ? undefined : parsePart(schema, name, value)
  const { address } = asked
  return {
    context,
    realm,
    directory: context.directoryOf(realm.name),
    caller,
    policy,
    params: part(endpoint.params, 'path', asked.path),
    query: part(endpoint.query, 'query', asked.query),
    body: endpoint.body === undefined ? undefined : part(endpoint.body, 'body', await asked.body()),
    request: asked.headers,
    by: { actor: caller.userId, at: now, ...(address === undefined ? {} : { address }) },
    groups,
  }
}

function once<T>(read: () => Promise<T>): () => Promise<T> {
  let kept: Promise<T> | undefined
  return async () => await (kept ??= read())
}
