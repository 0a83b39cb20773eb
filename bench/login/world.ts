import { randomBytes, randomUUID } from 'node:crypto'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { buildBridge, currentVersion, prepareKeycloak, startKeycloak } from '../../scripts/lib/keycloak.ts'
import { root } from '../../scripts/lib/paths.ts'
import { freePort } from '../../scripts/lib/ports.ts'
import { run } from '../../scripts/lib/run.ts'
import { openDatabase } from '../../src/adapters/store/database.ts'
import { createPolicyStore } from '../../src/adapters/store/policy-store.ts'
import { createSealer } from '../../src/adapters/secrets/sealer.ts'
import { saveCredentials } from '../../test/chaos/race-people.ts'
import { adminOf } from '../../test/support/keycloak.ts'
import type { RealmRepresentation } from '../../test/support/keycloak.ts'
import { createDatabase, startOwnPostgres } from '../../test/support/postgres.ts'
import { cpuSecondsOfTree } from '../processes.ts'
import { bundle, startServer } from '../servers.ts'
import { GROUP, Queue, usersOf } from './people.ts'
import type { Person } from './people.ts'
import { CALLBACK, CLIENT } from './walk.ts'

/** The realm that was set up for Latchkey, and the one that never heard of it. */
const [OURS, THEIRS] = ['with-latchkey', 'without']

/** Seconds of processor time, by who used them. */
export interface Cpu {
  keycloak: number
  sidecar: number
  database: number
}

/** One Keycloak with two realms that differ in nothing but Latchkey, and the sidecar of one of them. */
export interface World {
  version: string
  /** The issuers of the realms. */
  ours: string
  theirs: string
  /** Who logs in: with a second factor in either realm, and with the password alone. */
  queues: { app: Queue; otp: Queue; oursAlone: Queue; theirsAlone: Queue }
  /** What the sidecar's metrics page sums up under a name, over all labels that hold those. */
  metric(name: string, ...labels: string[]): Promise<number>
  cpu(): Cpu
  stop(): Promise<void>
}

/**
 * @param count users of each kind
 * @param options `quick`: Keycloak compiles by the first compiler alone, whose code is steady after a few logins
 */
export async function startWorld(
  count: number,
  { quick, progress }: { quick: boolean; progress: (text: string) => void },
): Promise<World> {
  const folder = mkdtempSync(join(tmpdir(), 'latchkey-bench-login-'))
  const stops: (() => Promise<void> | void)[] = [() => rmSync(folder, { recursive: true, force: true })]
  const stop = async () => {
    for (const one of stops.toReversed()) await one()
  }
  try {
    await bundle()
    const prepared = await prepareKeycloak({ version: currentVersion, jar: await buildBridge(), progress })
    progress('Starting PostgreSQL, the sidecar and Keycloak')
    const postgres = await startOwnPostgres()
    stops.push(() => postgres.stop())
    const key = { id: 'k1', key: randomBytes(32) }
    const port = await freePort()
    const url = `http://127.0.0.1:${port}`
    const environment = {
      LATCHKEY_DB_URL: (await createDatabase(postgres.url)).url,
      LATCHKEY_KEYCLOAK_URL: url,
      LATCHKEY_REALMS: OURS,
      LATCHKEY_ENCRYPTION_KEYS: `${key.id}:${key.key.toString('base64')}`,
    }
    const sidecar = await startServer(environment)
    stops.push(() => sidecar.stop())
    const keycloak = await startKeycloak({
      prepared,
      port,
      hostname: url,
      sidecarUrl: sidecar.url,
      logFile: join(folder, 'keycloak.log'),
      // Both compilers, as in production: the flag that comes last counts.
      jvm: quick ? [] : ['-XX:TieredStopAtLevel=4'],
    })
    stops.push(() => keycloak.stop())

    const queues = {
      app: new Queue(count),
      otp: new Queue(count),
      oursAlone: new Queue(count),
      theirsAlone: new Queue(count),
    }
    const admin = adminOf(url)
    const group = randomUUID()
    await admin.realms.create(
      realmOf(OURS, group, [
        ...usersOf(OURS, queues.app.people, { grouped: true }),
        ...usersOf(OURS, queues.oursAlone.people, {}),
      ]),
    )
    await admin.realms.create(
      realmOf(THEIRS, randomUUID(), [
        ...usersOf(THEIRS, queues.otp.people, { grouped: true, otp: true }),
        ...usersOf(THEIRS, queues.theirsAlone.people, {}),
      ]),
    )
    await run(process.execPath, ['dist/cli.js', 'setup', '--realm', OURS], {
      cwd: root,
      env: {
        PATH: process.env['PATH'],
        ...environment,
        LATCHKEY_HOSTNAME: sidecar.url,
        LATCHKEY_SETUP_USERNAME: 'admin',
        LATCHKEY_SETUP_PASSWORD: 'admin',
      },
      what: 'latchkey setup',
    })
    await fillDatabase(environment.LATCHKEY_DB_URL, key, group, queues.app.people)

    const postmaster = await postgres.pid()
    return {
      version: prepared.version,
      ours: `${url}/realms/${OURS}`,
      theirs: `${url}/realms/${THEIRS}`,
      queues,
      metric: async (name, ...labels) =>
        sumOf(await (await fetch(`${sidecar.managementUrl}/metrics`)).text(), name, labels),
      cpu: () => ({
        keycloak: cpuSecondsOfTree(keycloak.pid),
        sidecar: cpuSecondsOfTree(sidecar.pid),
        database: cpuSecondsOfTree(postmaster),
      }),
      stop,
    }
  } catch (error) {
    await stop()
    throw error
  }
}

function realmOf(name: string, group: string, users: RealmRepresentation['users'] & {}): RealmRepresentation {
  return {
    realm: name,
    enabled: true,
    bruteForceProtected: true,
    groups: [{ id: group, name: GROUP }],
    clients: [{ clientId: CLIENT, publicClient: true, redirectUris: [CALLBACK] }],
    users,
  }
}

/** What administrators and users would have set up. */
async function fillDatabase(
  url: string,
  key: { id: string; key: Buffer },
  group: string,
  people: readonly Person[],
): Promise<void> {
  const database = await openDatabase(url)
  try {
    const policy = createPolicyStore(database)
    await policy.saveRule(OURS, { groupId: group, enforcement: 'required', priority: 0 })
    await saveCredentials(
      database,
      createSealer([key]),
      OURS,
      people.map(({ id, secret }) => ({ user: id, method: 'totp', data: { secret, lastStep: 0 } })),
    )
  } finally {
    await database.close()
  }
}

function sumOf(page: string, name: string, labels: string[]): number {
  return page
    .split('\n')
    .filter((line) => line.startsWith(`${name}{`) && labels.every((label) => line.includes(label)))
    .reduce((sum, line) => sum + Number(line.slice(line.lastIndexOf(' ') + 1)), 0)
}
