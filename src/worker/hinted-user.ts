import { isDeepStrictEqual } from 'node:util'
import { ADMINISTERS, withSubgroups } from '../core/administration/authority.ts'
import { DirectoryError } from '../core/sync/directory.ts'
import type { KeptHint, KnownUser } from '../core/sync/sync-store.ts'
import { dropUsers, leftToDrop } from './gone.ts'
import { studyUsers } from './study.ts'
import type { Step, Tenure } from './tenure.ts'
import { othersRead } from './witness.ts'

/** Keycloak's own name for the user of a client, who is no person and in no list. */
const SERVICE_ACCOUNT = /^service-account-/

/**
 * Reads a user again: profile, groups, roles. Gives whether there is one whose enforcement may be another now.
 * @param named the users whom hints name just now: none of them witnesses for another
 */
export async function hintedUser(
  tenure: Tenure,
  hint: KeptHint,
  named: ReadonlySet<string>,
): Promise<boolean> {
  const { realm, directory, store, read } = tenure
  const [known] = await store.users(realm, [hint.id])
  const user = await read(directory.user(hint.id))
  if (user === undefined) {
    await missed(tenure, hint, known, named)
    return false
  }
  if (known === undefined && SERVICE_ACCOUNT.test(user.username)) {
    await tenure.commit({ done: [hint] })
    return false
  }
  const groups = await read(directory.groupsOf(hint.id))
  const roles = await read(directory.rolesOf(hint.id))
  if (groups === undefined || roles === undefined) {
    throw new DirectoryError('unreachable', 'the user went while it was read')
  }
  const { step, changes } = await studyUsers(tenure, [user])
  const memberships = await membershipsOf(tenure, hint.id, groups)
  const told = rolesTold(known?.roles, roles, hint.administers)
  const lookup = tenure.lookupOf(user.phone)
  const news: Step[] = [
    ...(lookup === known?.lookup ? [] : [{ users: { lookups: [{ userId: hint.id, lookup }] } }]),
    ...(told === undefined
      ? []
      : [{ users: { roles: [{ userId: hint.id, was: known?.roles, roles: told }] } }]),
  ]
  const ended = (left: number) => (left === 0 ? { done: [hint] } : {})
  await tenure.commit(
    {
      ...step,
      memberships: memberships.step,
      more: memberships.unknown.map((id) => ({ kind: 'group', id })),
      ...ended(news.length),
    },
    { changes: tenure.kept.changes + changes + memberships.changes + news.length },
  )
  // One after the other: they are about one row, and PostgreSQL changes a row once in a statement.
  for (const [i, one] of news.entries()) await tenure.commit({ ...one, ...ended(news.length - 1 - i) })
  return true
}

/** Keycloak has no such user. What is over the limit, or can't be told from a broken federation, a pass decides. */
async function missed(
  tenure: Tenure,
  hint: KeptHint,
  known: KnownUser | undefined,
  named: ReadonlySet<string>,
): Promise<void> {
  if (known !== undefined && known.goneAt === undefined) {
    const mayGo = (await leftToDrop(tenure)) >= 1 && (await othersRead(tenure, known.user, { except: named }))
    if (!mayGo) {
      await tenure.commit({ done: [hint], more: [{ kind: 'full', id: '' }] })
      return
    }
    await dropUsers(tenure, [known], true)
  }
  await tenure.commit({ done: [hint] })
}

async function membershipsOf({ realm, store, kept }: Tenure, userId: string, groups: { id: string }[]) {
  const known = await store.groups(realm)
  const tracked = withSubgroups(known, kept.roots)
  const now = new Set(groups.map(({ id }) => id))
  const before = new Set(await store.membershipGroups(realm, userId))
  const gone = new Set(known.filter(({ goneAt }) => goneAt !== undefined).map(({ id }) => id))
  const add = [...now].filter((id) => tracked.has(id))
  // A group that is gone takes its memberships with it when it is forgotten.
  const groupIds = [...before].filter((id) => !now.has(id) && !gone.has(id))
  const here = new Set(known.map(({ id }) => id))
  return {
    step: { add: add.map((groupId) => ({ groupId, userId })), remove: { userId, groupIds } },
    changes: add.filter((id) => !before.has(id)).length + groupIds.length,
    unknown: [...now].filter((id) => !here.has(id) || gone.has(id)),
  }
}

/**
 * The roles as they are told now; undefined where that is as it was. While nobody told whether the user administers
 * the realm, which Keycloak does not show, having no `tfa-…` role tells nothing either.
 */
function rolesTold(
  was: string[] | undefined,
  realmRoles: string[],
  administers: boolean | undefined,
): string[] | undefined {
  const now = realmRoles.filter((role) => role.startsWith('tfa-')).toSorted()
  const wasAdministrator = was?.includes(ADMINISTERS)
  // A holder of one of our roles is protected all the same; in doubt, later too.
  const administrator = administers ?? wasAdministrator ?? (now.length > 0 ? true : undefined)
  if (administrator === undefined) return undefined
  const next = administrator ? [...now, ADMINISTERS] : now
  return was !== undefined && isDeepStrictEqual(new Set(was), new Set(next)) ? undefined : next
}
