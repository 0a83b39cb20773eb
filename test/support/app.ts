import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { createServer } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { LogConfig } from 'kysely'
import supertest from 'supertest'
import { freePort } from '../../scripts/lib/ports.ts'
import { createApp } from '../../src/app.ts'
import type { App, Surroundings } from '../../src/app.ts'
import { readConfig } from '../../src/config.ts'
import type { Config } from '../../src/config.ts'
import { Traffic } from './traffic.ts'

const ENCRYPTION_KEYS = `k1:${randomBytes(32).toString('base64')}`

const traffic = new Traffic()

/** A clock that a test sets by hand, epoch milliseconds. */
export interface Clock {
  now: number
}

/** A sidecar that listens on a port of this machine. */
export interface RunningApp extends Omit<App, 'log'> {
  url: string
  config: Config
  /** What came in, for example `POST /realms/demo/par`, without queries. */
  requests: string[]
  /** The log, line by line, each as it was written. */
  log: string[]
  stop(): Promise<void>
}

/** Starts a sidecar, on a fresh SQLite file unless `dbUrl` says otherwise, on a free port unless `port` does. */
export async function startApp(options: {
  keycloakUrl: string
  realms?: string[]
  dbUrl?: string
  port?: number
  /** As in the sidecar's own addresses; default 127.0.0.1. */
  hostname?: string
  clock?: Clock
  sqlLog?: LogConfig
  environment?: NodeJS.ProcessEnv
  directory?: Surroundings['directory']
  sync?: Surroundings['sync']
  /** Whether the work goes on that nobody asks for, such as sealing the audit. */
  background?: boolean
  /** Whether the sync worker runs. */
  worker?: boolean
  /** false: an audit of hundreds of thousands of entries, in which any six digits stand, is not looked through. */
  looksForLeaks?: boolean
}): Promise<RunningApp> {
  const folder = mkdtempSync(join(tmpdir(), 'latchkey-test-'))
  const port = options.port ?? (await freePort())
  const url = `http://${options.hostname ?? '127.0.0.1'}:${port}`
  const config = readConfig({
    LATCHKEY_HOSTNAME: url,
    LATCHKEY_HTTP_PORT: String(port),
    LATCHKEY_DB_URL: options.dbUrl ?? `sqlite:${join(folder, 'test.db')}`,
    LATCHKEY_KEYCLOAK_URL: options.keycloakUrl,
    LATCHKEY_REALMS: (options.realms ?? ['demo']).join(','),
    LATCHKEY_ENCRYPTION_KEYS: ENCRYPTION_KEYS,
    LATCHKEY_LOG_FORMAT: 'json',
    ...options.environment,
  })
  const { clock, sqlLog, directory, sync } = options
  const log: string[] = []
  const app = await createApp(config, {
    ...(clock === undefined ? {} : { clock: () => clock.now }),
    ...(sqlLog === undefined ? {} : { sqlLog }),
    ...(directory === undefined ? {} : { directory }),
    ...(sync === undefined ? {} : { sync }),
    logTo: { write: (line) => log.push(line) },
  })
  if (options.background === true) app.start()
  if (options.worker === true) app.startWorker()
  const requests: string[] = []
  const server = createServer((request, response) => {
    requests.push(`${request.method} ${request.url?.split('?', 1)[0]}`)
    traffic.watch(request, response)
    app.web(request, response)
  })
  server.listen(port, '127.0.0.1')
  await once(server, 'listening')
  return {
    ...app,
    url,
    config,
    requests,
    log,
    async stop() {
      server.close()
      server.closeAllConnections()
      await once(server, 'close')
      const leaks = traffic.leaksIn(log.join(''))
      if (options.looksForLeaks !== false) leaks.push(...(await leaksOf(app, config)))
      await app.close()
      rmSync(folder, { recursive: true, force: true })
      if (leaks.length > 0) throw new Error(`written down by the sidecar (R23): ${leaks.join('; ')}`)
    },
  }
}

/** What stands in the audit and in the metrics of what passed by (R23, P17). */
async function leaksOf(app: App, { realms }: Config): Promise<string[]> {
  const leaks = traffic.leaksIn((await supertest(app.management).get('/metrics')).text)
  for (const { name } of realms) {
    for await (const entries of app.audit.everything(name, {})) {
      leaks.push(...traffic.leaksIn(JSON.stringify(entries)))
    }
  }
  return leaks
}
