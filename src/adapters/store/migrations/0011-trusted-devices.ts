import type { Kysely } from 'kysely'
import type { Migration } from 'kysely/migration'

/** Devices on which a user is not asked again, and which rules allow it for how long. */
export const trustedDevices: Migration = {
  async up(db: Kysely<unknown>) {
    const { schema } = db
    for (const table of ['rule', 'proposal']) {
      await schema.alterTable(table).addColumn('trusted_days', 'integer').execute()
    }
    await schema
      .createTable('trusted_device')
      .addColumn('id', 'text', (column) => column.primaryKey())
      .addColumn('realm', 'text', (column) => column.notNull())
      .addColumn('user_id', 'text', (column) => column.notNull())
      .addColumn('token', 'text', (column) => column.notNull())
      .addColumn('previous', 'text')
      .addColumn('rotated_by', 'text')
      .addColumn('sid', 'text')
      .addColumn('browser', 'text')
      .addColumn('system', 'text')
      .addColumn('created_at', 'bigint', (column) => column.notNull())
      .addColumn('used_at', 'bigint', (column) => column.notNull())
      .addColumn('expires_at', 'bigint', (column) => column.notNull())
      .execute()
    await schema
      .createIndex('trusted_device_user')
      .on('trusted_device')
      .columns(['realm', 'user_id'])
      .execute()
    await schema.createIndex('trusted_device_end').on('trusted_device').column('expires_at').execute()
  },
}
