import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { startChild } from '../../scripts/lib/child.ts'
import { root } from '../../scripts/lib/paths.ts'
import { freePort } from '../../scripts/lib/ports.ts'
import { openDatabase } from '../../src/adapters/store/database.ts'
import type { Database } from '../../src/adapters/store/database.ts'
import { createSealer } from '../../src/adapters/secrets/sealer.ts'
import type { Sealer } from '../../src/core/ports.ts'
import type { FakeRealm } from '../support/realm.ts'
import { startRealm } from '../support/realm.ts'
import { newKey } from '../support/stores.ts'
import type { Place } from '../support/stores.ts'
import { collectGarbage } from './inspector.ts'
import { startPost } from './post.ts'
import type { Post } from './post.ts'

/** What a login needs of the servers that it is played against. */
export interface Fleet {
  /** Where each server listens; the first is the public address of all. */
  urls: string[]
  keycloak: FakeRealm
  post: Post
}

/** Servers in processes of their own, on one database. */
export interface RunningFleet extends Fleet {
  dbUrl: string
  /** A figure of each server's metrics page. */
  metric(name: string): Promise<number[]>
  /** Has each server collect its garbage. */
  collectGarbage(): Promise<void>
  /** Ends the servers and drops the database. */
  stop(): Promise<void>
}

/** What is to be in the database before a server opens it: a SQLite file is one server's alone. */
export type Prepare = (database: Database, sealer: Sealer, post: Post) => Promise<void>

/** The settings of a server that believes `X-Forwarded-For` and sends its messages to the stand-ins. */
export function environmentOf(
  { webhookUrl }: Pick<Post, 'webhookUrl'>,
  key: { id: string; key: Buffer },
): NodeJS.ProcessEnv {
  return {
    LATCHKEY_ENCRYPTION_KEYS: `${key.id}:${key.key.toString('base64')}`,
    LATCHKEY_PROXY_HEADERS: 'xforwarded',
    LATCHKEY_DELIVERY: 'webhook',
    LATCHKEY_SMS_WEBHOOK_URL: webhookUrl,
    LATCHKEY_SMS_WEBHOOK_SECRET: 'chaos',
    LATCHKEY_PRIVATE_HOSTS: '127.0.0.1',
  }
}

/** Prepares the database and starts so many servers on it. */
export async function startFleet(
  place: Place,
  { servers, realms, prepare }: { servers: number; realms: string[]; prepare: Prepare },
): Promise<RunningFleet> {
  const folder = mkdtempSync(join(tmpdir(), 'latchkey-chaos-'))
  const [keycloak, post] = await Promise.all([startRealm(), startPost()])
  const key = newKey()
  const database = await openDatabase(place.url)
  try {
    await prepare(database, createSealer([key]), post)
  } finally {
    await database.close()
  }

  const ports: { port: number; managementPort: number; inspectorPort: number }[] = []
  for (let i = 0; i < servers; i++) {
    ports.push({ port: await freePort(), managementPort: await freePort(), inspectorPort: await freePort() })
  }
  const urls = ports.map(({ port }) => `http://127.0.0.1:${port}`)
  const managers = ports.map(({ managementPort }) => `http://127.0.0.1:${managementPort}`)
  const children = ports.map(({ port, managementPort, inspectorPort }, i) =>
    startChild({
      name: 'A server',
      command: process.execPath,
      args: [`--inspect=127.0.0.1:${inspectorPort}`, 'src/cli.ts', 'serve'],
      cwd: root,
      env: {
        PATH: process.env['PATH'],
        ...environmentOf(post, key),
        LATCHKEY_HOSTNAME: urls[0],
        LATCHKEY_HTTP_PORT: String(port),
        LATCHKEY_MANAGEMENT_PORT: String(managementPort),
        LATCHKEY_DB_URL: place.url,
        LATCHKEY_KEYCLOAK_URL: keycloak.keycloakUrl,
        LATCHKEY_REALMS: realms.join(','),
        LATCHKEY_WORKER: 'false',
        LATCHKEY_LOG_FORMAT: 'none',
      },
      logFile: join(folder, `server-${i}.log`),
    }),
  )
  const stop = async () => {
    await Promise.all(children.map((child) => child.stop()))
    await Promise.all([keycloak.stop(), post.stop()])
    await place.drop()
    rmSync(folder, { recursive: true, force: true })
  }
  try {
    await Promise.all(children.map((child, i) => child.answers(`${managers[i]}/health/ready`, 60)))
  } catch (error) {
    await stop()
    throw error
  }
  return {
    urls,
    keycloak,
    post,
    dbUrl: place.url,
    metric: async (name) => await Promise.all(managers.map(async (url) => await readMetric(url, name))),
    async collectGarbage() {
      for (const { inspectorPort } of ports) await collectGarbage(inspectorPort)
    },
    stop,
  }
}

async function readMetric(url: string, name: string): Promise<number> {
  const text = await (await fetch(`${url}/metrics`)).text()
  const value = text.split('\n').find((line) => line.startsWith(`${name} `))
  if (value === undefined) throw new Error(`there is no figure ${name}`)
  return Number(value.slice(name.length + 1))
}
