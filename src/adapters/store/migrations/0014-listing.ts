import type { Kysely } from 'kysely'
import type { Migration } from 'kysely/migration'

/** What Keycloak was told to list of each user's methods in its consoles. */
export const listing: Migration = {
  async up(db: Kysely<unknown>) {
    await db.schema
      .createTable('listing')
      .addColumn('realm', 'text', (column) => column.notNull())
      .addColumn('user_id', 'text', (column) => column.notNull())
      .addColumn('version', 'bigint', (column) => column.notNull())
      .addColumn('since', 'text', (column) => column.notNull())
      .addPrimaryKeyConstraint('listing_pk', ['realm', 'user_id'])
      .execute()
  },
}
