import { sql } from 'kysely'
import type { RawBuilder } from 'kysely'
import type { Sealer } from '../../core/ports.ts'
import type { Database } from './database.ts'
import { hashKeyIn } from './rows.ts'
import { SEALED_TABLES } from './reseal.ts'
import type { SealedTable } from './reseal.ts'

const PAGE = 500

/** What rows of the database are for, as far as an encryption key is needed for them. */
export type KeyedKind =
  | SealedTable
  /** The end of a realm's audit. */
  | 'audit_chain'
  | 'audit'
  /** Backup codes: hashes inside of what is sealed. */
  | 'hashed'
  | 'trusted_device'
  | 'link'
  | 'bypass'
  /** What numbers of methods are found by, and numbers that administrators set in Keycloak. */
  | 'number'
  | 'directory_number'

/** Rows of a kind that need a key. */
export interface KeyUse {
  kind: KeyedKind
  keyId: string
  rows: number
  /** When the last of them ends, or for the audit when the newest was written; epoch milliseconds. */
  last?: number
}

/** What is hashed with a key: where the table says which, and which time counts. */
const HASHED: { kind: KeyedKind; table: string; column: string; isPart: boolean; last?: string }[] = [
  { kind: 'audit_chain', table: 'audit_chain', column: 'key_id', isPart: false },
  { kind: 'audit', table: 'audit', column: 'key_id', isPart: false, last: 'at' },
  { kind: 'trusted_device', table: 'trusted_device', column: 'token', isPart: true, last: 'expires_at' },
  { kind: 'link', table: 'link', column: 'key_id', isPart: false, last: 'expires_at' },
  { kind: 'bypass', table: 'bypass', column: 'key_id', isPart: false, last: 'expires_at' },
  { kind: 'number', table: 'credential', column: 'number_lookup', isPart: true },
  { kind: 'directory_number', table: 'directory_user', column: 'number_lookup', isPart: true },
]

/**
 * Counts what each key is needed for. Reads every row once, beside servers that go on.
 * @param hashed the methods of which hashes are stored (`Method.hashed`)
 */
export async function countKeys(
  database: Database,
  sealer: Sealer,
  hashed: readonly string[],
): Promise<KeyUse[]> {
  return await database.db.transaction().execute(async (db) => {
    // Millions of entries take as long as they take: the limit of a request is not a count's.
    if (database.sqlite === undefined) await sql`set local statement_timeout = 0`.execute(db)
    const at = { db, sqlite: database.sqlite }
    const uses: KeyUse[] = []
    for (const table of SEALED_TABLES) {
      const rest = sql`substr(sealed, 3)`
      uses.push(
        ...(await group(at, table, { table, keyId: upToDot(at, rest), where: sql`sealed is not null` })),
      )
    }
    for (const { kind, table, column, isPart, last } of HASHED) {
      const name = sql`${sql.ref(column)}`
      const keyId = isPart ? upToDot(at, name) : name
      const where = sql`${name} is not null`
      uses.push(...(await group(at, kind, { table, keyId, where, ...(last === undefined ? {} : { last }) })))
    }
    return [...uses, ...(await countHashed(at, sealer, hashed))]
  })
}

type Reading = Pick<Database, 'db' | 'sqlite'>

async function group(
  { db }: Reading,
  kind: KeyedKind,
  {
    table,
    keyId,
    where,
    last,
  }: { table: string; keyId: RawBuilder<unknown>; where: RawBuilder<unknown>; last?: string },
): Promise<KeyUse[]> {
  const newest = last === undefined ? sql`null` : sql`max(${sql.ref(last)})`
  const { rows } = await sql<{ key: string; count: number | string; newest: number | null }>`
    select ${keyId} as key, count(*) as count, ${newest} as newest from ${sql.table(table)}
    where ${where} group by 1 order by 1`.execute(db)
  return rows.map(({ key, count, newest: time }) => ({
    kind,
    keyId: key,
    rows: Number(count),
    ...(time === null ? {} : { last: time }),
  }))
}

function upToDot({ sqlite }: Reading, text: RawBuilder<unknown>): RawBuilder<unknown> {
  return sqlite === undefined
    ? sql`split_part(${text}, '.', 1)`
    : sql`substr(${text}, 1, instr(${text}, '.') - 1)`
}

/** Of those that can be opened: under which key the hashes in them were made. */
async function countHashed({ db }: Reading, sealer: Sealer, methods: readonly string[]): Promise<KeyUse[]> {
  const counts = new Map<string, number>()
  if (methods.length === 0) return []
  for (let after = ''; ;) {
    const rows = await db
      .selectFrom('credential')
      .selectAll()
      .where('method', 'in', [...methods])
      .where('id', '>', after)
      .orderBy('id')
      .limit(PAGE)
      .execute()
    for (const row of rows) {
      const keyId = hashKeyIn(sealer, row)
      if (keyId !== undefined) counts.set(keyId, (counts.get(keyId) ?? 0) + 1)
    }
    if (rows.length < PAGE) break
    after = rows.at(-1)?.id ?? after
  }
  return [...counts].map(([keyId, rows]) => ({ kind: 'hashed', keyId, rows }))
}
