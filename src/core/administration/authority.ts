import type { KnownGroup } from './administration.ts'

/** Who asks for something of administration, as the access token and the known groups tell. */
export interface Administrator {
  userId: string
  /** The realm roles of its token. */
  roles: ReadonlySet<string>
  /** The groups that it looks after, by id, with all their subgroups. */
  manages: ReadonlySet<string>
}

/** What somebody may look at: everybody, those in the groups that they manage, or nobody. */
export type Sight = 'everybody' | 'managed' | 'nobody'

/** Why nobody may act on a user, whatever the act: each has a sentence in `web/api`. */
export type Protection = 'own-account' | 'protected-account' | 'roles-unknown'

const READERS = ['tfa-admin', 'tfa-manager', 'tfa-auditor']
/** In `UserRecord.roles`: holds a role of realm-management. */
export const ADMINISTERS = 'administers'

export function sightOf({ roles, manages }: Administrator): Sight {
  if (READERS.some((role) => roles.has(role))) return 'everybody'
  return manages.size > 0 ? 'managed' : 'nobody'
}

/** On whom somebody may act: revoke, reset, unlock (S11, S13, S14). */
export function reachOf({ roles, manages }: Administrator): Sight {
  if (roles.has('tfa-admin') || roles.has('tfa-manager')) return 'everybody'
  return manages.size > 0 ? 'managed' : 'nobody'
}

/**
 * Why this user is not to be acted on (R28); undefined where nothing is in the way. Nobody acts on themselves, and on
 * who may administer only a tfa-admin does; so too while nobody has told whether the user does.
 *
 * @param live the user's realm roles as Keycloak has them now
 * @param told what logins and hints told of the user's roles; undefined where none did
 */
export function protectionOf(
  { userId, roles }: Administrator,
  target: { id: string; live: readonly string[]; told: readonly string[] | undefined },
): Protection | undefined {
  if (target.id === userId) return 'own-account'
  if (roles.has('tfa-admin')) return undefined
  if (target.live.some((role) => role.startsWith('tfa-'))) return 'protected-account'
  if (target.told === undefined) return 'roles-unknown'
  return target.told.includes(ADMINISTERS) ? 'protected-account' : undefined
}

/** These groups and all below them, by id; groups that are gone from Keycloak are left out. */
export function withSubgroups(
  groups: readonly Pick<KnownGroup, 'id' | 'parentId' | 'goneAt'>[],
  roots: Iterable<string>,
): Set<string> {
  const children = Map.groupBy(
    groups.filter(({ goneAt }) => goneAt === undefined),
    ({ parentId }) => parentId,
  )
  const found = new Set(roots)
  // A set that grows while it is walked hands out what was added.
  for (const id of found) for (const child of children.get(id) ?? []) found.add(child.id)
  return found
}

/** The groups that a user looks after, with all below them, by id. */
export function managedBy(groups: readonly KnownGroup[], userId: string): Set<string> {
  const own = groups.filter(({ managers, goneAt }) => goneAt === undefined && managers.includes(userId))
  return withSubgroups(
    groups,
    own.map(({ id }) => id),
  )
}
