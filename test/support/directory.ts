import { DirectoryError } from '../../src/core/sync/directory.ts'
import type { Directory, DirectoryGroup, DirectoryUser } from '../../src/core/sync/directory.ts'

/** Stands in for a realm's users and groups in Keycloak. */
export interface FakeDirectory extends Directory {
  /** While set, every call fails with it. */
  failure: 'refused' | 'unreachable' | undefined
  addGroup(id: string, path: string, parentId?: string): void
  /** Adds a user, or changes what is given; an address is verified. */
  addUser(
    id: string,
    change?: {
      username?: string
      email?: string
      groups?: string[]
      roles?: string[]
      phone?: string | undefined
      credentials?: string[]
    },
  ): void
  removeUser(id: string): void
  /** The calls so far, for example `rolesOf user-1`. */
  calls: string[]
}

interface Known {
  user: DirectoryUser
  groups: string[]
  roles: string[]
  credentials: string[]
}

export function fakeDirectory(): FakeDirectory {
  const groups = new Map<string, DirectoryGroup>()
  const users = new Map<string, Known>()
  const calls: string[] = []
  const directory: FakeDirectory = {
    failure: undefined,
    calls,
    addGroup(id, path, parentId) {
      groups.set(id, { id, parentId, name: path.split('/').at(-1) ?? '', path, attributes: {} })
    },
    addUser(id, change = {}) {
      const before = users.get(id)
      users.set(id, {
        user: {
          id,
          username: change.username ?? before?.user.username ?? id,
          firstName: undefined,
          lastName: undefined,
          email: change.email ?? before?.user.email,
          ...((change.email ?? before?.user.email) === undefined ? {} : { emailVerified: true as const }),
          enabled: true,
          federation: undefined,
          ...(change.phone === undefined ? {} : { phone: change.phone }),
        },
        groups: change.groups ?? before?.groups ?? [],
        roles: change.roles ?? before?.roles ?? [],
        credentials: change.credentials ?? before?.credentials ?? [],
      })
    },
    removeUser: (id) => void users.delete(id),
    async *groups() {
      asked('groups')
      yield [...groups.values()]
    },
    async group(id) {
      asked(`group ${id}`)
      return groups.get(id)
    },
    async users(first, max) {
      asked(`users ${first} ${max}`)
      return [...users.values()].slice(first, first + max).map(({ user }) => user)
    },
    async user(id) {
      asked(`user ${id}`)
      return users.get(id)?.user
    },
    async userNamed(username) {
      asked(`userNamed ${username}`)
      return [...users.values()].find(({ user }) => user.username === username)?.user
    },
    async members(groupId, first, max) {
      asked(`members ${groupId} ${first} ${max}`)
      if (!groups.has(groupId)) return undefined
      const own = [...users.values()].filter((known) => known.groups.includes(groupId))
      return own.slice(first, first + max).map(({ user }) => user)
    },
    async groupsOf(userId) {
      asked(`groupsOf ${userId}`)
      const known = users.get(userId)
      return known && withAncestors(known.groups).map(({ id, path }) => ({ id, path }))
    },
    async rolesOf(userId) {
      asked(`rolesOf ${userId}`)
      return users.get(userId)?.roles
    },
    async credentialsOf(userId) {
      asked(`credentialsOf ${userId}`)
      return users.get(userId)?.credentials
    },
    async count() {
      asked('count')
      return users.size
    },
    async readsItself() {
      asked('readsItself')
      return true
    },
  }
  return directory

  function asked(call: string): void {
    calls.push(call)
    if (directory.failure !== undefined) throw new DirectoryError(directory.failure, 'as the test wants it')
  }

  function withAncestors(ids: string[]): DirectoryGroup[] {
    const found = new Set<DirectoryGroup>()
    for (const id of ids) {
      for (let group = groups.get(id); group !== undefined; group = groups.get(group.parentId ?? '')) {
        found.add(group)
      }
    }
    return [...found]
  }
}
