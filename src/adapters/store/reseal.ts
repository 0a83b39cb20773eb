import { setImmediate } from 'node:timers/promises'
import { sql } from 'kysely'
import type { Selectable } from 'kysely'
import type { Sealer } from '../../core/ports.ts'
import { moveChain, sealedChain, standingOf, trusted } from './audit-chain.ts'
import { commitWrites } from './commit.ts'
import type { Database } from './database.ts'
import { outboxContext } from './outbox-store.ts'
import { credentialContext, transactionContext } from './rows.ts'
import type { Schema } from './schema.ts'
import { secretContext } from './secrets.ts'
import { signingKeyContext } from './signing-keys.ts'
import { sessionContext } from './web-session-store.ts'

/** Rows that one statement re-seals at most: who waits for one of them waits for milliseconds. */
const BATCH = 50
/** How often a table is gone through at most: a row that somebody changed meanwhile is read again. */
const ROUNDS = 10

/** Every table with a sealed text, by its key's columns and what the text is bound to. */
const TABLES = {
  credential: table('credential', ['id'], credentialContext),
  transaction: table('transaction', ['id'], transactionContext),
  outbox: table('outbox', ['id'], outboxContext),
  web_session: table('web_session', ['id_hash'], sessionContext),
  realm_secret: table('realm_secret', ['realm', 'name'], ({ realm, name }) => secretContext(realm, name)),
  signing_key: table('signing_key', ['kid'], ({ n }) => signingKeyContext(n)),
}

export type SealedTable = keyof typeof TABLES
export const SEALED_TABLES = Object.keys(TABLES) as SealedTable[]

/** What became of one kind of rows. `unreadable`: no key opens them. */
export interface Resealed {
  table: SealedTable | 'audit_chain'
  resealed: number
  unreadable: number
}

interface Options {
  /** What a number is found by, under the newest key; undefined where the credential has none. */
  lookupOf: (credential: { realm: string; method: string; data: unknown }) => string | undefined
  /** Whether to leave the rest for another time. */
  isStopping?: () => boolean
}

/**
 * Seals every row under the newest key that another one sealed, beside servers that go on: a row is replaced only while it
 * is still what was read, and what it says never changes. All servers must be able to read the newest key.
 */
export async function reseal(database: Database, sealer: Sealer, options: Options): Promise<Resealed[]> {
  const done: Resealed[] = []
  for (const name of SEALED_TABLES) {
    let resealed = 0
    let pass = await goThrough(database, sealer, name, options)
    for (let round = 1; pass.lost > 0 && round < ROUNDS; round++) {
      resealed += pass.resealed
      pass = await goThrough(database, sealer, name, options)
    }
    done.push({ table: name, resealed: resealed + pass.resealed, unreadable: pass.unreadable })
  }
  return [...done, await resealChains(database, sealer)]
}

type Row = Record<string, unknown> & { sealed: string }

async function goThrough(
  database: Database,
  sealer: Sealer,
  name: SealedTable,
  options: Options,
): Promise<{ resealed: number; lost: number; unreadable: number }> {
  const { key, context } = TABLES[name]
  const total = { resealed: 0, lost: 0, unreadable: 0 }
  for (let after: Row | undefined; ;) {
    const rows: Row[] = await page(database, sealer, name, after)
    const made = rows.flatMap((row) => {
      const plain = opened(sealer, row, context(row))
      if (plain === undefined) return []
      const lookup = name === 'credential' ? lookupIn(row, plain, options) : undefined
      return [{ ...keyOf(row, key), was: row.sealed, sealed: sealer.seal(plain, context(row)), lookup }]
    })
    const resealed = made.length === 0 ? 0 : await replace(database, name, made)
    total.resealed += resealed
    total.lost += made.length - resealed
    total.unreadable += rows.length - made.length
    if (rows.length < BATCH || options.isStopping?.() === true) return total
    // On a SQLite file nothing here waits: a login comes in between.
    await setImmediate()
    after = rows.at(-1)
  }
}

