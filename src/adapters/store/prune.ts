import { sql } from 'kysely'
import type { Database } from './database.ts'
import { pruneFigures } from './figure-store.ts'

/** Milliseconds between two clean-ups. */
export const PRUNE_EVERY = 60_000

/** A step that is over stays this long, milliseconds: a page that is opened again can still say so. */
const KEPT = 60 * 60_000
const DAY = 24 * 60 * 60_000
/** How long what users had stays after they are gone from Keycloak, milliseconds. */
const TOMBSTONES = 30 * DAY

/**
 * Deletes what can't be used any more: message ids past their age, steps, links, sessions, trusted devices and codes of
 * the help desk past their time, signing keys that nothing was signed with for days, what sessions proved more than a day
 * ago, figures past their time, and what is left of users and groups that are gone from Keycloak for 30 days.
 */
export async function prune({ db }: Database, now: number): Promise<void> {
  await db.deleteFrom('used_jti').where('expires_at', '<', now).execute()
  await db.deleteFrom('send_count').where('window_end', '<', now).execute()
  await db
    .deleteFrom('transaction')
    .where('expires_at', '<', now - KEPT)
    .execute()
  await db.deleteFrom('link').where('expires_at', '<', now).execute()
  await db.deleteFrom('web_session').where('expires_at', '<', now).execute()
  await db.deleteFrom('trusted_device').where('expires_at', '<', now).execute()
  await db
    .deleteFrom('verified_session')
    .where('verified_at', '<', now - DAY)
    .execute()
  // Those that nobody could send in time, nor give up on: sealed under a key that is not here any more.
  await db
    .deleteFrom('outbox')
    .where('expires_at', '<', now - DAY)
    .execute()
  await db.deleteFrom('bypass').where('expires_at', '<', now).execute()
  await db
    .deleteFrom('reminder')
    .where('until', '<', now - TOMBSTONES)
    .execute()
  await db
    .deleteFrom('signing_key')
    .where('expires_at', '<', now - DAY)
    .execute()
  await pruneFigures({ db }, now)
  await pruneGone(db, now - TOMBSTONES)
}

async function pruneGone(db: Database['db'], before: number): Promise<void> {
  await db.deleteFrom('credential').where('gone_at', '<', before).execute()
  await sql`delete from listing where (realm, user_id) in
    (select realm, user_id from directory_user where gone_at < ${before})`.execute(db)
  for (const [table, column] of [
    ['directory_user', 'user_id'],
    ['directory_group', 'group_id'],
  ] as const) {
    const id = sql.ref(column)
    await sql`delete from membership where (realm, ${id}) in
      (select realm, ${id} from ${sql.table(table)} where gone_at < ${before})`.execute(db)
    await db.deleteFrom(table).where('gone_at', '<', before).execute()
  }
}
