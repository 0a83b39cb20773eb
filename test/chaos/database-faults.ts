import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { text } from 'node:stream/consumers'
import pg from 'pg'
import { openDatabase } from '../../src/adapters/store/database.ts'
import { createDatabase } from '../support/postgres.ts'
import type { FakeRealm } from '../support/realm.ts'
import { sqlitePlace } from '../support/stores.ts'
import { verifyChain } from './ledger.ts'
import type { Figure } from './part.ts'
import { crowd } from './people.ts'
import { prepareRealm, settingsFor, startSidecar, tells } from './sidecar.ts'
import type { Sidecar } from './sidecar.ts'

const keys = `k1:${Buffer.alloc(32, 7).toString('base64')}`
const MOST = 30_000

/** The database takes no writes, has no room, or is of another version. */
export async function databaseFaults(realm: FakeRealm, postgresUrl: string): Promise<Figure[]> {
  return [
    ...(await readOnly(realm, postgresUrl)),
    ...(await full(realm)),
    ...(await newer((await createDatabase(postgresUrl)).url)),
  ]
}

/** As a replica is, or a server whose disk is nearly full. */
async function readOnly(realm: FakeRealm, postgresUrl: string): Promise<Figure[]> {
  const { url: dbUrl, drop } = await createDatabase(postgresUrl)
  await prepareRealm(dbUrl, { enforcement: 'required' })
  const sidecar = await startSidecar(await settingsFor({ keycloakUrl: realm.keycloakUrl, dbUrl, keys }))
  const people = crowd(sidecar.url, realm)
  await people.enrol()
  await setReadOnly(postgresUrl, dbUrl, 'on')
  const mark = sidecar.log().length
  const refused = await outcome(people.enrol())
  const told = await tells(sidecar, mark, /read-only transaction/)
  await setReadOnly(postgresUrl, dbUrl, 'off')
  const well = await untilEnrolled(sidecar, realm)
  await sidecar.stop()
  await drop()
  return [
    {
      what: 'PostgreSQL takes no writes: a login, the log tells, well again after',
      figure: `${refused}, ${told ? 'yes' : 'no'}, ${well} ms`,
      holds: refused === 'the sidecar answered 503' && told && well < MOST,
    },
  ]
}

async function setReadOnly(serverUrl: string, dbUrl: string, value: 'on' | 'off'): Promise<void> {
  const name = new URL(dbUrl).pathname.slice(1)
  const client = new pg.Client({ connectionString: serverUrl })
  await client.connect()
  await client.query(`alter database ${name} set default_transaction_read_only = ${value}`)
  // Sessions that are open keep what they began with.
  await client.query('select pg_terminate_backend(pid) from pg_stat_activity where datname = $1', [name])
  await client.end()
}

/** No file may grow any more: what the sidecar meets where a disk is full, on a machine whose disk is not. */
async function full(realm: FakeRealm): Promise<Figure[]> {
  const place = sqlitePlace()
  await prepareRealm(place.url, { enforcement: 'required' })
  const settings = { keycloakUrl: realm.keycloakUrl, dbUrl: place.url, keys }
  const environment = await settingsFor(settings)
  const cramped = await startSidecar(environment, 2_000)
  const people = crowd(cramped.url, realm)
  const enrolled = []
  let refused = 'never'
  for (let i = 0; i < 2_000 && refused === 'never'; i++) {
    const person = people.enrol()
    const said = await outcome(person)
    if (said === 'done') enrolled.push(await person)
    else refused = said
  }
  const told = await tells(cramped, 0, /"unavailable"/)
  const isAlive = cramped.isAlive()
  await cramped.stop()
  const roomy = await startSidecar(environment)
  const kept = await Promise.all(
    enrolled.map(async (person) => {
      await crowd(roomy.url, realm).spend(person, 'backup-codes')
      return person.codes.length > 1
    }),
  )
  const lost = kept.filter((isThere) => !isThere).length
  const { findings } = await verifyChain(environment, undefined)
  await roomy.stop()
  await place.drop()
  return [
    {
      what: 'SQLite has no room: set-ups until then, the next, the process lives, the log tells',
      figure: `${enrolled.length}, ${refused}, ${isAlive ? 'yes' : 'no'}, ${told ? 'yes' : 'no'}`,
      holds: enrolled.length > 0 && refused === 'the sidecar answered 503' && isAlive && told,
    },
    {
      what: 'SQLite has no room: of those lost once there is room, findings of audit verify',
      figure: `${lost}, ${findings.length}`,
      holds: lost === 0 && findings.length === 0,
    },
  ]
}

/** A migration that this version does not know. */
async function newer(dbUrl: string): Promise<Figure[]> {
  const database = await openDatabase(dbUrl)
  await database.db
    .withTables<{ kysely_migration: { name: string; timestamp: string } }>()
    .insertInto('kysely_migration')
    .values({ name: '9999-from-the-future', timestamp: new Date().toISOString() })
    .execute()
  await database.close()
  const environment = await settingsFor({ keycloakUrl: 'http://127.0.0.1:1', dbUrl, keys })
  const child = spawn(process.execPath, ['src/cli.ts', 'serve'], {
    env: environment,
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  const [said, [code]] = await Promise.all([text(child.stderr), once(child, 'close')])
  return [
    {
      what: `the database was written by a newer version: the exit code, and what is said`,
      figure: `${code}, ${said.trim()}`,
      holds: code === 1 && said.includes('newer version'),
    },
  ]
}

async function outcome(work: Promise<unknown>): Promise<string> {
  return await work.then(
    () => 'done',
    (error: unknown) => (error instanceof Error ? error.message : String(error)),
  )
}

async function untilEnrolled(sidecar: Sidecar, realm: FakeRealm): Promise<number> {
  const begun = performance.now()
  while (performance.now() - begun < MOST) {
    if ((await outcome(crowd(sidecar.url, realm).enrol())) === 'done') break
  }
  return Math.round(performance.now() - begun)
}
