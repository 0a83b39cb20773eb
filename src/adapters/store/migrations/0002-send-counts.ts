import type { Kysely } from 'kysely'
import type { Migration } from 'kysely/migration'

/** How many messages went where within a window of time. */
export const sendCounts: Migration = {
  async up(db: Kysely<unknown>) {
    await db.schema
      .createTable('send_count')
      .addColumn('realm', 'text', (column) => column.notNull())
      .addColumn('scope', 'text', (column) => column.notNull())
      .addColumn('key', 'text', (column) => column.notNull())
      .addColumn('window_end', 'bigint', (column) => column.notNull())
      .addColumn('count', 'bigint', (column) => column.notNull())
      .addPrimaryKeyConstraint('send_count_pk', ['realm', 'scope', 'key', 'window_end'])
      .execute()
    await db.schema.createIndex('send_count_end').on('send_count').column('window_end').execute()
  },
}
