import type { PostgresPool, PostgresPoolClient } from 'kysely'
import pg from 'pg'
import { patience, waited, withTimeout } from '../../patience.ts'
import { createStatementNames } from './statement-names.ts'
import { fromPostgres } from './unavailable.ts'

/** Milliseconds until there is a connection, a new one or one that another gives back. */
const CONNECTION = 2_000
/** Milliseconds that a statement may take where no client waits: longer than the server takes to end it by itself. */
const PATIENT = 6_000
/** Milliseconds that must be left to begin a statement: one that is cut off may have been carried out all the same. */
const LEAST = 1_000
/** Milliseconds after which the server ends a statement by itself. */
const STATEMENT = 5_000
/** Milliseconds that a statement waits for another's lock: none goes on once its client has given up. */
const LOCK = 2_000

const INT8 = 20

/** How many connections a pool has, how many of them wait for work, and how much work waits for one. */
export type PoolFigures = Pick<pg.Pool, 'totalCount' | 'idleCount' | 'waitingCount'>

/** A pool that tells how it stands. */
export interface FiguredPool extends PostgresPool {
  figures: PoolFigures
}

/**
 * Connections to a PostgreSQL on which every statement ends: where no answer comes, nor an end of the connection, the
 * statement fails and the connection is given up.
 * @param limited false: statements take as long as they take, and as long as others hold what they need
 */
export function createPostgresPool(url: string, { limited }: { limited: boolean }): FiguredPool {
  const types = new pg.TypeOverrides()
  types.setTypeParser(INT8, Number)
  const pool = new pg.Pool({
    connectionString: url,
    types,
    max: 10,
    connectionTimeoutMillis: CONNECTION,
    keepAlive: true,
    ...(limited ? { statement_timeout: STATEMENT, lock_timeout: LOCK } : {}),
  })
  // A connection that breaks, idle or in use, is replaced; without a listener it would end the process.
  pool.on('error', () => {})
  pool.on('connect', (client) => void client.on('error', () => {}))
  if (!limited) return Object.assign(pool, { figures: pool })
  const timed = new WeakMap<pg.PoolClient, TimedClient>()
  const nameOf = createStatementNames()
  return {
    options: {},
    figures: pool,
    async connect() {
      const begun = performance.now()
      const asked = pool.connect()
      const client = await withTimeout(asked, patience(PATIENT)).catch((error: unknown) => {
        // It may still come.
        asked.then((late) => late.release()).catch(() => {})
        throw fromPostgres(error)
      })
      const known = timed.get(client) ?? new TimedClient(client, nameOf)
      timed.set(client, known)
      return known.taken(begun)
    },
    end: async () => await pool.end(),
  }
}

/** A connection that ends where a statement on it does not. */
class TimedClient implements PostgresPoolClient {
  readonly #client: pg.PoolClient
  readonly #nameOf: (text: string) => string | undefined
  #since: number | undefined

  constructor(client: pg.PoolClient, nameOf: (text: string) => string | undefined) {
    this.#client = client
    this.#nameOf = nameOf
  }

  /** @param since when whoever took it began to wait for it */
  taken(since: number): this {
    this.#since = since
    return this
  }

  readonly query = (async (text: string, parameters: readonly unknown[] = []) => {
    const begun = this.#since ?? performance.now()
    this.#since = undefined
    const left = begun + patience(PATIENT) - performance.now()
    if (left < LEAST) throw fromPostgres(new Error('no time is left for a statement'))
    // One that hangs can't be asked to end: it is cut off.
    const timer = setTimeout(() => void this.#client.end(), left)
    try {
      const name = this.#nameOf(text)
      const query = { text, values: [...parameters], ...(name === undefined ? {} : { name }) }
      return await waited(this.#client.query(query), begun)
    } catch (error) {
      throw fromPostgres(error)
    } finally {
      clearTimeout(timer)
    }
  }) as unknown as PostgresPoolClient['query']

  release(destroy?: boolean): void {
    this.#client.release(destroy)
  }
}
