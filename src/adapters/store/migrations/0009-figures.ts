import type { Kysely } from 'kysely'
import type { Migration } from 'kysely/migration'

/** Counts by day, for pictures over time. */
export const figures: Migration = {
  async up(db: Kysely<unknown>) {
    await db.schema
      .createTable('figure')
      .addColumn('realm', 'text', (column) => column.notNull())
      .addColumn('day', 'text', (column) => column.notNull())
      .addColumn('name', 'text', (column) => column.notNull())
      .addColumn('count', 'bigint', (column) => column.notNull())
      .addPrimaryKeyConstraint('figure_pk', ['realm', 'day', 'name'])
      .execute()
  },
}
