import { sql } from 'kysely'
import type { Kysely } from 'kysely'
import type { Migration } from 'kysely/migration'

/** What administrators change, what the worker knows of Keycloak's users and groups, and who did what. */
export const administration: Migration = {
  async up(db: Kysely<unknown>) {
    const { schema } = db
    await schema
      .alterTable('realm')
      .addColumn('version', 'bigint', (column) => column.notNull().defaultTo(0))
      .execute()
    await schema.alterTable('rule').addColumn('grace', 'text').execute()
    await schema
      .alterTable('rule')
      .addColumn('origin', 'text', (column) => column.notNull().defaultTo('administrator'))
      .execute()
    await schema
      .alterTable('rule')
      .addColumn('version', 'bigint', (column) => column.notNull().defaultTo(1))
      .execute()
    await schema
      .createTable('proposal')
      .addColumn('realm', 'text', (column) => column.notNull())
      .addColumn('group_id', 'text', (column) => column.notNull())
      .addColumn('enforcement', 'text', (column) => column.notNull())
      .addColumn('methods', 'text')
      .addColumn('priority', 'integer', (column) => column.notNull())
      .addColumn('grace', 'text')
      .addColumn('version', 'bigint', (column) => column.notNull())
      .addPrimaryKeyConstraint('proposal_pk', ['realm', 'group_id'])
      .execute()
    await schema
      .createTable('grace_start')
      .addColumn('realm', 'text', (column) => column.notNull())
      .addColumn('user_id', 'text', (column) => column.notNull())
      .addColumn('source', 'text', (column) => column.notNull())
      .addColumn('at', 'bigint', (column) => column.notNull())
      .addPrimaryKeyConstraint('grace_start_pk', ['realm', 'user_id', 'source'])
      .execute()
    await schema.alterTable('credential').addColumn('gone_at', 'bigint').execute()
    await sql`create index credential_gone on credential (gone_at) where gone_at is not null`.execute(db)

    await schema
      .createTable('directory_user')
      .addColumn('realm', 'text', (column) => column.notNull())
      .addColumn('user_id', 'text', (column) => column.notNull())
      .addColumn('username', 'text', (column) => column.notNull())
      .addColumn('first_name', 'text')
      .addColumn('last_name', 'text')
      .addColumn('email', 'text')
      .addColumn('enabled', 'integer', (column) => column.notNull())
      .addColumn('federation', 'text')
      .addColumn('roles', 'text')
      .addColumn('enforcement', 'text')
      .addColumn('pass', 'bigint', (column) => column.notNull())
      .addColumn('gone_at', 'bigint')
      .addPrimaryKeyConstraint('directory_user_pk', ['realm', 'user_id'])
      .execute()
    await schema
      .createIndex('directory_user_name')
      .on('directory_user')
      .columns(['realm', 'username'])
      .execute()
    await schema
      .createTable('directory_group')
      .addColumn('realm', 'text', (column) => column.notNull())
      .addColumn('group_id', 'text', (column) => column.notNull())
      .addColumn('parent_id', 'text')
      .addColumn('name', 'text', (column) => column.notNull())
      .addColumn('path', 'text', (column) => column.notNull())
      .addColumn('managers', 'text', (column) => column.notNull().defaultTo('[]'))
      .addColumn('pass', 'bigint', (column) => column.notNull())
      .addColumn('gone_at', 'bigint')
      .addPrimaryKeyConstraint('directory_group_pk', ['realm', 'group_id'])
      .execute()
    await schema
      .createTable('membership')
      .addColumn('realm', 'text', (column) => column.notNull())
      .addColumn('group_id', 'text', (column) => column.notNull())
      .addColumn('user_id', 'text', (column) => column.notNull())
      .addColumn('pass', 'bigint', (column) => column.notNull())
      .addPrimaryKeyConstraint('membership_pk', ['realm', 'group_id', 'user_id'])
      .execute()
    await schema.createIndex('membership_user').on('membership').columns(['realm', 'user_id']).execute()
    await schema
      .createTable('hint')
      .addColumn('realm', 'text', (column) => column.notNull())
      .addColumn('kind', 'text', (column) => column.notNull())
      .addColumn('id', 'text', (column) => column.notNull())
      .addColumn('at', 'bigint', (column) => column.notNull())
      .addColumn('administers', 'integer')
      .addPrimaryKeyConstraint('hint_pk', ['realm', 'kind', 'id'])
      .execute()
    await schema
      .createTable('sync')
      .addColumn('realm', 'text', (column) => column.primaryKey())
      .addColumn('state', 'text', (column) => column.notNull())
      .execute()
    await schema
      .createTable('lease')
      .addColumn('name', 'text', (column) => column.primaryKey())
      .addColumn('holder', 'text', (column) => column.notNull())
      .addColumn('expires_at', 'bigint', (column) => column.notNull())
      .execute()
    await schema
      .createTable('verified_session')
      .addColumn('realm', 'text', (column) => column.notNull())
      .addColumn('sid', 'text', (column) => column.notNull())
      .addColumn('user_id', 'text', (column) => column.notNull())
      .addColumn('level', 'integer', (column) => column.notNull())
      .addColumn('verified_at', 'bigint', (column) => column.notNull())
      .addPrimaryKeyConstraint('verified_session_pk', ['realm', 'sid'])
      .execute()
    await schema.createIndex('verified_session_age').on('verified_session').column('verified_at').execute()

    await schema
      .alterTable('audit')
      .addColumn('actor', 'text', (column) => column.notNull().defaultTo(''))
      .execute()
    await schema.alterTable('audit').addColumn('address', 'text').execute()
    await schema.alterTable('audit').addColumn('seq', 'bigint').execute()
    await schema.alterTable('audit').addColumn('key_id', 'text').execute()
    await schema.alterTable('audit').addColumn('mac', 'text').execute()
    await sql`create unique index audit_seq on audit (realm, seq) where seq is not null`.execute(db)
    await sql`create index audit_unsealed on audit (realm, at) where seq is null`.execute(db)
    await schema.createIndex('audit_realm').on('audit').columns(['realm', 'at', 'id']).execute()
    await schema
      .createTable('audit_chain')
      .addColumn('realm', 'text', (column) => column.primaryKey())
      .addColumn('base_seq', 'bigint', (column) => column.notNull())
      .addColumn('base_mac', 'text', (column) => column.notNull())
      .addColumn('seq', 'bigint', (column) => column.notNull())
      .addColumn('mac', 'text', (column) => column.notNull())
      .addColumn('key_id', 'text', (column) => column.notNull())
      .addColumn('seal', 'text', (column) => column.notNull())
      .execute()
  },
}
