import { SqliteAdapter, sql } from 'kysely'
import type { Kysely } from 'kysely'
import type { Migration } from 'kysely/migration'
import { INDEXES } from '../indexes.ts'

/**
 * What realms of a million users are read by. On PostgreSQL it is built after the migrations: inside of their transaction
 * it would keep servers that run from writing for as long as it takes.
 */
export const large: Migration = {
  async up(db: Kysely<unknown>) {
    if (!(db.getExecutor().adapter instanceof SqliteAdapter)) return
    for (const { name, on, replaces } of INDEXES) {
      await sql`create index ${sql.ref(name)} on ${sql.raw(on)}`.execute(db)
      if (replaces !== undefined) await sql`drop index ${sql.ref(replaces)}`.execute(db)
    }
  },
}
