import { sql } from 'kysely'
import type { Selectable } from 'kysely'
import type { AdminStore, KnownGroup, UserRecord } from '../../core/administration/administration.ts'
import type { MethodId } from '../../core/method.ts'
import type { Sealer } from '../../core/ports.ts'
import { realmSettings } from '../../core/settings.ts'
import type { RealmSettings } from '../../core/settings.ts'
import { patiently } from '../../patience.ts'
import { adminWritesOf, sealedWritesOf } from './admin-writes.ts'
import { commitWrites } from './commit.ts'
import type { Database } from './database.ts'
import { likePattern } from './like.ts'
import { toDevice, toRule } from './rows.ts'
import type { Schema } from './schema.ts'
import { namesOfSecrets } from './secrets.ts'
import { keptSync } from './sync-store.ts'
import { countStatuses, selectPeople } from './user-query.ts'
import { recordsOf } from './user-records.ts'

/** Users that are read in one go where everybody is. */
const PAGE = 1_000

/** What the store has to be told. */
export interface AdminStoreOptions {
  /** The methods that never stand alone. */
  companions: ReadonlySet<MethodId>
  /** Epoch milliseconds. */
  clock: () => number
  /** For changes that carry a secret or a notice; without it they throw. */
  sealer?: Sealer
}

/** The store as administration uses it, on either database. */
export function createAdminStore(
  database: Database,
  { companions, clock, sealer }: AdminStoreOptions,
): AdminStore {
  const { db } = database
  const directory = (realm: string) =>
    db.selectFrom('directory_user').selectAll('directory_user').where('directory_user.realm', '=', realm)

  return {
    async policy(realm) {
      const [row, rules, proposals] = await Promise.all([
        db.selectFrom('realm').selectAll().where('name', '=', realm).executeTakeFirst(),
        db.selectFrom('rule').selectAll().where('realm', '=', realm).orderBy('group_id').execute(),
        db.selectFrom('proposal').selectAll().where('realm', '=', realm).orderBy('group_id').execute(),
      ])
      const set = JSON.parse(row?.settings ?? '{}') as Partial<RealmSettings>
      return {
        settings: realmSettings.parse(set),
        set,
        version: row?.version ?? 0,
        rules: rules.map((one) => ({
          ...toRule(one),
          origin: one.origin === 'attribute' ? 'attribute' : 'administrator',
          version: one.version,
        })),
        proposals: proposals.map((one) => ({ ...toRule(one), version: one.version })),
      }
    },

    async groups(realm) {
      const rows = await db
        .selectFrom('directory_group')
        .selectAll()
        .where('realm', '=', realm)
        .orderBy('path')
        .orderBy('group_id')
        .execute()
      return rows.map(toGroup)
    },

    async users(realm, query) {
      const people = selectPeople(db, realm, query, companions, clock())
      const rows = await people
        .selectAll('directory_user')
        .orderBy('directory_user.username')
        .orderBy('directory_user.user_id')
        .limit(query.max)
        .offset(query.first)
        .execute()
      // A page that is not full is the last one: nobody need be counted.
      const isLast = rows.length < query.max && (rows.length > 0 || query.first === 0)
      const total = isLast ? query.first + rows.length : await countOf(people)
      return { users: await recordsOf(db, realm, rows, companions), total }
    },

    async user(realm, userId) {
      const row = await directory(realm).where('user_id', '=', userId).executeTakeFirst()
      const [record] = await recordsOf(db, realm, [row ?? unlisted(realm, userId)], companions)
      return row === undefined && record !== undefined && nothingOf(record) ? undefined : record
    },

    async devices(realm, userId) {
      const rows = await db
        .selectFrom('trusted_device')
        .selectAll()
        .where('realm', '=', realm)
        .where('user_id', '=', userId)
        .orderBy('used_at', 'desc')
        .execute()
      return rows.map(toDevice)
    },

    async *everybody(realm, status) {
      const people = selectPeople(db, realm, status === undefined ? {} : { status }, companions, clock())
      let after: { username: string; user_id: string } | undefined
      for (;;) {
        const page = people
          .selectAll('directory_user')
          .$if(after !== undefined, (query) =>
            query.where(
              sql<boolean>`(directory_user.username, directory_user.user_id) > (${after?.username}, ${after?.user_id})`,
            ),
          )
          .orderBy('directory_user.username')
          .orderBy('directory_user.user_id')
          .limit(PAGE)
        // Together the pages may take as long as they take.
        const { rows, records } = await patiently(async () => {
          const read = await page.execute()
          return { rows: read, records: await recordsOf(db, realm, read, companions) }
        })
        if (rows.length > 0) yield records
        after = rows.at(-1)
        if (rows.length < PAGE) return
      }
    },

    countStatuses: async (realm) => await countStatuses(db, realm, companions, clock()),

    async proposalFigures(realm, groupId, since) {
      const figures = await db
        .selectFrom('audit')
        .select(({ fn }) => [
          fn.countAll<number>().as('decisions'),
          fn.count<number>('user_id').distinct().as('users'),
        ])
        .where('realm', '=', realm)
        .where('event', '=', 'decision.proposed')
        .where('at', '>=', since)
        .where(sql<boolean>`detail like ${likePattern(`{"groupId":${JSON.stringify(groupId)}}`)} escape '\\'`)
        .executeTakeFirstOrThrow()
      return { decisions: figures.decisions, users: figures.users }
    },

    async verifiedAt(realm, sid, userId) {
      const row = await db
        .selectFrom('verified_session')
        .select('verified_at')
        .where('realm', '=', realm)
        .where('sid', '=', sid)
        .where('user_id', '=', userId)
        .executeTakeFirst()
      return row?.verified_at
    },

    secretsSet: async (realm) => await namesOfSecrets(database, realm),

    async commit(change) {
      // A pass that is under way need not look for whom it did not list.
      const pass = change.added === undefined ? 0 : (await keptSync(database, change.realm)).pass
      return await commitWrites(database, [...adminWritesOf(change, pass), ...sealedWritesOf(change, sealer)])
    },
  }
}

async function countOf(people: ReturnType<typeof selectPeople>): Promise<number> {
  const counted = people.select(({ fn }) => fn.countAll<number>().as('total'))
  return (await counted.executeTakeFirstOrThrow()).total
}

/** A user whom the worker has not seen yet: all that is known is what they have here. */
function unlisted(realm: string, userId: string): Selectable<Schema['directory_user']> {
  return {
    realm,
    user_id: userId,
    username: userId,
    first_name: null,
    last_name: null,
    email: null,
    enabled: 1,
    federation: null,
    roles: null,
    enforcement: null,
    pass: 0,
    gone_at: null,
    number_lookup: null,
  }
}

function nothingOf({ methods, override, lockedUntil, graceStarts }: UserRecord): boolean {
  return methods.length === 0 && override === undefined && lockedUntil === 0 && graceStarts.size === 0
}

function toGroup(row: Selectable<Schema['directory_group']>): KnownGroup {
  return {
    id: row.group_id,
    parentId: row.parent_id ?? undefined,
    name: row.name,
    path: row.path,
    managers: JSON.parse(row.managers) as string[],
    goneAt: row.gone_at ?? undefined,
  }
}
