import { Kysely, PostgresDialect, SqliteDialect } from 'kysely'
import type { LogConfig } from 'kysely'
import { Migrator } from 'kysely/migration'
import type { Migration } from 'kysely/migration'
import pg from 'pg'
import { login } from './migrations/0001-login.ts'
import { sendCounts } from './migrations/0002-send-counts.ts'
import { administration } from './migrations/0003-administration.ts'
import { openSqliteFile } from './node-sqlite.ts'
import type { SqliteFile } from './node-sqlite.ts'
import type { Schema } from './schema.ts'

const MIGRATIONS: Record<string, Migration> = {
  '0001-login': login,
  '0002-send-counts': sendCounts,
  '0003-administration': administration,
}
const INT8 = 20

/** An open database; `sqlite` is the file where it is one. */
export interface Database {
  db: Kysely<Schema>
  sqlite: SqliteFile | undefined
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
    await migrate(database.db)
    return database
  } catch (error) {
    await database.close()
    throw error
  }
}

function openSqlite(path: string, options: { log?: LogConfig }): Database {
  const sqlite = openSqliteFile(path)
  const db = new Kysely<Schema>({ dialect: new SqliteDialect({ database: sqlite }), ...options })
  return {
    db,
    sqlite,
    async close() {
      await db.destroy()
    },
  }
}

function openPostgres(url: string, options: { log?: LogConfig }): Database {
  const types = new pg.TypeOverrides()
  types.setTypeParser(INT8, Number)
  const pool = new pg.Pool({
    connectionString: url,
    types,
    max: 10,
    connectionTimeoutMillis: 2_000,
    statement_timeout: 5_000,
  })
  // A connection that breaks while idle is replaced; without a listener it would end the process.
  pool.on('error', () => {})
  const db = new Kysely<Schema>({ dialect: new PostgresDialect({ pool }), ...options })
  return {
    db,
    sqlite: undefined,
    async close() {
      await db.destroy()
    },
  }
}

async function migrate(db: Kysely<Schema>): Promise<void> {
  const migrator = new Migrator({ db, provider: { getMigrations: async () => MIGRATIONS } })
  const { error } = await migrator.migrateToLatest()
  if (error !== undefined) throw new Error('the database could not be brought up to date', { cause: error })
}
