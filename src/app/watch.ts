import { sql } from 'kysely'
import { readBacklog } from '../adapters/store/backlog.ts'
import type { Database } from '../adapters/store/database.ts'
import type { SigningKeys } from '../adapters/store/signing-keys.ts'
import { ageOf, judge } from '../core/health.ts'
import type { Backlog, Health, LastTries } from '../core/health.ts'
import type { SyncControl, SyncState } from '../core/sync/sync.ts'
import { withTimeout, withinRequest } from '../patience.ts'
import type { Metrics } from '../web/metrics.ts'

/** Milliseconds that a probe waits for the database. */
const PATIENCE = 2_000
/** After this long a look that hangs is taken to be lost with its connection, milliseconds. */
const GIVEN_UP = 10_000

/** What is tried elsewhere, and seen here alone. */
type Tried = 'keycloak' | 'mail' | 'textMessages'

interface Watched {
  database: Database
  signer: SigningKeys
  metrics: Metrics
  sync: Pick<SyncControl, 'state'>
  realms: readonly string[]
  /** Milliseconds from one full pass to the next. */
  syncInterval: number
  clock: () => number
}

/** Keeps an eye on a server: for its health and for the metrics that are only known when they are asked for. */
export interface Watch {
  /** Takes down how a try of something went. */
  tried(what: Tried, realm: string, well: boolean): void
  /** `send`, with what became of each message taken down; that a provider refuses one says nothing of the next. */
  sending<A extends unknown[], R extends { result: 'sent' | 'refused' | 'failed' }>(
    what: 'mail' | 'textMessages',
    send: (realm: string, ...rest: A) => Promise<R>,
  ): (realm: string, ...rest: A) => Promise<R>
  /** From now on the server is not ready: it is about to stop. */
  drain(): void
  refresh(): Promise<void>
  health(): Promise<Health>
}

interface Found {
  realm: string
  backlog: Backlog | undefined
  sync: SyncState | undefined
}

export function createWatch(watched: Watched): Watch {
  const { database, signer, metrics, sync, realms, syncInterval, clock } = watched
  const startedAt = clock()
  const tries = new Map<string, LastTries>()
  const isUp = patient(async () => {
    await withinRequest(async () => await sql`select 1`.execute(database.db))
    return true
  })
  const looks = realms.map((realm) => ({
    realm,
    backlog: patient(async () => await readBacklog(database, realm)),
    sync: patient(async () => await sync.state(realm)),
  }))
  let isStopping = false

  return {
    tried,
    sending:
      (what, send) =>
      async (realm, ...rest) => {
        const handed = await send(realm, ...rest)
        if (handed.result !== 'refused') tried(what, realm, handed.result === 'sent')
        return handed
      },
    drain() {
      isStopping = true
    },

    async health() {
      const { isDatabaseUp, found } = await look()
      return judge({
        now: clock(),
        startedAt,
        isStopping,
        isDatabaseUp,
        signingKey: signer.term(),
        syncInterval,
        realms: found.map((one) => ({
          ...one,
          keycloak: triesOf('keycloak', one.realm),
          mail: triesOf('mail', one.realm),
          textMessages: triesOf('textMessages', one.realm),
        })),
      })
    },

    async refresh() {
      const { isDatabaseUp, found } = await look()
      metrics.databaseUp.set(isDatabaseUp ? 1 : 0)
      for (const { realm, backlog } of found) setBacklog(realm, backlog)
      const term = signer.term()
      if (term === undefined) {
        metrics.signingKeySince.remove()
        metrics.signingKeyUntil.remove()
      } else {
        metrics.signingKeySince.set(term.since / 1000)
        metrics.signingKeyUntil.set(term.until / 1000)
      }
      const { pool } = database
      if (pool === undefined) return
      metrics.databaseConnections.set({ state: 'idle' }, pool.idleCount)
      metrics.databaseConnections.set({ state: 'in-use' }, pool.totalCount - pool.idleCount)
      metrics.databaseWaiting.set(pool.waitingCount)
    },
  }

  function tried(what: Tried, realm: string, well: boolean): void {
    tries.set(`${what} ${realm}`, { ...triesOf(what, realm), [well ? 'okAt' : 'failedAt']: clock() })
    if (what === 'keycloak') metrics.keycloakUp.set({ realm }, well ? 1 : 0)
  }

  function triesOf(what: Tried, realm: string): LastTries {
    return tries.get(`${what} ${realm}`) ?? {}
  }

  /** A database that does not answer is asked for nothing else. */
  async function look(): Promise<{ isDatabaseUp: boolean; found: Found[] }> {
    const isDatabaseUp = (await isUp()) === true
    const found = looks.map(async ({ realm, ...ask }) => {
      if (!isDatabaseUp) return { realm, backlog: undefined, sync: undefined }
      const [backlog, state] = await Promise.all([ask.backlog(), ask.sync()])
      return { realm, backlog, sync: state }
    })
    return { isDatabaseUp, found: await Promise.all(found) }
  }

  /** What is not known is absent: the last figure would pass for one of now. */
  function setBacklog(realm: string, backlog: Backlog | undefined): void {
    const now = clock()
    const { notices, unsealed } = backlog ?? {}
    for (const [metric, value] of [
      [metrics.noticesWaiting, notices?.count],
      [metrics.noticesAge, notices && ageOf(notices, now) / 1000],
      [metrics.auditUnsealed, unsealed?.count],
      [metrics.auditUnsealedAge, unsealed && ageOf(unsealed, now) / 1000],
      [metrics.enrolledUsers, backlog?.enrolled],
    ] as const) {
      if (value === undefined) metric.remove({ realm })
      else metric.set({ realm }, value)
    }
  }
}

/**
 * A look that ends in time, with undefined where it fails or hangs. One that hangs is begun again only after a while:
 * probes must not take the pool's connections one after the other.
 */
function patient<T>(look: () => Promise<T>): () => Promise<T | undefined> {
  let running: { since: number; done: Promise<T | undefined> } | undefined
  return async () => {
    if (running === undefined || performance.now() - running.since > GIVEN_UP) {
      const begun = { since: performance.now(), done: look().catch(() => undefined) }
      running = begun
      void begun.done.finally(() => {
        if (running === begun) running = undefined
      })
    }
    return await withTimeout(running.done, PATIENCE).catch(() => undefined)
  }
}
