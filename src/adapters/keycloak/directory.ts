import { z } from 'zod'
import { DirectoryError } from '../../core/sync/directory.ts'
import type { Directory, DirectoryGroup, DirectoryUser } from '../../core/sync/directory.ts'
import type { Realm } from '../../core/realm.ts'
import { createAdminRead } from './admin-read.ts'
import type { AdminRead } from './admin-read.ts'
import type { ServiceAccount } from './service-account.ts'
import { PHONE } from './setup/names.ts'

/** Groups that Keycloak is asked for at once: with their attributes each costs it a query. */
const GROUPS_PAGE = 200
/** Pages of groups that Keycloak is asked for at once. Most groups have few below them: a call does next to nothing. */
const GROUP_CALLS = 4
/** Groups that are handed on at once, at least: most have few below them, and each hand-over costs the database. */
const GROUPS_BATCH = 100

const optional = z
  .string()
  .nullish()
  .transform((text) => text ?? undefined)
const user = z
  .object({
    id: z.string().min(1),
    username: z.string(),
    firstName: optional,
    lastName: optional,
    email: optional,
    emailVerified: z.boolean().nullish(),
    enabled: z.boolean().default(true),
    federationLink: optional,
    origin: optional,
    attributes: z.record(z.string(), z.array(z.string())).nullish(),
  })
  .transform(
    // Each by its name, so that what is absent is there as undefined, too.
    ({ attributes, federationLink, origin, emailVerified, ...own }): DirectoryUser => ({
      id: own.id,
      username: own.username,
      firstName: own.firstName,
      lastName: own.lastName,
      email: own.email,
      enabled: own.enabled,
      federation: federationLink ?? origin,
      ...(emailVerified === true ? { emailVerified } : {}),
      ...(attributes?.[PHONE]?.[0] === undefined ? {} : { phone: attributes[PHONE][0] }),
    }),
  )
const group = z
  .object({
    id: z.string().min(1),
    parentId: optional,
    name: z.string(),
    path: z.string(),
    subGroupCount: z.int().default(0),
    attributes: z.record(z.string(), z.array(z.string())).default({}),
  })
  .transform(({ attributes, ...rest }) => ({
    ...rest,
    attributes: Object.fromEntries(Object.entries(attributes).filter(([name]) => name.startsWith('tfa.'))),
  }))

/**
 * A realm's users and groups, read through the Admin REST API.
 * @param timeout milliseconds that Keycloak has to answer each call in
 */
export function createDirectory(realm: Realm, account: ServiceAccount, timeout: number): Directory {
  const read = createAdminRead(realm, account, timeout)

  return {
    groups: () => everyGroup(read),
    async group(id) {
      const found = await read(({ groups }) => groups.findOne({ id }), group)
      return found && withoutCount(found)
    },
    users: async (first, max) =>
      (await read(({ users }) => users.find({ first, max, briefRepresentation: true }), z.array(user))) ??
      missing(),
    user: async (id) => await read(({ users }) => users.findOne({ id }), user),
    async userNamed(username) {
      const found = await read(
        ({ users }) => users.find({ username, exact: true, briefRepresentation: true }),
        z.array(user),
      )
      return (found ?? missing())[0]
    },
    members: async (groupId, first, max) =>
      await read(
        ({ groups }) => groups.listMembers({ id: groupId, first, max, briefRepresentation: true }),
        z.array(user),
      ),
    groupsOf: async (userId) =>
      await read(
        ({ users }) => users.listGroups({ id: userId, briefRepresentation: true }),
        z.array(z.object({ id: z.string().min(1), path: z.string() })),
      ),
    async rolesOf(userId) {
      const roles = await read(
        ({ users }) => users.listCompositeRealmRoleMappings({ id: userId }),
        z.array(z.object({ name: z.string() })),
      )
      return roles?.map(({ name }) => name)
    },
    async credentialsOf(userId) {
      const listed = await read(
        ({ users }) => users.getCredentials({ id: userId }),
        z.array(z.object({ id: z.string().min(1) })),
      )
      return listed?.map(({ id }) => id)
    },
    count: async () => (await read(({ users }) => users.count(), z.int().min(0))) ?? missing(),
    async readsItself() {
      const id = await account.subject()
      return (await read(({ users }) => users.findOne({ id }), user)) !== undefined
    },
  }
}

/** Level by level, so that a group comes before those below it. Nothing is asked while a batch is worked on. */
async function* everyGroup(read: AdminRead): AsyncGenerator<DirectoryGroup[]> {
  const places: { parentId?: string; first: number }[] = [{ first: 0 }]
  let batch: DirectoryGroup[] = []
  while (places.length > 0) {
    const some = places.splice(0, GROUP_CALLS)
    const pages = await Promise.all(
      some.map(async (place) => ({ ...place, page: await pageOf(read, place) })),
    )
    for (const { page, first, ...below } of pages) {
      batch.push(...page.map(withoutCount))
      places.push(
        ...page
          .filter(({ subGroupCount }) => subGroupCount > 0)
          .map(({ id }) => ({ parentId: id, first: 0 })),
      )
      if (page.length >= GROUPS_PAGE) places.push({ ...below, first: first + GROUPS_PAGE })
    }
    if (batch.length >= GROUPS_BATCH) {
      yield batch
      batch = []
    }
  }
  if (batch.length > 0) yield batch
}

/** None below a group that was deleted since it was listed; at the top that can't be. */
async function pageOf(read: AdminRead, { parentId, first }: { parentId?: string; first: number }) {
  const page = await read(({ groups }) => {
    const asked = { first, max: GROUPS_PAGE, briefRepresentation: false }
    return parentId === undefined ? groups.find(asked) : groups.listSubGroups({ parentId, ...asked })
  }, z.array(group))
  return page ?? (parentId === undefined ? missing() : [])
}

function withoutCount({ id, parentId, name, path, attributes }: z.output<typeof group>): DirectoryGroup {
  return { id, parentId, name, path, attributes }
}

function missing(): never {
  throw new DirectoryError('unreachable', 'Keycloak has no list of users or groups at its Admin API')
}
