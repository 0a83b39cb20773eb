import { DirectoryError } from '../../src/core/sync/directory.ts'
import type { Directory, DirectoryGroup, DirectoryUser } from '../../src/core/sync/directory.ts'

/** A realm's users and groups in memory, and everything that can go wrong between them and a worker. */
export interface FakeKeycloak extends Directory {
  /** The calls so far, for example `members g1 0 1000`. */
  calls: string[]
  /** Is asked before every call: throws, waits, or changes the world in the middle of a pass. */
  onCall: (call: string) => void | Promise<void>
  /** Users that lists leave out, while they are there by their ids. */
  hidden: Set<string>
  /** What `count` says; undefined: the truth. */
  counts: number | undefined
  people: Map<string, { user: DirectoryUser; groups: Set<string>; roles: string[]; credentials: string[] }>
  places: Map<string, DirectoryGroup>
  addUser(id: string, change?: Partial<DirectoryUser>): void
  addGroup(name: string, attributes?: Record<string, string[]>, parentId?: string): string
  join(userId: string, groupId: string): void
  leave(userId: string, groupId: string): void
  /** With all below it. */
  removeGroup(id: string): void
}

/** Every call fails so, which a test sets as `onCall`. */
export function failing(reason: 'refused' | 'unreachable', only: RegExp = /./) {
  return (call: string) => {
    if (only.test(call)) throw new DirectoryError(reason, `the test wants ${reason}`)
  }
}

export function fakeKeycloak(): FakeKeycloak {
  const { people, places }: Pick<FakeKeycloak, 'people' | 'places'> = { people: new Map(), places: new Map() }
  const listed = () => [...people.values()].filter(({ user }) => !fake.hidden.has(user.id))
  const asked = async (call: string) => {
    fake.calls.push(call)
    await fake.onCall(call)
  }
  const fake: FakeKeycloak = {
    calls: [],
    onCall: () => {},
    hidden: new Set(),
    counts: undefined,
    people,
    places,
    addUser(id, change = {}) {
      const before = people.get(id)
      const plain = { firstName: undefined, lastName: undefined, email: undefined, federation: undefined }
      const user = { ...plain, username: id, enabled: true, ...before?.user, ...change, id }
      people.set(id, {
        user,
        groups: before?.groups ?? new Set(),
        roles: before?.roles ?? [],
        credentials: before?.credentials ?? [],
      })
    },
    addGroup(name, attributes = {}, parentId) {
      const id = `id-${name}`
      const path = `${parentId === undefined ? '' : places.get(parentId)?.path}/${name}`
      places.set(id, { id, parentId, name, path, attributes })
      return id
    },
    join: (userId, groupId) => void people.get(userId)?.groups.add(groupId),
    leave: (userId, groupId) => void people.get(userId)?.groups.delete(groupId),
    removeGroup(id) {
      places.delete(id)
      for (const { groups } of people.values()) groups.delete(id)
      for (const group of places.values()) if (group.parentId === id) fake.removeGroup(group.id)
    },

    async *groups() {
      await asked('groups')
      const all = [...places.values()].toSorted((a, b) => a.path.split('/').length - b.path.split('/').length)
      for (let first = 0; first < all.length; first += 2) {
        if (first > 0) await asked(`groups ${first}`)
        yield structuredClone(all.slice(first, first + 2))
      }
    },
    async group(id) {
      await asked(`group ${id}`)
      return structuredClone(places.get(id))
    },
    async users(first, max) {
      await asked(`users ${first} ${max}`)
      return structuredClone(
        listed()
          .slice(first, first + max)
          .map(({ user }) => user),
      )
    },
    async user(id) {
      await asked(`user ${id}`)
      return structuredClone(people.get(id)?.user)
    },
    async userNamed(username) {
      await asked(`userNamed ${username}`)
      return structuredClone([...people.values()].find(({ user }) => user.username === username)?.user)
    },
    async members(groupId, first, max) {
      await asked(`members ${groupId} ${first} ${max}`)
      if (!places.has(groupId)) return undefined
      const own = listed().filter(({ groups }) => groups.has(groupId))
      return structuredClone(own.slice(first, first + max).map(({ user }) => user))
    },
    async groupsOf(userId) {
      await asked(`groupsOf ${userId}`)
      const known = people.get(userId)
      return known && [...known.groups].map((id) => ({ id, path: places.get(id)?.path ?? '' }))
    },
    async rolesOf(userId) {
      await asked(`rolesOf ${userId}`)
      return structuredClone(people.get(userId)?.roles)
    },
    async credentialsOf(userId) {
      await asked(`credentialsOf ${userId}`)
      return structuredClone(people.get(userId)?.credentials)
    },
    async count() {
      await asked('count')
      return fake.counts ?? people.size
    },
    async readsItself() {
      await asked('readsItself')
      return true
    },
  }
  return fake
}
