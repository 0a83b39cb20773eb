import { randomBytes } from 'node:crypto'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { LogConfig } from 'kysely'
import { createApp, listen } from '../../src/app.ts'
import type { App } from '../../src/app.ts'
import { readConfig } from '../../src/config.ts'
import type { Config } from '../../src/config.ts'

export const ENCRYPTION_KEYS = `k1:${randomBytes(32).toString('base64')}`

/** A clock that a test sets by hand. */
export interface Clock {
  now: number
}

/** A sidecar that listens on a free port of this machine. */
export interface RunningApp extends App {
  url: string
  config: Config
  stop(): Promise<void>
}

/** Starts a sidecar, on a fresh SQLite file unless `dbUrl` says otherwise. */
export async function startApp(options: {
  keycloakUrl: string
  realms?: string[]
  dbUrl?: string
  port?: number
  clock?: Clock
  sqlLog?: LogConfig
  environment?: NodeJS.ProcessEnv
}): Promise<RunningApp> {
  const folder = mkdtempSync(join(tmpdir(), 'latchkey-test-'))
  const port = options.port ?? (await freePort())
  const url = `http://127.0.0.1:${port}`
  const config = readConfig({
    LATCHKEY_HOSTNAME: url,
    LATCHKEY_HTTP_PORT: String(port),
    LATCHKEY_DB_URL: options.dbUrl ?? `sqlite:${join(folder, 'test.db')}`,
    LATCHKEY_KEYCLOAK_URL: options.keycloakUrl,
    LATCHKEY_REALMS: (options.realms ?? ['demo']).join(','),
    LATCHKEY_ENCRYPTION_KEYS: ENCRYPTION_KEYS,
    LATCHKEY_LOG_FORMAT: 'none',
    ...options.environment,
  })
  const { clock, sqlLog } = options
  const app = await createApp(config, {
    ...(clock === undefined ? {} : { clock: () => clock.now }),
    ...(sqlLog === undefined ? {} : { sqlLog }),
  })
  const server = await listen(app.web, '127.0.0.1', port)
  return {
    ...app,
    url,
    config,
    async stop() {
      await server.stop()
      await app.close()
      rmSync(folder, { recursive: true, force: true })
    },
  }
}

async function freePort(): Promise<number> {
  const { createServer } = await import('node:net')
  return await new Promise((resolve, reject) => {
    const server = createServer()
    server.once('error', reject)
    server.listen(0, '127.0.0.1', () => {
      const address = server.address()
      server.close(() => {
        if (address === null || typeof address === 'string') reject(new Error('no port'))
        else resolve(address.port)
      })
    })
  })
}
