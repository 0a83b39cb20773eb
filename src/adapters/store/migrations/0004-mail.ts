import type { Kysely } from 'kysely'
import type { Migration } from 'kysely/migration'

/** Messages that wait to go out, and secrets that administrators enter. */
export const mail: Migration = {
  async up(db: Kysely<unknown>) {
    const { schema } = db
    await schema
      .createTable('realm_secret')
      .addColumn('realm', 'text', (column) => column.notNull())
      .addColumn('name', 'text', (column) => column.notNull())
      .addColumn('sealed', 'text', (column) => column.notNull())
      .addPrimaryKeyConstraint('realm_secret_pk', ['realm', 'name'])
      .execute()
    await schema
      .createTable('outbox')
      .addColumn('id', 'text', (column) => column.primaryKey())
      .addColumn('realm', 'text', (column) => column.notNull())
      .addColumn('user_id', 'text', (column) => column.notNull())
      .addColumn('burst', 'text', (column) => column.unique())
      .addColumn('sealed', 'text', (column) => column.notNull())
      .addColumn('next_at', 'bigint', (column) => column.notNull())
      .addColumn('tries', 'integer', (column) => column.notNull())
      .addColumn('expires_at', 'bigint', (column) => column.notNull())
      .execute()
    await schema.createIndex('outbox_next').on('outbox').column('next_at').execute()
  },
}
