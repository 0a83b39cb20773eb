import { SqliteAdapter, sql } from 'kysely'
import type { Kysely } from 'kysely'
import type { Migration } from 'kysely/migration'

/** Lists of users in the order of their names, out of an index alone. */
export const userList: Migration = {
  async up(db: Kysely<unknown>) {
    // A row of PostgreSQL's index has 2,704 bytes at most, and names can be longer than that.
    const searched =
      db.getExecutor().adapter instanceof SqliteAdapter ? sql`, first_name, last_name, email` : sql``
    await sql`create index directory_user_list on directory_user
      (realm, username, user_id, enforcement${searched})
      where gone_at is null`.execute(db)
  },
}
