import type { AdminChange, MethodSummary, UserRecord } from './administration.ts'
import { entryBy } from './changes.ts'
import type { By } from './changes.ts'
import type { MethodId, Registry } from '../method.ts'
import { named } from '../login/trusted-device.ts'
import type { TrustedDevice } from '../login/trusted-device.ts'
import type { Decision } from '../policy/policy.ts'
import type { Enforcement } from '../settings.ts'

/**
 * The methods that go with this one: itself, and those that never stand alone where none is left that does (S18).
 * Undefined where the user has no such method.
 */
export function goingWith<T extends Pick<MethodSummary, 'id' | 'method'>>(
  methods: readonly T[],
  id: string,
  registry: Registry,
): T[] | undefined {
  const chosen = methods.find((one) => one.id === id)
  if (chosen === undefined) return undefined
  const rest = methods.filter((one) => one !== chosen)
  const standsAlone = ({ method }: T) => registry.get(method)?.companion !== true
  return rest.some(standsAlone) ? [chosen] : [chosen, ...rest]
}

/** Takes methods of a user away, as `goingWith` names them: the first was asked for, the others go with it. */
export function revokeMethods(
  realm: string,
  { user }: UserRecord,
  [chosen, ...others]: MethodSummary[],
  by: By,
): AdminChange {
  const namedMethod = ({ id, method }: MethodSummary) => ({ id, method })
  const detail = { ...(chosen && namedMethod(chosen)), alongWith: others.map(namedMethod) }
  return {
    realm,
    revoke: { userId: user.id, ids: [chosen, ...others].flatMap((one) => one?.id ?? []) },
    audit: [entryBy(by, { event: 'method.revoked', realm, userId: user.id, detail })],
  }
}

/** Ends the trust in these browsers of a user. */
export function revokeDevices(
  realm: string,
  { user }: UserRecord,
  devices: readonly TrustedDevice[],
  by: By,
): AdminChange {
  return {
    realm,
    forget: { userId: user.id, ids: devices.map(({ id }) => id) },
    audit: devices.map((device) =>
      entryBy(by, { event: 'device.revoked', realm, userId: user.id, detail: named(device) }),
    ),
  }
}

/** Takes everything away: methods, failures, lockout, a code of the help desk. The next login begins as a first one. */
export function resetUser(realm: string, { user, methods }: UserRecord, by: By): AdminChange {
  const detail = { methods: methods.map(({ id, method }) => ({ id, method })) }
  return {
    realm,
    revoke: { userId: user.id, ids: methods.map(({ id }) => id) },
    unlock: { userId: user.id },
    // A code would open what is no more.
    bypass: { userId: user.id, given: undefined },
    audit: [entryBy(by, { event: 'methods.reset', realm, userId: user.id, detail })],
  }
}

/** Ends a lockout and forgets failures in a row. */
export function unlockUser(realm: string, { user, lockedUntil }: UserRecord, by: By): AdminChange {
  const detail = lockedUntil > by.at ? { lockedUntil } : {}
  return {
    realm,
    unlock: { userId: user.id },
    audit: [entryBy(by, { event: 'user.unlocked', realm, userId: user.id, detail })],
  }
}

/**
 * Gives a user an enforcement of their own, or takes it back where `next` is undefined; undefined where it is that
 * already. `after` is what the policy comes to with it.
 */
export function overrideUser(
  realm: string,
  { user, override: was }: UserRecord,
  next: Enforcement | undefined,
  after: Decision,
  by: By & { reason?: string },
): AdminChange | undefined {
  if (next === was) return undefined
  const detail = {
    from: was ?? null,
    to: next ?? null,
    ...(by.reason === undefined ? {} : { reason: by.reason }),
    enforcement: after.enforcement,
    because: after.because,
  }
  const event = next === undefined ? 'override.removed' : 'override.saved'
  return {
    realm,
    override: { userId: user.id, enforcement: next, was, comesTo: after.enforcement },
    audit: [entryBy(by, { event, realm, userId: user.id, detail })],
  }
}

/** The ids of the methods that never stand alone. */
export function companionsOf(registry: Registry): Set<MethodId> {
  return new Set([...registry.values()].filter(({ companion }) => companion).map(({ id }) => id))
}
