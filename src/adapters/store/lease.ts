import { sql } from 'kysely'
import type { Lease } from '../../core/sync/sync-store.ts'
import { LEASE } from '../../core/sync/sync.ts'
import { commitWrites } from './commit.ts'
import type { Write } from './commit.ts'
import type { Database } from './database.ts'

/**
 * Prolongs the lease, and refuses all that is written with it where it is another's by now. The holder alone decides,
 * not the time: a worker whose lease ran out, and which nobody took it from, loses nothing by going on.
 */
export function heldWrite(lease: Lease, now: number): Write {
  const statement = sql`update lease set expires_at = ${now + LEASE}
    where name = ${nameOf(lease)} and holder = ${lease.holder}`
  return { statement, guard: 'lost' }
}

/** One statement decides, however many try. */
export async function takeLease(database: Database, lease: Lease, now: number): Promise<boolean> {
  const statement = sql`insert into lease (name, holder, expires_at)
    values (${nameOf(lease)}, ${lease.holder}, ${now + LEASE})
    on conflict (name) do update set holder = excluded.holder, expires_at = excluded.expires_at
    where lease.holder = excluded.holder or lease.expires_at <= ${now}`
  return (await commitWrites(database, [{ statement, guard: 'lost' }])) === 'written'
}

export async function renewLease(database: Database, lease: Lease, now: number): Promise<boolean> {
  return (await commitWrites(database, [heldWrite(lease, now)])) === 'written'
}

export async function giveBackLease({ db }: Database, lease: Lease): Promise<void> {
  await db.deleteFrom('lease').where('name', '=', nameOf(lease)).where('holder', '=', lease.holder).execute()
}

function nameOf({ realm }: Lease): string {
  return `sync:${realm}`
}
