import { sql } from 'kysely'
import type { Selectable } from 'kysely'
import { NOTHING_KEPT } from '../../core/sync/sync-store.ts'
import type { KeptHint, KeptSync, KnownUser, SyncStore } from '../../core/sync/sync-store.ts'
import { commitWrites } from './commit.ts'
import type { Database } from './database.ts'
import { giveBackLease, heldWrite, renewLease, takeLease } from './lease.ts'
import { toListedUser } from './rows.ts'
import type { Schema } from './schema.ts'
import { slices } from './slices.ts'
import { syncWritesOf } from './sync-writes.ts'

/** The store as the worker uses it, on either database. */
export function createSyncStore(database: Database): SyncStore {
  const { db } = database
  const people = (realm: string) => db.selectFrom('directory_user').selectAll().where('realm', '=', realm)

  return {
    take: async (lease, now) => await takeLease(database, lease, now),
    renew: async (lease, now) => await renewLease(database, lease, now),
    giveBack: async (lease) => await giveBackLease(database, lease),

    kept: async (realm) => await keptSync(database, realm),

    async hints(realm, max) {
      const rows = await db
        .selectFrom('hint')
        .select(['kind', 'id', 'at', 'administers'])
        .where('realm', '=', realm)
        // What asks for a pass is never behind a thousand changes.
        .orderBy(sql`case when kind in ('run', 'confirm', 'full') then 0 else 1 end`)
        .orderBy('at')
        .orderBy('kind')
        .orderBy('id')
        .limit(max)
        .execute()
      return rows.map(({ kind, id, at, administers }) => ({
        kind: kind as KeptHint['kind'],
        id,
        at,
        ...(administers === null ? {} : { administers: administers === 1 }),
      }))
    },

    async commit(lease, change) {
      const writes = [heldWrite(lease, change.at), ...syncWritesOf(change)]
      return (await commitWrites(database, writes)) === 'written' ? 'written' : 'lost'
    },

    async users(realm, ids) {
      const found: KnownUser[] = []
      for (const slice of slices(ids)) {
        const rows = await people(realm).where('user_id', 'in', slice).execute()
        found.push(...rows.map(toKnown))
      }
      return found
    },

    async named(realm, names) {
      const found = new Map<string, string>()
      for (const slice of slices(names.map((name) => name.toLowerCase()))) {
        const rows = await people(realm)
          .where(sql<string>`lower(username)`, 'in', slice)
          // A name that somebody gone had is the one's who has it now.
          .orderBy(sql`case when gone_at is null then 1 else 0 end`)
          .execute()
        for (const row of rows) found.set(row.username.toLowerCase(), row.user_id)
      }
      return found
    },

    async groups(realm) {
      const rows = await db.selectFrom('directory_group').selectAll().where('realm', '=', realm).execute()
      return rows.map((row) => ({
        id: row.group_id,
        parentId: row.parent_id ?? undefined,
        name: row.name,
        path: row.path,
        managers: JSON.parse(row.managers) as string[],
        pass: row.pass,
        goneAt: row.gone_at ?? undefined,
      }))
    },

    async membershipGroups(realm, userId) {
      const rows = await db
        .selectFrom('membership')
        .select('group_id')
        .distinct()
        .where('realm', '=', realm)
        .$if(userId !== undefined, (query) => query.where('user_id', '=', userId ?? ''))
        .execute()
      return rows.map(({ group_id }) => group_id)
    },

    async membersAmong(realm, groupId, ids) {
      const found = new Set<string>()
      for (const slice of slices(ids)) {
        const rows = await db
          .selectFrom('membership')
          .select('user_id')
          .where('realm', '=', realm)
          .where('group_id', '=', groupId)
          .where('user_id', 'in', slice)
          .execute()
        for (const { user_id } of rows) found.add(user_id)
      }
      return found
    },

    async counts(realm, pass) {
      const { rows } = await sql<{ seen: number | null; missing: number | null }>`
        select sum(case when pass >= ${pass} then 1 else 0 end) as seen,
          sum(case when pass < ${pass} then 1 else 0 end) as missing
        from directory_user where realm = ${realm} and gone_at is null`.execute(db)
      return { seen: rows[0]?.seen ?? 0, missing: rows[0]?.missing ?? 0 }
    },

    async missing(realm, pass, after, max) {
      const rows = await people(realm)
        .where('gone_at', 'is', null)
        .where('pass', '<', pass)
        .where('user_id', '>', after)
        .orderBy('user_id')
        .limit(max)
        .execute()
      return rows.map(toKnown)
    },

    async witnesses(realm, federation, max) {
      const rows = await people(realm)
        .where('gone_at', 'is', null)
        .$if(federation !== undefined, (query) => query.where('federation', '=', federation ?? ''))
        .orderBy('pass', 'desc')
        .orderBy('user_id')
        .limit(max)
        .execute()
      return rows.map(({ user_id }) => user_id)
    },

    async federated(realm) {
      const one = await people(realm).where('federation', 'is not', null).limit(1).executeTakeFirst()
      return one !== undefined
    },
  }
}

/** The worker's state; that of a realm it never worked on where there is none. */
export async function keptSync({ db }: Pick<Database, 'db'>, realm: string): Promise<KeptSync> {
  const row = await db.selectFrom('sync').select('state').where('realm', '=', realm).executeTakeFirst()
  if (row === undefined) return NOTHING_KEPT
  const { state, ...kept } = JSON.parse(row.state) as Partial<KeptSync>
  // JSON leaves out what is undefined.
  return { ...NOTHING_KEPT, ...kept, state: { ...NOTHING_KEPT.state, ...state } }
}

function toKnown(row: Selectable<Schema['directory_user']>): KnownUser {
  return {
    ...toListedUser(row),
    lookup: row.number_lookup ?? undefined,
    pass: row.pass,
  }
}
