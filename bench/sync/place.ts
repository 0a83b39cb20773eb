import { randomBytes } from 'node:crypto'
import { join } from 'node:path'
import { sql } from 'kysely'
import { buildBridge, currentVersion, prepareKeycloak, startKeycloak } from '../../scripts/lib/keycloak.ts'
import { workFolder } from '../../scripts/lib/paths.ts'
import { pointClient } from '../../scripts/lib/point-client.ts'
import { freePort } from '../../scripts/lib/ports.ts'
import type { KcAdminClient } from '../../src/adapters/keycloak/admin-session.ts'
import { SERVICE_ROLE } from '../../src/adapters/keycloak/setup/names.ts'
import { openDatabase } from '../../src/adapters/store/database.ts'
import type { Database } from '../../src/adapters/store/database.ts'
import { createSyncControl } from '../../src/adapters/store/sync-control.ts'
import { keptSync } from '../../src/adapters/store/sync-store.ts'
import type { SyncState } from '../../src/core/sync/sync.ts'
import { adminOf } from '../../test/support/keycloak.ts'
import { createDatabase, startPostgres } from '../../test/support/postgres.ts'
import { startServer } from '../servers.ts'
import type { Server } from '../servers.ts'
import { countCalls } from './access-log.ts'
import type { Calls } from './access-log.ts'
import { bareOf } from './bare.ts'
import type { Bare } from './bare.ts'
import { populate } from './population.ts'
import type { Population } from './population.ts'

export const REALM = 'demo'

/** A real Keycloak with the bridge, a PostgreSQL, and what stands between them. */
export interface Place {
  bare: Bare
  population: Population
  calls: Calls
  versions: Record<string, string>
  /** Starts a sidecar with its worker on a database that knows nobody; one at a time, where the bridge sends its hints to. */
  startWorker(): Promise<RunningWorker>
  stop(): Promise<void>
}

export interface RunningWorker {
  pid: number
  /** The port of its inspector. */
  inspector: number
  database: Database
  /** Waits for a full pass to end: the first, or one that is asked for now. @returns how it went */
  pass(which: 'first' | 'next'): Promise<Pass>
  stop(): Promise<void>
}

export interface Pass {
  /** Milliseconds from its begin to its end, as the worker keeps them. */
  ms: number
  /** The same, with the lists that are made anew after it. */
  msWithLists: number
  users: number
  changes: number
}

export async function openPlace(groups: number): Promise<Place> {
  const prepared = await prepareKeycloak({ version: currentVersion, jar: await buildBridge() })
  const [port, sidecarPort] = [await freePort(), await freePort()]
  const sidecarUrl = `http://localhost:${sidecarPort}`
  const logFile = join(workFolder, `bench-keycloak-${process.pid}.log`)
  const calls = countCalls(logFile)
  const keycloak = await startKeycloak({ prepared, port, sidecarUrl, logFile, args: calls.args })
  const admin = adminOf(keycloak.url)
  await pointClient(keycloak.url, REALM, `${sidecarUrl}/realms/${REALM}`)
  const population = await populate(admin, REALM, groups)
  const client = await makeReader(admin)
  const key = `k1:${randomBytes(32).toString('base64')}`
  // Last, since this process lives as long as it does.
  const postgres = await startPostgres()
  const { url: dbUrl } = await createDatabase(postgres.url)

  return {
    bare: bareOf(`${keycloak.url}/realms/${REALM}`, client),
    population,
    calls,
    versions: { keycloak: currentVersion },
    async startWorker() {
      const inspector = await freePort()
      const server = await startServer({
        LATCHKEY_HOSTNAME: sidecarUrl,
        LATCHKEY_HTTP_PORT: String(sidecarPort),
        LATCHKEY_KEYCLOAK_URL: keycloak.url,
        LATCHKEY_REALMS: REALM,
        LATCHKEY_DB_URL: dbUrl,
        LATCHKEY_ENCRYPTION_KEYS: key,
        LATCHKEY_DELIVERY: 'inbox',
        LATCHKEY_WORKER: 'true',
        NODE_OPTIONS: `--inspect=127.0.0.1:${inspector}`,
      })
      return await watched(server, dbUrl, inspector)
    },
    async stop() {
      await keycloak.stop()
      await postgres.stop()
    },
  }
}

async function watched(server: Server, dbUrl: string, inspector: number): Promise<RunningWorker> {
  const database = await openDatabase(dbUrl)
  const control = createSyncControl(database, Date.now)
  const until = async (is: (state: SyncState, fingerprint: string) => boolean) => {
    for (;;) {
      const { state, fingerprint } = await keptSync(database, REALM)
      if (state.problem !== undefined) throw new Error(`the worker: ${state.problem.message}`)
      if (is(state, fingerprint)) return state
      await new Promise((resolve) => setTimeout(resolve, 20))
    }
  }
  return {
    pid: server.pid,
    inspector,
    database,
    async pass(which) {
      const asked = which === 'first' ? 0 : Date.now()
      if (which === 'next') await control.run(REALM)
      const { last } = await until(
        (state, fingerprint) => (state.last?.startedAt ?? -1) >= asked && fingerprint !== '',
      )
      if (last?.result !== 'done') throw new Error('a full pass did not go through')
      const { startedAt, endedAt, users, changes } = last
      return { ms: endedAt - startedAt, msWithLists: Date.now() - startedAt, users, changes }
    },
    async stop() {
      await server.stop()
      // Its signing keys stay: Keycloak fetches new ones every ten seconds at most.
      await sql`truncate sync, hint, directory_user, directory_group, membership, rule`.execute(database.db)
      await database.close()
    },
  }
}

/** A client with a secret, whose service account may what ours may, and change users for the measurement's sake. */
async function makeReader(admin: KcAdminClient): Promise<{ clientId: string; secret: string }> {
  const realm = REALM
  const [clientId, secret] = ['bench', randomBytes(16).toString('hex')]
  const { id } = await admin.clients.create({
    realm,
    clientId,
    secret,
    serviceAccountsEnabled: true,
    standardFlowEnabled: false,
  })
  const { id: user = '' } = await admin.clients.getServiceAccountUser({ realm, id })
  const [management] = await admin.clients.find({ realm, clientId: 'realm-management' })
  const roles = []
  for (const roleName of [SERVICE_ROLE, 'manage-users']) {
    const role = await admin.clients.findRole({ realm, id: management?.id ?? '', roleName })
    roles.push({ id: role?.id ?? '', name: roleName })
  }
  await admin.users.addClientRoleMappings({ realm, id: user, clientUniqueId: management?.id ?? '', roles })
  return { clientId, secret }
}
