import { createHash, randomBytes } from 'node:crypto'
import { once } from 'node:events'
import type { Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { Express } from 'express'
import type { LogConfig } from 'kysely'
import { sql } from 'kysely'
import { pino } from 'pino'
import { realmKeys } from './adapters/keycloak/realm-keys.ts'
import { deliveryOf } from './adapters/sms/delivery.ts'
import { createSealer } from './adapters/secrets/sealer.ts'
import { openDatabase } from './adapters/store/database.ts'
import { createLoginStore } from './adapters/store/login-store.ts'
import { createPolicyStore } from './adapters/store/policy-store.ts'
import type { PolicyStore } from './adapters/store/policy-store.ts'
import { prune, PRUNE_EVERY } from './adapters/store/prune.ts'
import { createSigningKeys, SIGNING_KEYS_RELOAD } from './adapters/store/signing-keys.ts'
import type { Config } from './config.ts'
import type { LoginStore } from './core/ports.ts'
import type { Kit } from './core/step.ts'
import { registry } from './methods/index.ts'
import type { WebContext } from './web/context.ts'
import { createManagement } from './web/management.ts'
import { createMetrics } from './web/metrics.ts'
import { createRenderer } from './web/render/render.ts'
import { createServer } from './web/server.ts'

/** A server with everything wired, not listening yet. */
export interface App {
  web: Express
  management: Express
  store: LoginStore
  policy: PolicyStore
  close(): Promise<void>
}

/** What a test may put in place of the world. */
export interface Surroundings {
  /** Epoch milliseconds. */
  clock?: () => number
  /** Sees every statement. */
  sqlLog?: LogConfig
}

/**
 * Wires the server: the only place that knows every part.
 * @throws Error where the database can't be opened or a theme is faulty
 */
export async function createApp(
  config: Config,
  { clock = Date.now, sqlLog }: Surroundings = {},
): Promise<App> {
  const log = pino({ enabled: config.logFormat === 'json', base: null })
  const sealer = createSealer(config.encryptionKeys)
  const database = await openDatabase(config.dbUrl, sqlLog === undefined ? {} : { log: sqlLog })
  const signer = createSigningKeys(database, sealer, clock)
  await signer.refresh(clock())

  const delivery = deliveryOf(config)
  const metrics = createMetrics()
  // Without anybody to send them, codes by text message are out of use, and still the user's: not a reason to ask less.
  const silent = [...registry.values()].filter((method) => method.sendChallenge !== undefined)
  const unavailable = new Set(delivery.courier === undefined ? silent.map(({ id }) => id) : [])
  const kit = (): Kit => ({
    registry,
    unavailable,
    now: clock(),
    random: randomBytes,
    mac: (text, keyId) => sealer.mac(text, keyId),
    hash: (text) => createHash('sha256').update(text).digest('base64url'),
  })
  const context: WebContext = {
    realms: new Map(config.realms.map((realm) => [realm.name, { realm, keys: realmKeys(realm) }])),
    store: createLoginStore(database, sealer),
    signer,
    renderer: createRenderer({ themesDir: config.themesDir, theme: config.theme }),
    courier: delivery.courier,
    metrics,
    kit,
    log,
    origin: new URL(config.hostname).origin,
  }
  const stopTimers = [
    every(SIGNING_KEYS_RELOAD, () => signer.refresh(clock())),
    every(PRUNE_EVERY, () => prune(database, clock())),
  ]

  return {
    web: createServer(context, {
      trustProxy: config.trustProxy === 'xforwarded',
      ...(delivery.inbox === undefined ? {} : { inbox: delivery.inbox }),
      ...(delivery.checkCallback === undefined ? {} : { checkCallback: delivery.checkCallback }),
    }),
    management: createManagement(metrics.registry, async () => {
      await sql`select 1`.execute(database.db)
    }),
    store: context.store,
    policy: createPolicyStore(database),
    async close() {
      for (const stop of stopTimers) stop()
      await database.close()
    },
  }

  function every(milliseconds: number, work: () => Promise<void>): () => void {
    const timer = setInterval(() => {
      work().catch((error: unknown) => log.error({ err: error }, 'background work failed'))
    }, milliseconds)
    timer.unref()
    return () => clearInterval(timer)
  }
}

/** Starts to listen; resolves when the port is open. `stop` lets requests that are under way end. */
export async function listen(
  handler: Express,
  host: string,
  port: number,
): Promise<{ port: number; stop(): Promise<void> }> {
  const server: Server = handler.listen(port, host)
  await once(server, 'listening')
  return {
    port: (server.address() as AddressInfo).port,
    async stop() {
      server.close()
      server.closeIdleConnections()
      await once(server, 'close')
    },
  }
}
