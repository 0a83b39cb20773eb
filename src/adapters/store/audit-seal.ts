import { setImmediate } from 'node:timers/promises'
import { sql } from 'kysely'
import type { Sealer } from '../../core/ports.ts'
import { exactly, LINK, macOf, moveChain, sealedChain, standingOf, trusted } from './audit-chain.ts'
import type { Link } from './audit-chain.ts'
import { commitWrites } from './commit.ts'
import type { Write } from './commit.ts'
import type { Database } from './database.ts'
import { countEntries } from './figure-store.ts'

/** Entries that one batch seals at most. */
export const SEAL_BATCH = 1_000
/** Keyed hashes between two turns of the event loop, some milliseconds: nobody's login waits for a whole batch. */
const HASHES = 100

/** What a batch came to. `lost`: another server was faster, and nothing was written. */
export type SealResult = 'nothing' | 'lost' | { sealed: number; seq: number; mac: string }

/**
 * Seals the realm's oldest unsealed entries into its chain, at most `max`, and counts them for the figures: all of them
 * or nothing. Any number of
 * servers may do so at the same time; the chain's row decides whose batch counts.
 * @throws Error where the chain's row was forged: to go on from it would make the forgery good
 */
export async function sealBatch(
  database: Database,
  sealer: Sealer,
  realm: string,
  max = SEAL_BATCH,
): Promise<SealResult> {
  // Before the entries: what another server seals in between has then moved the chain, and this batch is refused.
  const standing = await standingOf(database, realm)
  if (!standing.waiting) return 'nothing'
  const chain = trusted(sealer, realm, standing)
  const entries = await database.db
    .selectFrom('audit')
    .select(LINK)
    .select(exactly(database, 'at').as('at'))
    .where('realm', '=', realm)
    .where('seq', 'is', null)
    .orderBy('audit.at')
    .orderBy('id')
    .limit(max)
    .execute()
  if (entries.length === 0) return 'nothing'

  const base = chain ?? { realm, base_seq: 0, base_mac: '', seq: 0, mac: '' }
  const { links, keyId } = await linksOf(sealer, base, entries)
  const { seq, mac } = links.at(-1) ?? base
  const next = sealedChain(sealer, { ...base, seq, mac })
  const done = await commitWrites(database, [
    moveChain(chain, next),
    number(database, links, keyId),
    ...countEntries(database, realm, entries),
  ])
  return done === 'written' ? { sealed: links.length, seq, mac } : 'lost'
}

interface Sealed {
  id: string
  seq: number
  mac: string
}

async function linksOf(sealer: Sealer, from: { seq: number; mac: string }, entries: Omit<Link, 'seq'>[]) {
  const links: Sealed[] = []
  let keyId = ''
  let { seq, mac } = from
  for (const entry of entries) {
    seq += 1
    ;({ keyId, value: mac } = macOf(sealer, mac, { ...entry, seq }))
    links.push({ id: entry.id, seq, mac })
    if (links.length % HASHES === 0) await setImmediate()
  }
  return { links, keyId }
}

/**
 * One text for any number of entries, so that the statement is prepared once. By id alone: that the chain has not moved
 * says that nobody else sealed them, and PostgreSQL might look for all that is unsealed instead.
 */
function number({ sqlite }: Database, links: readonly Sealed[], keyId: string): Write {
  const text = JSON.stringify(links)
  const rows =
    sqlite === undefined
      ? sql`json_to_recordset(${text}::json) as link(id text, seq bigint, mac text)`
      : sql`(select value ->> 'id' as id, value ->> 'seq' as seq, value ->> 'mac' as mac from json_each(${text})) as link`
  return {
    statement: sql`update audit set seq = link.seq, mac = link.mac, key_id = ${keyId} from ${rows}
      where audit.id = link.id`,
    guard: 'lost',
  }
}
