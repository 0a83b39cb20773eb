import { setImmediate } from 'node:timers/promises'
import { sql } from 'kysely'
import type { RawBuilder } from 'kysely'
import type { Database } from './database.ts'
import { pruneFigures } from './figure-store.ts'

/** Milliseconds between two clean-ups. */
export const PRUNE_EVERY = 60_000
/** Rows that one statement deletes at most: far from the limit of a statement, also where disks are slow. */
export const PRUNE_BATCH = 1_000

/** A step that is over stays this long, milliseconds: a page that is opened again can still say so. */
const KEPT = 60 * 60_000
const DAY = 24 * 60 * 60_000
/** How long what users had stays after they are gone from Keycloak, milliseconds. */
const TOMBSTONES = 30 * DAY

/** Rows that end by a time of their own, and for how long they outlive it, milliseconds. */
const ENDING: [table: string, time: string, kept: number][] = [
  ['used_jti', 'expires_at', 0],
  ['send_count', 'window_end', 0],
  ['transaction', 'expires_at', KEPT],
  ['link', 'expires_at', 0],
  ['web_session', 'expires_at', 0],
  ['trusted_device', 'expires_at', 0],
  ['verified_session', 'verified_at', DAY],
  // Those that nobody could send in time, nor give up on: sealed under a key that is not here any more.
  ['outbox', 'expires_at', DAY],
  ['bypass', 'expires_at', 0],
  ['reminder', 'until', TOMBSTONES],
  ['signing_key', 'expires_at', DAY],
  ['credential', 'gone_at', TOMBSTONES],
]

/** Rows that go with those whom they are about; the last of each are the directory's own. */
const WITH_GONE: [table: string, directory: 'directory_user' | 'directory_group', id: string][] = [
  ['listing', 'directory_user', 'user_id'],
  ['attempt', 'directory_user', 'user_id'],
  ['override', 'directory_user', 'user_id'],
  ['grace_start', 'directory_user', 'user_id'],
  ['put_off', 'directory_user', 'user_id'],
  ['membership', 'directory_user', 'user_id'],
  ['directory_user', 'directory_user', 'user_id'],
  ['membership', 'directory_group', 'group_id'],
  ['directory_group', 'directory_group', 'group_id'],
]

/**
 * Deletes what can't be used any more: message ids past their age, steps, links, sessions, trusted devices and codes of
 * the help desk past their time, signing keys that nothing was signed with for days, what sessions proved more than a day
 * ago, figures past their time, and what is left of users and groups that are gone from Keycloak for 30 days. In batches,
 * each a statement of its own; servers that do so at the same time share the work.
 */
export async function prune(database: Database, now: number): Promise<void> {
  for (const [table, time, kept] of ENDING) {
    await deleteAll(database, table, sql`${sql.ref(time)} < ${now - kept}`)
  }
  await pruneFigures(database, now)
  for (const [table, directory, id] of WITH_GONE) {
    const gone = sql`gone_at < ${now - TOMBSTONES}`
    const due =
      table === directory
        ? gone
        : sql`(realm, ${sql.ref(id)}) in (select realm, ${sql.ref(id)} from ${sql.table(directory)} where ${gone})`
    await deleteAll(database, table, due)
  }
}

async function deleteAll(database: Database, table: string, due: RawBuilder<unknown>): Promise<void> {
  while ((await deleteSome(database, table, due)) === PRUNE_BATCH) {
    // On a SQLite file nothing here waits: a login comes in between.
    await setImmediate()
  }
}

/** Deletes at most a batch of what is due; gives how many rows that were. */
async function deleteSome(
  { db, sqlite }: Database,
  table: string,
  due: RawBuilder<unknown>,
): Promise<number> {
  const from = sql.table(table)
  // By where the rows lie: no plan can read more than these. What another server is deleting just now, or a login writes
  // to, is left to the next time.
  const these =
    sqlite === undefined
      ? sql`ctid = any(array(select ctid from ${from} where ${due} limit ${PRUNE_BATCH} for update skip locked))`
      : sql`rowid in (select rowid from ${from} where ${due} limit ${PRUNE_BATCH})`
  const { numAffectedRows = 0n } = await sql`delete from ${from} where ${these}`.execute(db)
  return Number(numAffectedRows)
}
