import { randomUUID } from 'node:crypto'
import { Kysely, PostgresDialect } from 'kysely'
import pg from 'pg'
import { createSealer } from '../../src/adapters/secrets/sealer.ts'
import type { Database } from '../../src/adapters/store/database.ts'
import { createPolicyStore } from '../../src/adapters/store/policy-store.ts'
import type { Schema } from '../../src/adapters/store/schema.ts'
import { appOf, saveCredentials } from '../../test/chaos/race-people.ts'
import { startBalancer } from '../../test/support/balancer.ts'
import type { Balancer } from '../../test/support/balancer.ts'
import type { Person } from '../../test/support/login-stream.ts'
import { startOwnPostgres, versionOf } from '../../test/support/postgres.ts'
import { startRealm } from '../../test/support/realm.ts'
import type { FakeRealm } from '../../test/support/realm.ts'
import { newKey } from '../../test/support/stores.ts'

/** A PostgreSQL with its own settings, a realm of Keycloak, and the proxy before the servers that are to be started. */
export interface Site {
  /** The public address of all servers. */
  url: string
  realm: FakeRealm
  balancer: Balancer
  /** The postmaster's, whose children are its sessions. */
  databasePid: number
  databaseUrl: string
  /** What each server has to be told. */
  environment: NodeJS.ProcessEnv
  /** Users with an app and backup codes, whom nobody has seen yet. The schema is there once a server was started. */
  addPeople(count: number): Promise<Person[]>
  /** PostgreSQL's version. */
  version(): Promise<string>
  stop(): Promise<void>
}

/** Milliseconds between two looks of the proxy at a server's health. */
const PROBE_EVERY = 1_000

export async function startSite(probeEvery = PROBE_EVERY): Promise<Site> {
  const [postgres, realm, balancer] = await Promise.all([
    startOwnPostgres(),
    startRealm(),
    startBalancer(probeEvery),
  ])
  const key = newKey()
  const sealer = createSealer([key])
  const stop = async () => {
    await Promise.all([balancer.stop(), realm.stop(), postgres.stop()])
  }
  return {
    url: balancer.url,
    realm,
    balancer,
    databasePid: await postgres.pid(),
    databaseUrl: postgres.url,
    environment: {
      LATCHKEY_HOSTNAME: balancer.url,
      LATCHKEY_DB_URL: postgres.url,
      LATCHKEY_KEYCLOAK_URL: realm.keycloakUrl,
      LATCHKEY_REALMS: realm.name,
      LATCHKEY_PROXY_HEADERS: 'xforwarded',
      LATCHKEY_ENCRYPTION_KEYS: `${key.id}:${key.key.toString('base64')}`,
    },
    async addPeople(count) {
      const database = unmigrated(postgres.url)
      try {
        await createPolicyStore(database).saveSettings(realm.name, { enforcement: 'required' })
        const people = Array.from({ length: count }, () => {
          const user = randomUUID()
          return { user, ...appOf(user, sealer) }
        })
        const credentials = people.flatMap((one) => one.credentials)
        await saveCredentials(database, sealer, realm.name, credentials)
        return people.map(({ user, secret }) => ({ user, secret }))
      } finally {
        await database.close()
      }
    },
    version: async () => await versionOf(postgres.url),
    stop,
  }
}

/** The database as its servers made it, whatever version they are of. */
function unmigrated(connectionString: string): Database {
  const pool = new pg.Pool({ connectionString })
  const db = new Kysely<Schema>({ dialect: new PostgresDialect({ pool }) })
  return { db, sqlite: undefined, pool: undefined, close: async () => await db.destroy() }
}
