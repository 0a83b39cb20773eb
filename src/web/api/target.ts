import type { AdminChange, UserRecord } from '../../core/administration/administration.ts'
import { protectionOf, reachOf, sightOf } from '../../core/administration/authority.ts'
import type { Protection } from '../../core/administration/authority.ts'
import { untilWritten } from '../retry.ts'
import type { Call } from './endpoint.ts'
import { Problem } from './problem.ts'

export type OfUser = { userId: string }

const REFUSALS: Record<Protection, string> = {
  'own-account': 'nobody does this to their own account: ask another administrator',
  'protected-account':
    'this user has a role that administers the realm or its second factors: ask a tfa-admin',
  'roles-unknown':
    'nobody has told yet whether this user administers the realm, which their next login does: ask a tfa-admin',
}

/**
 * The user that the path names, as far as the caller may see them: for who manages groups, only who is in one of them
 * now, as Keycloak says.
 * @throws Problem not-found
 * @throws DirectoryError
 */
export async function findUser(call: Call<OfUser>): Promise<UserRecord> {
  const { context, realm, directory, caller, params } = call
  const known = await context.admin.user(realm.name, params.userId)
  if (sightOf(caller) === 'managed' && !(await isBelow(call))) throw nobody()
  if (known !== undefined) return known
  const user = await directory.user(params.userId)
  if (user === undefined) throw nobody()
  return blank(user)
}

/**
 * The user that the path names, where the caller may act on them (R28). Roles and groups are asked of Keycloak at this
 * moment: where it does not say, nothing is done.
 * @throws Problem not-found, forbidden, own-account, protected-account or roles-unknown
 * @throws DirectoryError
 */
export async function findTarget(call: Call<OfUser>): Promise<UserRecord> {
  const record = await findUser(call)
  if (await isOutOfReach(call)) {
    throw new Problem('forbidden', 'this user is in none of the groups that you manage')
  }
  const protection = await protectionFor(call, record)
  if (protection !== undefined) throw new Problem(protection, REFUSALS[protection])
  return record
}

/** Why the caller may not act on a user whom they see; undefined where they may. @throws DirectoryError */
export async function protectionFor(
  { caller, directory }: Call,
  { user, roles }: UserRecord,
): Promise<Protection | undefined> {
  // A tfa-admin acts on everybody but themselves, also while Keycloak is away.
  const asks = user.id !== caller.userId && !caller.roles.has('tfa-admin')
  const live = asks ? ((await directory.rolesOf(user.id)) ?? []) : []
  return protectionOf(caller, { id: user.id, live, told: roles })
}

/**
 * Reads, decides and writes an act on a user until no other came between; a round that finds nothing to do any more
 * says so by what it throws.
 */
export async function act<T>(
  call: Call<OfUser>,
  decide: (record: UserRecord) => Promise<{ change: AdminChange | undefined; result: T }>,
): Promise<T> {
  return await untilWritten(async () => {
    const { change, result } = await decide(await findTarget(call))
    if (change === undefined) return result
    return (await call.context.admin.commit(change)) === 'written' ? result : 'lost'
  })
}

/** Whether the caller sees this user without being allowed to act on them. @throws DirectoryError */
export async function isOutOfReach(call: Call<OfUser>): Promise<boolean> {
  const reach = reachOf(call.caller)
  if (reach === 'nobody') return true
  // Who sees only those below them was asked about already.
  return reach === 'managed' && sightOf(call.caller) === 'everybody' && !(await isBelow(call))
}

/** Whether the user is in one of the groups that the caller manages, as Keycloak says now. @throws DirectoryError */
async function isBelow({ directory, caller, params }: Call<OfUser>): Promise<boolean> {
  const groups = (await directory.groupsOf(params.userId)) ?? []
  return groups.some(({ id }) => caller.manages.has(id))
}

function nobody(): Problem {
  return new Problem('not-found', 'there is no such user, or none that you may see')
}

/** A user of Keycloak of whom nothing is known here yet. */
export function blank(user: UserRecord['user']): UserRecord {
  return {
    user,
    goneAt: undefined,
    roles: undefined,
    groups: [],
    override: undefined,
    methods: [],
    lockedUntil: 0,
    graceStarts: new Map(),
  }
}
