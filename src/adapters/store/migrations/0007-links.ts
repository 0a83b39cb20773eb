import type { Kysely } from 'kysely'
import type { Migration } from 'kysely/migration'

/** Links that were sent to users: one for each purpose, the newest. */
export const links: Migration = {
  async up(db: Kysely<unknown>) {
    const { schema } = db
    await schema
      .createTable('link')
      .addColumn('realm', 'text', (column) => column.notNull())
      .addColumn('user_id', 'text', (column) => column.notNull())
      .addColumn('purpose', 'text', (column) => column.notNull())
      .addColumn('id', 'text', (column) => column.notNull().unique())
      .addColumn('key_id', 'text', (column) => column.notNull())
      .addColumn('secret_mac', 'text', (column) => column.notNull())
      .addColumn('transaction_id', 'text', (column) => column.notNull())
      .addColumn('expires_at', 'bigint', (column) => column.notNull())
      .addColumn('used_at', 'bigint')
      .addPrimaryKeyConstraint('link_pk', ['realm', 'user_id', 'purpose'])
      .execute()
    await schema.createIndex('link_end').on('link').column('expires_at').execute()
  },
}
