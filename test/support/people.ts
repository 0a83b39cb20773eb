import type { Database } from '../../src/adapters/store/database.ts'

/** A group as the worker would have seen it. */
export interface SeedGroup {
  id: string
  path: string
  parentId?: string
  managers?: string[]
}

/** A user as the worker would have seen them, with the ids of the groups that they are direct members of. */
export interface SeedUser {
  id: string
  username?: string
  firstName?: string
  lastName?: string
  email?: string
  /** null: nobody told yet. */
  roles?: string[] | null
  enforcement?: string
  groups?: string[]
  goneAt?: number
  /** Methods that they have; nobody can answer by them, since their secrets are none. */
  methods?: string[]
  override?: string | undefined
}

const CHUNK = 1_000

/** Fills the directory's tables, as a full pass of the worker does. */
export async function seedDirectory(
  { db }: Pick<Database, 'db'>,
  realm: string,
  { groups = [], users = [] }: { groups?: SeedGroup[]; users?: SeedUser[] },
): Promise<void> {
  for (const { id, path, parentId, managers = [] } of groups) {
    await db
      .insertInto('directory_group')
      .values({
        realm,
        group_id: id,
        parent_id: parentId ?? null,
        name: path.split('/').at(-1) ?? '',
        path,
        managers: JSON.stringify(managers),
        pass: 1,
        gone_at: null,
      })
      .execute()
  }
  for (let i = 0; i < users.length; i += CHUNK) {
    const some = users.slice(i, i + CHUNK)
    await db
      .insertInto('directory_user')
      .values(
        some.map(({ id, roles = [], ...user }) => ({
          realm,
          user_id: id,
          username: user.username ?? id,
          first_name: user.firstName ?? null,
          last_name: user.lastName ?? null,
          email: user.email ?? null,
          enabled: 1,
          federation: null,
          roles: roles === null ? null : JSON.stringify(roles),
          enforcement: user.enforcement ?? null,
          pass: 1,
          gone_at: user.goneAt ?? null,
        })),
      )
      .execute()
    const members = some.flatMap(({ id, groups: own = [] }) =>
      own.map((group_id) => ({ realm, group_id, user_id: id, pass: 1 })),
    )
    if (members.length > 0) await db.insertInto('membership').values(members).execute()
    await seedMethods(db, realm, some)
  }
}

async function seedMethods(db: Database['db'], realm: string, users: SeedUser[]): Promise<void> {
  const credentials = users.flatMap(({ id, methods = [] }) =>
    methods.map((method, i) => ({
      id: `${id}-${method}`,
      realm,
      user_id: id,
      method,
      label: null,
      sealed: 'nothing',
      version: 1,
      failures: 0,
      created_at: i,
    })),
  )
  if (credentials.length > 0) await db.insertInto('credential').values(credentials).execute()
  const overrides = users.flatMap(({ id, override }) =>
    override === undefined ? [] : [{ realm, user_id: id, enforcement: override }],
  )
  if (overrides.length > 0) await db.insertInto('override').values(overrides).execute()
}
