import { sql } from 'kysely'
import type { Sealer } from '../../core/ports.ts'
import { follows, moveChain, sealedChain, sealedRows, standingOf, tampered, trusted } from './audit-chain.ts'
import { commitWrites } from './commit.ts'
import type { Database } from './database.ts'
import { toSettings } from './rows.ts'

const DAY = 86_400_000
/** Entries that one statement deletes at most: some milliseconds, also where the file has one writer. */
const BATCH = 500

/**
 * Deletes the sealed entries of whole days, UTC, that are older than the realm keeps them, and moves the beginning of
 * its chain in the same step, so that what is left still verifies.
 * @param now epoch milliseconds
 * @throws Error where an entry that is due was tampered with: it stays, and all that follow it
 */
export async function pruneAudit(
  database: Database,
  sealer: Sealer,
  realms: readonly string[],
  now: number,
): Promise<void> {
  const faults: unknown[] = []
  for (const realm of realms) {
    try {
      const before = (Math.floor(now / DAY) - (await daysOf(database, realm))) * DAY
      while ((await pruneBatch(database, sealer, realm, before)) === BATCH);
    } catch (error) {
      // One realm that somebody tampered with must not keep the others' entries for ever.
      faults.push(error)
    }
  }
  if (faults.length > 0) throw faults[0]
}

async function daysOf({ db }: Database, realm: string): Promise<number> {
  const row = await db.selectFrom('realm').select('settings').where('name', '=', realm).executeTakeFirst()
  return toSettings(row?.settings ?? null).auditDays
}

async function pruneBatch(
  database: Database,
  sealer: Sealer,
  realm: string,
  before: number,
): Promise<number> {
  const chain = trusted(sealer, realm, await standingOf(database, realm))
  if (chain === undefined) return 0
  const due = sql<boolean>`audit.seq > ${chain.base_seq} and audit.seq <= ${chain.base_seq + BATCH}
    and audit.at < ${before}`
  let { base_seq: seq, base_mac: mac } = chain
  for (const row of await sealedRows(database, realm, due, BATCH)) {
    // A gap: an entry whose time has not come, or one that somebody took away, which must show as long as it can.
    if (row.seq !== seq + 1) break
    if (!follows(sealer, mac, row)) {
      // Otherwise a forged time would have the server itself delete the entry and put its seal under that.
      if (seq === chain.base_seq) throw tampered(realm)
      break
    }
    seq = row.seq
    mac = row.mac ?? ''
  }
  const pruned = seq - chain.base_seq
  if (pruned === 0) return 0
  const gone = sql`delete from audit
    where realm = ${realm} and seq > ${chain.base_seq} and seq <= ${seq}`
  const done = await commitWrites(database, [
    moveChain(chain, sealedChain(sealer, { ...chain, base_seq: seq, base_mac: mac })),
    { statement: gone },
  ])
  return done === 'written' ? pruned : 0
}
