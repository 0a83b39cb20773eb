import { sql } from 'kysely'
import type { Kysely } from 'kysely'
import type { Migration } from 'kysely/migration'

/** What a phone number is found by: of credentials, and of the attribute that administrators set in Keycloak. */
export const phoneSearch: Migration = {
  async up(db: Kysely<unknown>) {
    for (const table of ['credential', 'directory_user']) {
      await db.schema.alterTable(table).addColumn('number_lookup', 'text').execute()
      await sql`create index ${sql.ref(`${table}_number`)} on ${sql.table(table)} (realm, number_lookup)
        where number_lookup is not null`.execute(db)
    }
  },
}
