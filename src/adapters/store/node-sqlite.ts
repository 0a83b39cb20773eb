import { existsSync } from 'node:fs'
import { DatabaseSync } from 'node:sqlite'
import type { SQLInputValue, StatementSync } from 'node:sqlite'
import type { SqliteDatabase } from 'kysely'
import { fromSqlite } from './unavailable.ts'

/** Milliseconds that a write waits for another program's, and with it whoever else asks: nothing else is done. */
const BUSY = 1_000

/** A SQLite file for Kysely's own dialect, with its statements prepared once. */
export interface SqliteFile extends SqliteDatabase {
  exec(sql: string): void
}

/**
 * Opens the file: WAL, and every commit on the disk before it is acknowledged. A second server on the same file is
 * refused, since each would take the other's limits for its own.
 * @throws Error that says which file is in use
 */
export function openSqliteFile(path: string): SqliteFile {
  const lock = path === ':memory:' ? undefined : lockFile(path)
  const database = new DatabaseSync(path)
  for (const pragma of [
    'journal_mode = WAL',
    'synchronous = FULL',
    'foreign_keys = ON',
    `busy_timeout = ${BUSY}`,
  ]) {
    database.exec(`PRAGMA ${pragma}`)
  }
  return wrap(database, lock)
}

/**
 * Opens the file beside a running server: reads only, and takes no lock.
 * @throws Error where there is no such file
 */
export function openSqliteForReading(path: string): SqliteFile {
  if (!existsSync(path)) throw new Error(`there is no database file ${path}`)
  return wrap(new DatabaseSync(path, { readOnly: true, timeout: 5000 }))
}

function wrap(database: DatabaseSync, lock?: DatabaseSync): SqliteFile {
  const prepared = new Map<string, StatementSync>()
  const prepare = (sql: string) => {
    const statement = prepared.get(sql) ?? database.prepare(sql)
    prepared.set(sql, statement)
    return statement
  }
  return {
    exec: (sql) => told(() => database.exec(sql)),
    prepare(sql) {
      const statement = told(() => prepare(sql))
      const values = (parameters: readonly unknown[]) => parameters as SQLInputValue[]
      return {
        reader: statement.columns().length > 0,
        all: (parameters) => told(() => statement.all(...values(parameters))),
        run: (parameters) => told(() => statement.run(...values(parameters))),
        iterate: (parameters) => statement.iterate(...values(parameters)),
      }
    },
    close() {
      database.close()
      lock?.close()
    },
  }
}

function told<T>(does: () => T): T {
  try {
    return does()
  } catch (error) {
    throw fromSqlite(error)
  }
}

/** A lock that the operating system drops when the process ends, however it ends. */
function lockFile(path: string): DatabaseSync {
  const lock = new DatabaseSync(`${path}.lock`)
  try {
    lock.exec('PRAGMA busy_timeout = 0; PRAGMA locking_mode = EXCLUSIVE; BEGIN EXCLUSIVE')
    return lock
  } catch (error) {
    lock.close()
    throw new Error(
      `the database file ${path} is in use by another Latchkey server; stop it, or use PostgreSQL (LATCHKEY_DB_URL) to run several`,
      { cause: error },
    )
  }
}
