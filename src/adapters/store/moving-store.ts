import { sql } from 'kysely'
import type { MovingChange, MovingStore } from '../../core/moving/moving.ts'
import type { Sealer } from '../../core/ports.ts'
import { commitWrites } from './commit.ts'
import type { Write } from './commit.ts'
import type { Database } from './database.ts'
import { sealCredential } from './rows.ts'
import { slices } from './slices.ts'
import { auditOf } from './writes.ts'

/** The store as `latchkey import` uses it, on either database. */
export function createMovingStore(database: Database, sealer: Sealer): MovingStore {
  const { db } = database
  return {
    async known(realm, users) {
      const moved = new Map<string, boolean>()
      const gone = new Set<string>()
      for (const sources of slices(users.flatMap(({ apps }) => apps.flatMap(({ id }) => id ?? [])))) {
        const rows = await db
          .selectFrom('moved_credential')
          .leftJoin('credential', 'credential.id', 'moved_credential.credential_id')
          .select(['moved_credential.source', 'credential.id as here'])
          .where('moved_credential.realm', '=', realm)
          .where('moved_credential.source', 'in', sources)
          .execute()
        for (const { source, here } of rows) moved.set(source, here !== null)
      }
      for (const ids of slices(users.map(({ id }) => id))) {
        const rows = await db
          .selectFrom('directory_user')
          .select('user_id')
          .where('realm', '=', realm)
          .where('user_id', 'in', ids)
          .where('gone_at', 'is not', null)
          .execute()
        for (const { user_id } of rows) gone.add(user_id)
      }
      return { moved, gone }
    },

    async commit(change) {
      return (await commitWrites(database, writesOf(change, sealer))) === 'written' ? 'written' : 'lost'
    },
  }
}

/** What was moved meanwhile breaks the key of the second table, and nothing is written. */
function writesOf({ realm, at, credentials, audit }: MovingChange, sealer: Sealer): Write[] {
  return [
    ...slices(credentials).flatMap((slice): Write[] => {
      const moved = slice.map(({ id, source }) => sql`(${realm}, ${source}, ${id}, ${at})`)
      const rows = slice.map(({ id, userId, method, label, data, createdAt }) => {
        const sealed = sealCredential(sealer, { realm, user_id: userId, id }, data)
        return sql`(${id}, ${realm}, ${userId}, ${method}, ${label ?? null}, ${sealed}, 1, 0, ${createdAt})`
      })
      return [
        {
          statement: sql`insert into moved_credential (realm, source, credential_id, at) values ${sql.join(moved)}`,
        },
        {
          statement: sql`insert into credential
            (id, realm, user_id, method, label, sealed, version, failures, created_at) values ${sql.join(rows)}`,
        },
      ]
    }),
    ...auditOf(audit),
  ]
}
