import { sql } from 'kysely'
import type { RawBuilder } from 'kysely'
import type { Committed } from '../../core/ports.ts'
import type { Database } from './database.ts'
import type { SqliteFile } from './node-sqlite.ts'

/** One write of a change. `guard`: the whole change is refused where this one finds no row, with this answer. */
export interface Write {
  statement: RawBuilder<unknown>
  guard?: Refusal
}

/** Why a guard refuses; `limited` names the end of the window, epoch milliseconds. */
export type Refusal = 'replayed' | 'lost' | `limited ${number}`

const POSTGRES_REFUSAL = /latchkey refused: (replayed|lost|limited \d+)/
// A unique index or a lock decided for another request: read again, decide again.
const POSTGRES_RACES = new Set(['23505', '40001', '40P01'])
const SQLITE_CONSTRAINT = 19

/**
 * Writes all or nothing. On PostgreSQL it is one statement, hence one round trip and one commit: a guard without a row
 * makes the statement fail as a whole. On SQLite, where the file has one writer, it is one transaction that nothing can
 * come between, since no step of it waits.
 */
export async function commitWrites(database: Database, writes: Write[]): Promise<Committed> {
  return database.sqlite === undefined
    ? await commitPostgres(database, writes)
    : commitSqlite(database, writes)
}

async function commitPostgres({ db }: Database, writes: Write[]): Promise<Committed> {
  const parts = writes.map(({ statement }, i) => sql`${sql.ref(`w${i}`)} as (${statement} returning 1)`)
  // One a row, since a row has no more than 1,664 columns. Each is looked at, so that they happen in this order.
  const checks = writes.map(({ guard }, i) => {
    const rows = sql`(select count(*) from ${sql.ref(`w${i}`)})`
    return guard === undefined
      ? sql`select ${rows}::int`
      : sql`select (case when ${rows} = 0 then ${sql.lit(`latchkey refused: ${guard}`)} else '1' end)::int`
  })
  try {
    await sql`with ${sql.join(parts)} ${sql.join(checks, sql` union all `)}`.execute(db)
    return 'written'
  } catch (error) {
    const refused = POSTGRES_REFUSAL.exec(error instanceof Error ? error.message : '')?.[1]
    if (refused !== undefined) return answerTo(refused)
    if (POSTGRES_RACES.has((error as { code?: string }).code ?? '')) return 'lost'
    throw error
  }
}

function commitSqlite({ db, sqlite }: Database, writes: Write[]): Committed {
  if (sqlite === undefined) throw new Error('not a SQLite file')
  sqlite.exec('BEGIN IMMEDIATE')
  try {
    for (const { statement, guard } of writes) {
      const { sql: text, parameters } = statement.compile(db)
      const { changes } = sqlite.prepare(text).run(parameters)
      if (guard !== undefined && Number(changes) === 0) {
        sqlite.exec('ROLLBACK')
        return answerTo(guard)
      }
    }
    sqlite.exec('COMMIT')
    return 'written'
  } catch (error) {
    rollBack(sqlite)
    if (((error as { errcode?: number }).errcode ?? 0) % 256 === SQLITE_CONSTRAINT) return 'lost'
    throw error
  }
}

function answerTo(refusal: string): Committed {
  if (refusal === 'replayed' || refusal === 'lost') return refusal
  return { limitedUntil: Number(refusal.split(' ')[1]) }
}

/** SQLite rolls back by itself where the disk is full, and would then complain of a second time. */
function rollBack(sqlite: SqliteFile): void {
  try {
    sqlite.exec('ROLLBACK')
  } catch {
    // The cause is what the caller throws.
  }
}
