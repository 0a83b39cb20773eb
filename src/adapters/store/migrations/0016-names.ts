import { SqliteAdapter, sql } from 'kysely'
import type { Kysely } from 'kysely'
import type { Migration } from 'kysely/migration'

/**
 * On SQLite the list of users holds what a search looks through as it looks through it: putting the names together for
 * each user is most of a search. An index of PostgreSQL has no room for them.
 */
export const names: Migration = {
  async up(db: Kysely<unknown>) {
    if (!(db.getExecutor().adapter instanceof SqliteAdapter)) return
    await sql`create index directory_user_names on directory_user (realm, username, user_id, enforcement,
        lower(username || ' ' || coalesce(first_name, '') || ' ' || coalesce(last_name, '') || ' ' || coalesce(email, '')))
      where gone_at is null`.execute(db)
    await sql`drop index directory_user_list`.execute(db)
  },
}
