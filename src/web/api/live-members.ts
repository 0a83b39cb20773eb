import type { KnownGroup, UserRecord } from '../../core/administration/administration.ts'
import { withSubgroups } from '../../core/administration/authority.ts'
import type { DirectoryUser } from '../../core/sync/directory.ts'
import type { Call } from './endpoint.ts'
import { followed } from './list-users.ts'
import { faulty } from './problem.ts'

const PAGE = 1_000

type Group = Pick<KnownGroup, 'id' | 'parentId' | 'path' | 'goneAt'>

/** Who is in groups whose members the worker does not follow yet: by user, with the groups and their ancestors. */
export type LiveMembers = Map<string, { user: DirectoryUser; groups: UserRecord['groups'] }>

/**
 * Reads the members of these groups and of those below them in Keycloak, but for the groups that the worker follows.
 * @throws Problem bad-request where Keycloak has no such group
 * @throws DirectoryError
 */
export async function liveMembers(call: Call, groupIds: readonly string[]): Promise<LiveMembers> {
  const found: LiveMembers = new Map()
  const known = await call.groups()
  const follows = followed(call, known)
  const asked = groupIds.filter((id) => !follows.has(id))
  if (asked.length === 0) return found
  const ids = new Set(known.map(({ id }) => id))
  const tree: Group[] = asked.every((id) => ids.has(id)) ? known : await groupsNow(call)
  const byId = new Map(tree.map((group) => [group.id, group]))
  const unknown = asked.find((id) => !byId.has(id))
  if (unknown !== undefined) {
    throw faulty([{ path: 'body.rules.save', message: `Keycloak has no group ${unknown}` }])
  }
  for (const id of withSubgroups(tree, asked)) {
    if (follows.has(id)) continue
    const groups = withAncestors(byId, id)
    for await (const user of membersOf(call, id)) {
      const before = found.get(user.id)
      found.set(user.id, { user, groups: [...(before?.groups ?? []), ...groups] })
    }
  }
  return found
}

/** A user's groups with those that were read beside them, each once. */
export function withGroups(record: UserRecord, more: UserRecord['groups']): UserRecord {
  const groups = new Map([...record.groups, ...more].map((group) => [group.id, group]))
  return { ...record, groups: [...groups.values()] }
}

async function groupsNow({ directory }: Call): Promise<Group[]> {
  const all: Group[] = []
  for await (const page of directory.groups()) {
    all.push(...page.map((group) => ({ ...group, goneAt: undefined })))
  }
  return all
}

async function* membersOf({ directory }: Call, groupId: string): AsyncIterable<DirectoryUser> {
  for (let first = 0; ; first += PAGE) {
    const page = (await directory.members(groupId, first, PAGE)) ?? []
    // A page may be short and not the last, where Keycloak found some of a federation's users no longer there.
    if (page.length === 0) return
    yield* page
  }
}

function withAncestors(byId: ReadonlyMap<string, Group>, id: string): UserRecord['groups'] {
  const chain: UserRecord['groups'] = []
  for (let at = byId.get(id); at !== undefined; at = byId.get(at.parentId ?? '')) {
    chain.push({ id: at.id, path: at.path })
  }
  return chain
}
