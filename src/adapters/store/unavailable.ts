import pg from 'pg'
import { AppError } from '../../core/errors.ts'

/** Lost or refused connections, no room, shutting down, read-only, a lock or an answer that did not come in time. */
const POSTGRES = /^(08|53|57P)|^(25006|55P03|57014)$/
/** Busy, locked, read-only, input or output, full, can't be opened (https://sqlite.org/rescode.html). */
const SQLITE = new Set([5, 6, 8, 10, 13, 14])

/**
 * What PostgreSQL or the way to it threw, to be thrown on: where it can't serve at the moment, whoever asks is told to
 * try again, and the log why.
 */
export function fromPostgres(error: unknown): unknown {
  // What is no word of the server's is the connection's.
  const isAway = !(error instanceof pg.DatabaseError) || POSTGRES.test(error.code ?? '')
  return isAway ? unavailable(error) : error
}

/** The same of SQLite. */
export function fromSqlite(error: unknown): unknown {
  const { errcode = 0 } = error as { errcode?: number }
  return SQLITE.has(errcode % 256) ? unavailable(error) : error
}

function unavailable(cause: unknown): AppError {
  const error = new AppError('unavailable', 'the database can not serve at the moment')
  error.cause = cause
  return error
}
