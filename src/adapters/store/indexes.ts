import { sql } from 'kysely'
import type { Kysely } from 'kysely'
import type { Schema } from './schema.ts'

/** An index that is built beside servers that run; `replaces` is one that it makes needless. */
interface Index {
  name: string
  /** Its table, columns and condition, in SQL that both databases have. */
  on: string
  replaces?: string
}

export const INDEXES: Index[] = [
  // What a change of methods ends.
  { name: 'transaction_user', on: '"transaction" (realm, user_id)' },
  { name: 'verified_session_user', on: 'verified_session (realm, user_id)' },
  // Lists and counts of users, out of indexes alone.
  { name: 'credential_has', on: 'credential (realm, user_id, method)', replaces: 'credential_user' },
  { name: 'membership_groups', on: 'membership (realm, user_id, group_id)', replaces: 'membership_user' },
  { name: 'attempt_locked', on: 'attempt (realm, locked_until, user_id) where locked_until > 0' },
  { name: 'outbox_waiting', on: 'outbox (realm, expires_at)' },
  // The audit by what happened, such as what proposals would have done, and by who did it.
  { name: 'audit_event', on: 'audit (realm, event, at, id)' },
  { name: 'audit_actor', on: 'audit (realm, actor, at, id)' },
  // What is deleted once its time is over.
  { name: 'outbox_end', on: 'outbox (expires_at)' },
  { name: 'bypass_end', on: 'bypass (expires_at)' },
  { name: 'reminder_end', on: 'reminder (until)' },
  { name: 'directory_user_gone', on: 'directory_user (gone_at) where gone_at is not null' },
]

/** Any number, the same for every server of the database: who holds the lock builds. */
const LOCK = 7_205_015

/**
 * Builds what is missing on PostgreSQL, and again what a server that was killed left half built. Nobody waits for it:
 * servers go on writing meanwhile, and one that starts while another builds goes on without.
 * @param db without a limit for statements
 */
export async function buildIndexes(db: Kysely<Schema>): Promise<void> {
  await db.connection().execute(async (connection) => {
    const { rows } = await sql<{
      taken: boolean
    }>`select pg_try_advisory_lock(${sql.lit(LOCK)}) as taken`.execute(connection)
    if (rows[0]?.taken !== true) return
    // It stands in nobody's way while it waits, for example for a backup's end.
    await sql`set lock_timeout = 0`.execute(connection)
    try {
      const known = await standingOf(connection)
      for (const { name, on, replaces } of INDEXES) {
        const isValid = known.get(name)
        if (isValid === false) await sql`drop index concurrently ${sql.ref(name)}`.execute(connection)
        if (isValid !== true) {
          await sql`create index concurrently ${sql.ref(name)} on ${sql.raw(on)}`.execute(connection)
        }
        if (replaces !== undefined && known.has(replaces)) {
          await sql`drop index concurrently ${sql.ref(replaces)}`.execute(connection)
        }
      }
    } finally {
      await sql`select pg_advisory_unlock(${sql.lit(LOCK)})`.execute(connection)
    }
  })
}

/** The indexes of our tables, and whether each is whole. */
async function standingOf(db: Kysely<Schema>): Promise<Map<string, boolean>> {
  const { rows } = await sql<{ name: string; valid: boolean }>`
    select relname as name, indisvalid as valid from pg_index join pg_class on pg_class.oid = indexrelid
    where relnamespace = current_schema()::regnamespace`.execute(db)
  return new Map(rows.map(({ name, valid }) => [name, valid]))
}
