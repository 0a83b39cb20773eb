import { sql } from 'kysely'
import type { RawBuilder } from 'kysely'
import type { Sealer } from '../../core/ports.ts'
import type { Write } from './commit.ts'
import type { Database } from './database.ts'
import type { Schema } from './schema.ts'

/** What the audit is read by: an open database, or a transaction of it. */
export type Reader = Pick<Database, 'db' | 'sqlite'>

/** Where a realm's chain begins, after what was pruned, and ends. */
export type Chain = Schema['audit_chain']

type Unsealed = Omit<Chain, 'key_id' | 'seal'>

/** What an entry's keyed hash covers, beside the hash before it. `at` is text: a forged one may be no number. */
export interface Link {
  realm: string
  seq: number
  id: string
  at: string
  user_id: string
  actor: string
  address: string | null
  event: string
  detail: string
}

/** A sealed entry as the database has it. */
export interface SealedRow extends Link {
  key_id: string | null
  mac: string | null
}

/** The columns of a link, but its number and time. */
export const LINK = ['realm', 'id', 'user_id', 'actor', 'address', 'event', 'detail'] as const

/** The keyed hash of an entry in its place; `keyId` absent: by the newest key. */
export function macOf(
  sealer: Sealer,
  before: string,
  link: Link,
  keyId?: string,
): { keyId: string; value: string } {
  const { realm, seq, id, at, user_id, actor, address, event, detail } = link
  const fields = [realm, seq, id, at, user_id, actor, address, event, detail]
  return sealer.mac(JSON.stringify(['audit entry', before, ...fields]), keyId)
}

/** The chain's row under its seal, by the newest key. */
export function sealedChain(sealer: Sealer, chain: Unsealed): Chain {
  const { keyId, value } = sealer.mac(chainText(chain))
  return { ...chain, key_id: keyId, seal: value }
}

/** Whether a sealed entry is the one that followed on this hash. Throws where its key is not configured. */
export function follows(sealer: Sealer, before: string, row: SealedRow): boolean {
  return row.key_id !== null && macOf(sealer, before, row, row.key_id).value === row.mac
}

/** Whether the chain's row is as a server left it. Throws where its key is not configured. */
export function isGenuine(sealer: Sealer, chain: Chain): boolean {
  return sealer.mac(chainText(chain), chain.key_id).value === chain.seal
}

function chainText({ realm, base_seq, base_mac, seq, mac }: Unsealed): string {
  return JSON.stringify(['audit chain', realm, base_seq, base_mac, seq, mac])
}

/**
 * A column of whole numbers as text, exactly: what was forged to be a fraction, a text or too large for a number would
 * otherwise be read as something else, or not at all.
 */
export function exactly({ sqlite }: Reader, column: string): RawBuilder<string> {
  return sqlite === undefined ? sql`${sql.ref(column)}::text` : sql`quote(${sql.ref(column)})`
}

/** How a realm's chain stands, read at one moment. */
export interface Standing {
  chain: Chain | undefined
  /** The highest number of an entry, 0 where there is none, NaN where it was forged to be no number. */
  top: number
  /** Whether entries wait to be sealed. */
  waiting: boolean
}

export async function standingOf(reader: Reader, realm: string): Promise<Standing> {
  const { rows } = await sql<
    { [K in keyof Chain]: string | null } & { top: string | null; waiting: unknown }
  >`
    select chain.realm, ${exactly(reader, 'chain.base_seq')} as base_seq, chain.base_mac,
      ${exactly(reader, 'chain.seq')} as seq, chain.mac, chain.key_id, chain.seal,
      (select ${exactly(reader, 'audit.seq')} from audit
        where audit.realm = ${realm} and audit.seq is not null order by audit.seq desc limit 1) as top,
      exists (select 1 from audit where audit.realm = ${realm} and audit.seq is null) as waiting
    from (select 1) as one left join audit_chain as chain on chain.realm = ${realm}`.execute(reader.db)
  const [row] = rows
  if (row === undefined) throw new Error('a select without a condition gave no row')
  const { top, waiting, ...chain } = row
  return {
    chain:
      chain.realm === null
        ? undefined
        : ({ ...chain, base_seq: Number(chain.base_seq), seq: Number(chain.seq) } as Chain),
    top: Number(top ?? 0),
    waiting: Boolean(waiting),
  }
}

/**
 * The chain to go on from; undefined where the realm has none yet.
 * @throws Error where its row was forged: to go on from it would make the forgery good
 */
export function trusted(sealer: Sealer, realm: string, { chain, top }: Standing): Chain | undefined {
  const isForged = chain === undefined ? top !== 0 : !isGenuine(sealer, chain) || !(top <= chain.seq)
  if (isForged) throw tampered(realm)
  return chain
}

export function tampered(realm: string): Error {
  return new Error(`the audit of the realm "${realm}" was tampered with; "latchkey audit verify" says where`)
}

/** Sealed entries in the order of their numbers. */
export async function sealedRows(
  reader: Reader,
  realm: string,
  range: RawBuilder<boolean>,
  max: number,
): Promise<SealedRow[]> {
  const rows = await reader.db
    .selectFrom('audit')
    .select([...LINK, 'key_id', 'mac'])
    .select([exactly(reader, 'audit.seq').as('seq'), exactly(reader, 'audit.at').as('at')])
    .where('audit.realm', '=', realm)
    .where('audit.seq', 'is not', null)
    .where(range)
    .orderBy('audit.seq')
    .orderBy('audit.id')
    .limit(max)
    .execute()
  return rows.map((row) => ({ ...row, seq: Number(row.seq) }))
}

/**
 * The write that moves the chain. Refused where the row is no longer the one that was read: the seal covers every
 * column, so it stands for all of them.
 */
export function moveChain(was: Chain | undefined, next: Chain): Write {
  const { realm, base_seq, base_mac, seq, mac, key_id, seal } = next
  return {
    statement: sql`insert into audit_chain (realm, base_seq, base_mac, seq, mac, key_id, seal)
      values (${realm}, ${base_seq}, ${base_mac}, ${seq}, ${mac}, ${key_id}, ${seal})
      on conflict (realm) do update set base_seq = excluded.base_seq, base_mac = excluded.base_mac,
        seq = excluded.seq, mac = excluded.mac, key_id = excluded.key_id, seal = excluded.seal
      where audit_chain.seal = ${was?.seal ?? ''}`,
    guard: 'lost',
  }
}