/** Rows of a table, in the order of its key, that are not all of the newest key. */
async function page(
  { db }: Database,
  sealer: Sealer,
  name: SealedTable,
  after: Row | undefined,
): Promise<Row[]> {
  const columns = TABLES[name].key.map((column) => sql.ref(column))
  const beyond =
    after === undefined
      ? sql``
      : sql`and (${sql.join(columns)}) > (${sql.join(TABLES[name].key.map((column) => after[column]))})`
  const seal = `1.${sealer.keyIds[0]}.`
  const hash = `${sealer.keyIds[0]}.`
  // The text is sealed anew with each use, and what a number is found by is not.
  const older =
    name === 'credential' ? sql`or substr(number_lookup, 1, ${sql.lit(hash.length)}) <> ${hash}` : sql``
  const { rows } = await sql<Row>`select * from ${sql.table(name)}
    where (substr(sealed, 1, ${sql.lit(seal.length)}) <> ${seal} ${older}) ${beyond}
    order by ${sql.join(columns)} limit ${sql.lit(BATCH)}`.execute(db)
  return rows
}

/** Replaces the rows that are still what was read, in one statement; gives how many they were. */
async function replace(
  { db, sqlite }: Database,
  name: SealedTable,
  made: readonly Record<string, unknown>[],
): Promise<number> {
  const { key } = TABLES[name]
  const columns = [...key, 'was', 'sealed', 'lookup']
  const text = JSON.stringify(made)
  const values =
    sqlite === undefined
      ? sql`json_to_recordset(${text}::json) as made(${sql.join(columns.map((one) => sql`${sql.ref(one)} text`))})`
      : sql`(select ${sql.join(columns.map((one) => sql`value ->> ${sql.lit(one)} as ${sql.ref(one)}`))}
          from json_each(${text})) as made`
  const lookup = name === 'credential' ? sql`, number_lookup = made.lookup` : sql``
  const same = key.map((one) => sql`${sql.ref(`${name}.${one}`)} = ${sql.ref(`made.${one}`)}`)
  try {
    const { numAffectedRows = 0n } = await sql`update ${sql.table(name)} set sealed = made.sealed ${lookup}
      from ${values} where ${sql.join(same, sql` and `)} and ${sql.ref(`${name}.sealed`)} = made.was`.execute(
      db,
    )
    return Number(numAffectedRows)
  } catch (error) {
    // A login and this waited for each other, and the database chose: nothing was replaced, and they are read again.
    if ((error as { code?: string }).code === '40P01') return 0
    throw error
  }
}

/** The end of each realm's audit, whose seal can be made again; the entries keep theirs, since a chain is what it was. */
async function resealChains(database: Database, sealer: Sealer): Promise<Resealed> {
  const total: Resealed = { table: 'audit_chain', resealed: 0, unreadable: 0 }
  const rows = await database.db.selectFrom('audit_chain').select(['realm', 'key_id']).execute()
  for (const { realm, key_id } of rows) {
    if (key_id === sealer.keyIds[0]) continue
    try {
      const chain = trusted(sealer, realm, await standingOf(database, realm))
      if (chain === undefined) continue
      // Refused where an entry came in between: then it was sealed anew by whoever added that.
      const done = await commitWrites(database, [moveChain(chain, sealedChain(sealer, chain))])
      if (done === 'written') total.resealed += 1
    } catch {
      total.unreadable += 1
    }
  }
  return total
}

function opened(sealer: Sealer, { sealed }: Row, context: string): string | undefined {
  try {
    return sealer.open(sealed, context)
  } catch {
    return undefined
  }
}

function lookupIn(row: Row, plain: string, options: Options): string | undefined {
  const { realm, method } = row as Row & { realm: string; method: string }
  try {
    return options.lookupOf({ realm, method, data: JSON.parse(plain) as unknown })
  } catch {
    // A method that this build does not know: its number, if it has one, is found by nothing.
    return undefined
  }
}

function keyOf(row: Row, key: readonly string[]): Record<string, unknown> {
  return Object.fromEntries(key.map((column) => [column, row[column]]))
}

function table<T extends keyof Schema>(
  _name: T,
  key: (keyof Schema[T] & string)[],
  context: (row: Selectable<Schema[T]>) => string,
): { key: string[]; context: (row: Row) => string } {
  return { key, context: (row) => context(row as unknown as Selectable<Schema[T]>) }
}
