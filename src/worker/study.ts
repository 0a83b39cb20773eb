import { isDeepStrictEqual } from 'node:util'
import { WORKER } from '../core/audit/audit.ts'
import { entryBy } from '../core/administration/changes.ts'
import type { DirectoryGroup, DirectoryUser } from '../core/sync/directory.ts'
import type { SeenGroup } from '../core/sync/sync-store.ts'
import type { SyncWarning } from '../core/sync/sync.ts'
import { namedManagers, plan } from './plan.ts'
import type { Step, Tenure } from './tenure.ts'

/** They are part of the state, which is read every second. */
const MOST_WARNINGS = 500
const UUID = /^[\da-f]{8}(-[\da-f]{4}){3}-[\da-f]{12}$/i

/** What was read of Keycloak, compared with what is known. */
export interface Studied {
  step: Step
  /** How much of it is another than it was. */
  changes: number
}

/** Groups as Keycloak has them now: what they change of the directory, of rules and of managers. */
export async function studyGroups(
  tenure: Tenure,
  groups: DirectoryGroup[],
): Promise<Studied & { warnings: SyncWarning[] }> {
  const { realm, registry, store, admin } = tenure
  const known = new Map((await store.groups(realm)).map((group) => [group.id, group]))
  const { rules } = await admin.policy(realm)
  const { saveRules, removeRules, audit, managers, warnings } = plan(groups, {
    realm,
    now: tenure.now(),
    registry,
    rules,
    managers: new Map([...known.values()].map((group) => [group.id, group.managers])),
    userIds: await resolveUsers(tenure, namedManagers(groups, registry)),
  })
  const now = groups.map(({ id, parentId, name, path }) => ({
    id,
    parentId,
    name,
    path,
    managers: managers.get(id) ?? [],
  }))
  const save = now.filter((group) => !isAsKnown(group, known.get(group.id)))
  const seen = now.filter((group) => !save.includes(group)).map(({ id }) => id)
  return {
    step: { groups: { save, seen }, saveRules, removeRules, audit },
    changes: save.length + saveRules.length + removeRules.length,
    warnings,
  }
}

/** The warnings of these groups, in the place of those that they had; so many that a person can do something about. */
export function withWarnings(
  before: readonly SyncWarning[],
  groups: readonly { id: string }[],
  now: readonly SyncWarning[],
): SyncWarning[] {
  const ids = new Set(groups.map(({ id }) => id))
  return [...before.filter(({ groupId }) => !ids.has(groupId)), ...now].slice(0, MOST_WARNINGS)
}

function isAsKnown(now: Omit<SeenGroup, 'pass' | 'goneAt'>, before: SeenGroup | undefined): boolean {
  if (before === undefined || before.goneAt !== undefined) return false
  const { pass: _, goneAt: __, ...rest } = before
  return isDeepStrictEqual(rest, now)
}

/** Ids by lower-case names or ids, from the directory where it knows them, else from Keycloak. */
async function resolveUsers({ realm, store, directory, read }: Tenure, names: string[]) {
  const found = new Map<string, string>(await store.named(realm, names))
  for (const { user } of await store.users(realm, names)) found.set(user.id.toLowerCase(), user.id)
  for (const name of names.filter((one) => !found.has(one.toLowerCase()))) {
    const user =
      (await read(directory.userNamed(name))) ??
      (UUID.test(name) ? await read(directory.user(name)) : undefined)
    if (user !== undefined) found.set(name.toLowerCase(), user.id)
  }
  return found
}

/** What is kept of a user: the phone is not, so it makes no difference. */
function kept({
  id,
  username,
  firstName,
  lastName,
  email,
  enabled,
  federation,
}: DirectoryUser): DirectoryUser {
  return { id, username, firstName, lastName, email, enabled, federation }
}

/** Users as Keycloak lists them now. */
export async function studyUsers({ realm, store, now }: Tenure, listed: DirectoryUser[]): Promise<Studied> {
  const users = [...new Map(listed.map((user) => [user.id, kept(user)])).values()]
  const ids = users.map(({ id }) => id)
  const known = new Map((await store.users(realm, ids)).map((one) => [one.user.id, one]))
  const isBack = ({ id }: DirectoryUser) => known.get(id)?.goneAt !== undefined
  const save = users.filter((user) => isBack(user) || !isDeepStrictEqual(known.get(user.id)?.user, user))
  const saved = new Set(save)
  const returned = users.filter(isBack)
  return {
    step: {
      users: {
        save,
        seen: users.filter((user) => !saved.has(user)).map(({ id }) => id),
        returned: returned.map(({ id }) => id),
      },
      audit: returned.map(({ id: userId, username }) =>
        entryBy(
          { actor: WORKER, at: now() },
          { event: 'user.returned', realm, userId, detail: { username, goneAt: known.get(userId)?.goneAt } },
        ),
      ),
    },
    changes: save.length,
  }
}

/** Members of a group as Keycloak lists them now; users who are not known yet will be, by a hint or the next pass. */
export async function studyMembers(
  { realm, store }: Tenure,
  groupId: string,
  members: DirectoryUser[],
): Promise<Studied> {
  const ids = [...new Set(members.map(({ id }) => id))]
  const known = (await store.users(realm, ids)).map(({ user }) => user.id)
  const before = await store.membersAmong(realm, groupId, known)
  return {
    step: { memberships: { add: known.map((userId) => ({ groupId, userId })) } },
    changes: known.length - before.size,
  }
}
