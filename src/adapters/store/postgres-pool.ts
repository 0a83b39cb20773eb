import { AsyncLocalStorage } from 'node:async_hooks'
import type { PostgresPool, PostgresPoolClient } from 'kysely'
import pg from 'pg'
import { fromPostgres } from './unavailable.ts'

/** Milliseconds until there is a connection, a new one or one that another gives back. */
const CONNECTION = 2_000
/** Milliseconds that a statement may take with the wait for its connection: whoever asked waits for three seconds. */
const HURRIED = 2_500
/** The same where nobody waits: longer than the server takes to end a statement by itself. */
export const PATIENT = 6_000
/** Milliseconds after which the server ends a statement by itself. */
const STATEMENT = 5_000
/** Milliseconds that a statement waits for another's lock: none goes on once its client has given up. */
const LOCK = 2_000

const INT8 = 20

const work = new AsyncLocalStorage<true>()

/** Does work that nobody waits for: its statements may take longer than those of a request. */
export function patiently<T>(does: () => T): T {
  return work.run(true, does)
}

/**
 * Connections to a PostgreSQL on which every statement ends: where no answer comes, nor an end of the connection, the
 * statement fails and the connection is given up.
 * @param limit milliseconds that each statement may take; by default it depends on who waits for it. Infinity: as long
 * as it takes, and as long as others hold what it needs
 */
export function createPostgresPool(url: string, limit?: number): PostgresPool {
  const types = new pg.TypeOverrides()
  types.setTypeParser(INT8, Number)
  const pool = new pg.Pool({
    connectionString: url,
    types,
    max: 10,
    connectionTimeoutMillis: CONNECTION,
    keepAlive: true,
    ...(limit === Infinity ? {} : { statement_timeout: STATEMENT, lock_timeout: LOCK }),
  })
  const timed = new WeakMap<pg.PoolClient, TimedClient>()
  // A connection that breaks, idle or in use, is replaced; without a listener it would end the process.
  pool.on('error', () => {})
  pool.on('connect', (client) => {
    client.on('error', () => {})
    timed.set(client, new TimedClient(client))
  })
  return {
    options: {},
    async connect() {
      const due = performance.now() + (limit ?? (work.getStore() === true ? PATIENT : HURRIED))
      const client = timed.get(await pool.connect().catch(rethrow))
      if (client === undefined) throw new Error('the pool gave a connection that it did not make')
      return client.until(due)
    },
    end: async () => await pool.end(),
  }
}

/** A connection that ends where a statement on it does not. */
class TimedClient implements PostgresPoolClient {
  readonly #client: pg.PoolClient
  #limit = Infinity
  #due = Infinity

  constructor(client: pg.PoolClient) {
    this.#client = client
  }

  /** @param due when the next statement must have ended; those that follow it have as long, each */
  until(due: number): this {
    this.#due = due
    this.#limit = due - performance.now()
    return this
  }

  readonly query = (async (text: string, parameters?: readonly unknown[]) => {
    const left = this.#due - performance.now()
    // One that hangs can't be asked to end: it is cut off.
    const timer = left === Infinity ? undefined : setTimeout(() => void this.#client.end(), left)
    try {
      return await this.#client.query(text, [...(parameters ?? [])]).catch(rethrow)
    } finally {
      clearTimeout(timer)
      this.#due = performance.now() + this.#limit
    }
  }) as unknown as PostgresPoolClient['query']

  release(destroy?: boolean): void {
    this.#client.release(destroy)
  }
}

function rethrow(error: unknown): never {
  throw fromPostgres(error)
}
