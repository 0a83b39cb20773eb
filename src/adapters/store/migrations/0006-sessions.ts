import type { Kysely } from 'kysely'
import type { Migration } from 'kysely/migration'

/** Sessions of our own pages, and which method a user is asked for first. */
export const sessions: Migration = {
  async up(db: Kysely<unknown>) {
    const { schema } = db
    await schema
      .createTable('web_session')
      .addColumn('id_hash', 'text', (column) => column.primaryKey())
      .addColumn('realm', 'text', (column) => column.notNull())
      .addColumn('user_id', 'text', (column) => column.notNull())
      .addColumn('sid', 'text', (column) => column.notNull())
      .addColumn('sealed', 'text', (column) => column.notNull())
      .addColumn('roles_at', 'bigint', (column) => column.notNull())
      .addColumn('expires_at', 'bigint', (column) => column.notNull())
      .execute()
    await schema.createIndex('web_session_sid').on('web_session').columns(['realm', 'sid']).execute()
    await schema.createIndex('web_session_user').on('web_session').columns(['realm', 'user_id']).execute()
    await schema.createIndex('web_session_end').on('web_session').column('expires_at').execute()
    await schema
      .alterTable('credential')
      .addColumn('preferred', 'integer', (column) => column.notNull().defaultTo(0))
      .execute()
  },
}
