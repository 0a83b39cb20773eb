import type { Kysely } from 'kysely'
import type { Migration } from 'kysely/migration'

/** Which of Keycloak's own credentials were moved in; a row stays when the credential goes. */
export const movingIn: Migration = {
  async up(db: Kysely<unknown>) {
    await db.schema
      .createTable('moved_credential')
      .addColumn('realm', 'text', (column) => column.notNull())
      .addColumn('source', 'text', (column) => column.notNull())
      .addColumn('credential_id', 'text', (column) => column.notNull())
      .addColumn('at', 'bigint', (column) => column.notNull())
      .addPrimaryKeyConstraint('moved_credential_pk', ['realm', 'source'])
      .execute()
  },
}
