import { setTimeout as pause } from 'node:timers/promises'
import { CompiledQuery, Kysely, PostgresDialect, SqliteDialect, sql } from 'kysely'
import type { LogConfig } from 'kysely'
import { Migrator } from 'kysely/migration'
import { buildIndexes } from './indexes.ts'
import { MIGRATIONS } from './migrations/index.ts'
import { openSqliteFile, openSqliteForReading } from './node-sqlite.ts'
import type { SqliteFile } from './node-sqlite.ts'
import { createPostgresPool } from './postgres-pool.ts'
import type { PoolFigures } from './postgres-pool.ts'
import type { Schema } from './schema.ts'

/**
 * Milliseconds that a migration waits for a table: shorter than servers wait for its lock, and than PostgreSQL waits before it
 * ends one of two that wait for each other, which then is never a login.
 */
const PLACE = 500
/** Milliseconds until it tries again: what waited behind it has long been served. */
const PAUSE = 1_000
/** PostgreSQL's word for a lock that did not come in time. */
const LOCK_NOT_AVAILABLE = '55P03'

/** An open database; `sqlite` is the file where it is one. */
export interface Database {
  db: Kysely<Schema>
  sqlite: SqliteFile | undefined
  /** How the pool of PostgreSQL stands. */
  pool: PoolFigures | undefined
  close(): Promise<void>
}

/**
 * Opens the database and brings its schema up to date; several servers may do so at the same time.
 * @param url `sqlite:<file>` or `postgres://…`
 * @throws Error where it can't be reached, is in use, or was written by a newer version
 */
export async function openDatabase(url: string, options: { log?: LogConfig } = {}): Promise<Database> {
  const database = url.startsWith('sqlite:')
    ? openSqlite(url.slice('sqlite:'.length), options)
    : openPostgres(url, options)
  try {
    if (database.sqlite === undefined) await migratePostgres(url)
    else await migrate(database.db)
    return database
  } catch (error) {
    await database.close()
    throw error
  }
}

/**
 * Opens the database beside running servers: reads only, takes no lock and migrates nothing.
 * @param url `sqlite:<file>` or `postgres://…`
 * @throws Error where there is no such file; on PostgreSQL the first query throws where it can't be reached
 */
export function openForReading(url: string): Database {
  return url.startsWith('sqlite:')
    ? overSqlite(openSqliteForReading(url.slice('sqlite:'.length)), {})
    : openPostgres(url, {}, { first: CompiledQuery.raw('set default_transaction_read_only = on') })
}

function openSqlite(path: string, options: { log?: LogConfig }): Database {
  return overSqlite(openSqliteFile(path), options)
}

function overSqlite(sqlite: SqliteFile, options: { log?: LogConfig }): Database {
  const db = new Kysely<Schema>({ dialect: new SqliteDialect({ database: sqlite }), ...options })
  return {
    db,
    sqlite,
    pool: undefined,
    async close() {
      await db.destroy()
    },
  }
}

/**
 * An index over millions of entries takes as long as it takes: the limit of a request is not a migration's. But for a
 * table's lock it waits only a moment, then gives up its place and tries again: older servers queue behind it, and a
 * backup that reads may hold the table for hours.
 */
async function migratePostgres(url: string): Promise<void> {
  const first = CompiledQuery.raw(`set lock_timeout = ${PLACE}`)
  const patient = openPostgres(url, {}, { limited: false, first })
  try {
    while (!(await migrate(patient.db))) await pause(PAUSE)
    await buildIndexes(patient.db)
  } finally {
    await patient.close()
  }
}

function openPostgres(
  url: string,
  options: { log?: LogConfig },
  { limited = true, first }: { limited?: boolean; first?: CompiledQuery } = {},
): Database {
  const pool = createPostgresPool(url, { limited })
  const dialect = new PostgresDialect({
    pool,
    onCreateConnection: async (connection) => {
      if (first !== undefined) await connection.executeQuery(first)
    },
  })
  const db = new Kysely<Schema>({ dialect, ...options })
  return {
    db,
    sqlite: undefined,
    pool: pool.figures,
    async close() {
      await db.destroy()
    },
  }
}

/**
 * Runs what is new, each migration in a transaction of its own, so that no table is locked for the next one.
 * @returns false where another's lock was in the way
 */
async function migrate(db: Kysely<Schema>): Promise<boolean> {
  const migrator = new Migrator({ db, provider: { getMigrations: async () => MIGRATIONS } })
  for (;;) {
    const { error, results = [] } = await migrator.migrateUp()
    if (error === undefined && results.length === 0) return true
    if (error === undefined) continue
    if ((error as { code?: unknown }).code === LOCK_NOT_AVAILABLE) return false
    const [unknown] = await unknownMigrations(db)
    throw new Error(
      unknown === undefined
        ? 'the database could not be brought up to date'
        : `the database was written by a newer version of Latchkey, which brought it to ${unknown}: start that version, or a later one`,
      { cause: error },
    )
  }
}

/** What was done to the schema that this version knows nothing of, newest first. */
async function unknownMigrations(db: Kysely<Schema>): Promise<string[]> {
  const { rows } = await sql<{ name: string }>`select name from kysely_migration order by name desc`
    .execute(db)
    .catch(() => ({ rows: [] }))
  return rows.map(({ name }) => name).filter((name) => !(name in MIGRATIONS))
}
