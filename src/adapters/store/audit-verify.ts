import { sql } from 'kysely'
import type { Sealer } from '../../core/ports.ts'
import { isGenuine, sealedRows, standingOf } from './audit-chain.ts'
import type { Reader, SealedRow, Standing } from './audit-chain.ts'
import { createWalk, named, timeOf } from './audit-walk.ts'
import type { Anchor, Finding } from './audit-walk.ts'
import type { Database } from './database.ts'

const PAGE = 1_000
/** Findings that are listed; the others are counted. */
const LISTED = 100

/** What a look at a realm's chain found. Times are ISO 8601. */
export interface Verification {
  realm: string
  /** Sealed entries that were looked at. */
  sealed: number
  /** Entries that are not sealed yet. */
  unsealed: number
  unsealedSince: string | undefined
  /** Where the chain ends; undefined where it is empty or something is wrong. */
  head: Anchor | undefined
  /** What is wrong: the first hundred. */
  findings: Finding[]
  /** How many findings there are in all. */
  found: number
}

/** What a look needs beside the database. */
export interface VerifyOptions {
  realm: string
  sealer: Sealer
  /** The ids of the configured encryption keys. */
  keyIds: readonly string[]
  /** A head that the chain had earlier. */
  anchor?: Anchor | undefined
}

/**
 * Walks a realm's chain from its beginning to its end, a page at a time, all of it as it stood at one moment.
 * @param database one that was opened for reading: the look is a long transaction
 */
export async function verifyAudit(database: Database, options: VerifyOptions): Promise<Verification> {
  return await database.db
    .transaction()
    .setIsolationLevel('repeatable read')
    .setAccessMode('read only')
    .execute(async (db) => await verify({ db, sqlite: database.sqlite }, options))
}

async function verify(reader: Reader, options: VerifyOptions): Promise<Verification> {
  const { realm, anchor } = options
  const findings: Finding[] = []
  let found = 0
  const report = (finding: Finding) => {
    found += 1
    if (findings.length < LISTED) findings.push(finding)
  }

  const { from, to } = endsOf(await standingOf(reader, realm), options, report)
  const walk = createWalk({ ...options, from }, report)
  const [first, end] = [from?.seq ?? 0, to?.seq ?? Number.MAX_SAFE_INTEGER]
  let sealed = 0
  let isAnchored = anchor === undefined || (anchor.seq === from?.seq && anchor.mac === from.mac)
  for await (const rows of pages(reader, realm, first, end)) {
    for (const row of rows) walk.look(row)
    sealed += rows.length
    isAnchored ||= rows.some(({ seq, mac }) => seq === anchor?.seq && mac === anchor.mac)
  }
  walk.end(to)
  // Numbers outside of the chain were never given by a server.
  for (const range of [sql<boolean>`audit.seq <= ${first}`, sql<boolean>`audit.seq > ${end}`]) {
    for (const row of await sealedRows(reader, realm, range, LISTED))
      report({ kind: 'inserted', ...named(row) })
  }
  if (anchor !== undefined && !isAnchored) report(anchorLost(anchor, from, to))

  const head = found === 0 && to !== undefined && to.seq > 0 ? to : undefined
  const sorted = findings.toSorted((a, b) => (a.seq ?? 0) - (b.seq ?? 0))
  return { realm, sealed, ...(await unsealedOf(reader, realm)), head, findings: sorted, found }
}

/** Where the chain begins after, and where it ends; undefined where its row can't be believed. */
function endsOf(
  { chain, top }: Standing,
  { sealer, keyIds }: VerifyOptions,
  report: (finding: Finding) => void,
): { from: Anchor | undefined; to: Anchor | undefined } {
  const nowhere = { from: undefined, to: undefined }
  if (chain === undefined) {
    const empty = { seq: 0, mac: '' }
    if (top === 0) return { from: empty, to: empty }
    report({ kind: 'chain', problem: 'gone' })
    return nowhere
  }
  if (!keyIds.includes(chain.key_id)) {
    report({ kind: 'key', keyId: chain.key_id })
  } else if (!isGenuine(sealer, chain)) {
    report({ kind: 'chain', problem: 'forged' })
    return nowhere
  }
  return {
    from: { seq: chain.base_seq, mac: chain.base_mac },
    to: { seq: chain.seq, mac: chain.mac },
  }
}

async function* pages(reader: Reader, realm: string, from: number, to: number): AsyncGenerator<SealedRow[]> {
  let begin = sql<boolean>`audit.seq > ${from}`
  for (;;) {
    const rows = await sealedRows(reader, realm, sql`${begin} and audit.seq <= ${to}`, PAGE)
    const last = rows.at(-1)
    if (last === undefined) return
    yield rows
    // The id too: where the index was dropped, two entries may have one number.
    begin = sql`(audit.seq, audit.id) > (${last.seq}, ${last.id})`
  }
}

async function unsealedOf(
  { db }: Reader,
  realm: string,
): Promise<Pick<Verification, 'unsealed' | 'unsealedSince'>> {
  const { unsealed, since } = await db
    .selectFrom('audit')
    .select(({ fn }) => [
      fn.countAll<number>().as('unsealed'),
      sql<string | null>`cast(min(at) as text)`.as('since'),
    ])
    .where('realm', '=', realm)
    .where('seq', 'is', null)
    .executeTakeFirstOrThrow()
  return { unsealed, unsealedSince: since === null ? undefined : timeOf(since) }
}

function anchorLost(anchor: Anchor, from: Anchor | undefined, to: Anchor | undefined): Finding {
  const problem =
    anchor.seq > (to?.seq ?? Infinity)
      ? 'beyond-end'
      : anchor.seq < (from?.seq ?? 0)
        ? 'pruned'
        : 'other-entry'
  return { kind: 'anchor', seq: anchor.seq, problem }
}
