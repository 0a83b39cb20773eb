import { randomUUID } from 'node:crypto'
import { Client } from 'pg'
import { afterEach, expect, inject, it, vi } from 'vitest'
import { createSealer } from '../../src/adapters/secrets/sealer.ts'
import { openDatabase } from '../../src/adapters/store/database.ts'
import { createPolicyStore } from '../../src/adapters/store/policy-store.ts'
import { startBalancer } from '../support/balancer.ts'
import { prepareLogins, startLogins } from '../support/login-stream.ts'
import { createDatabase } from '../support/postgres.ts'
import { startRealm } from '../support/realm.ts'
import { startServer } from '../support/server.ts'
import type { RunningServer } from '../support/server.ts'
import { newKey } from '../support/stores.ts'
import { nextVersion } from './next-version.ts'
import { appOf, saveCredentials } from './race-people.ts'

// Starts six servers, one after the other.
vi.setConfig({ testTimeout: 240_000 })

/** Logins that begin in a second, and those that are ready to. */
const RATE = 6
const PEOPLE = 1_000
/** The log's level from which on something is not as it should be. */
const WARNING = 40

/** What a version adds that is rolled out first: nothing that the one before would miss. */
const EXPAND = {
  'expand-credential': `
    await db.schema.alterTable('credential').addColumn('next_note', 'text').execute()`,
  'expand-transaction': `
    await db.schema.alterTable('transaction').addColumn('next_note', 'text').execute()`,
  'expand-attempt': `
    await db.schema.alterTable('attempt').addColumn('next_note', 'bigint', (column) => column.notNull().defaultTo(0)).execute()`,
  'expand-table': `
    await db.schema.createTable('next_table').addColumn('id', 'text', (column) => column.primaryKey()).execute()
    await db.schema.createIndex('next_used').on('credential').column('used_at').execute()`,
}
/** What the version after that takes away, once no server is left that uses it. */
const CONTRACT = {
  'contract-table': `
    await db.schema.dropIndex('next_used').execute()
    await db.schema.dropTable('next_table').execute()`,
  'contract-transaction': `
    await db.schema.alterTable('transaction').dropColumn('next_note').execute()`,
  'contract-credential': `
    await db.schema.alterTable('credential').dropColumn('next_note').execute()`,
}

const undo: (() => unknown)[] = []
afterEach(async () => {
  for (const one of undo.splice(0).toReversed()) await one()
})
function kept<T>(thing: T, end: (thing: T) => unknown): T {
  undo.push(() => end(thing))
  return thing
}

it('loses no login while two servers are replaced by the next version and the one after, with a backup in the way (B16)', async () => {
  const place = kept(await createDatabase(inject('postgresUrl')), async (one) => await one.drop())
  const realm = kept(await startRealm(), async (one) => await one.stop())
  const balancer = kept(await startBalancer(200), async (one) => await one.stop())
  const key = newKey()
  const people = await peopleIn(place.url, createSealer([key]))
  const environment = {
    LATCHKEY_HOSTNAME: balancer.url,
    LATCHKEY_ENCRYPTION_KEYS: `${key.id}:${key.key.toString('base64')}`,
    LATCHKEY_SHUTDOWN_DELAY: '3',
  }
  const all: RunningServer[] = []
  const start = async (cwd?: string) => {
    const server = await startServer({
      keycloakUrl: realm.keycloakUrl,
      dbUrl: place.url,
      environment,
      ...(cwd === undefined ? {} : { cwd }),
    })
    all.push(kept(server, async (one) => await one.stop()))
    return server
  }
  let running = [await start(), await start()]
  await balancer.use(running)

  const startAt = Date.now() + 1_000
  const at = (i: number) => startAt + (i * 1000) / RATE
  const stream = startLogins({
    url: balancer.url,
    realm: realm.name,
    clientId: realm.issuer,
    logins: await prepareLogins(realm, balancer.url, people, at),
    pace: { rate: RATE, startAt },
    warmUp: 0,
    seconds: undefined,
  })
  const goesOn = async () => {
    const then = stream.done()
    await expect.poll(() => stream.done(), { timeout: 30_000 }).toBeGreaterThan(then + RATE)
  }
  await goesOn()

  const reader = kept(new Client({ connectionString: place.url }), async (one) => await one.end())
  await reader.connect()
  const replaceAll = async (version: string, meanwhile?: () => Promise<void>) => {
    const starting = start(version)
    await meanwhile?.()
    const first = await starting
    // The newer one has migrated: the older ones go on beside it.
    await goesOn()
    const [a, b] = running as [RunningServer, RunningServer]
    await balancer.use([a, b, first])
    await goesOn()
    await leave(a, [b, first])
    const second = await start(version)
    await balancer.use([b, first, second])
    await leave(b, [first, second])
    running = [first, second]
    await goesOn()
  }
  const leave = async (server: RunningServer, others: RunningServer[]) => {
    server.kill('SIGTERM')
    await balancer.without(server)
    expect(await server.ended).toBe(0)
    await balancer.use(others)
  }

  // As a backup reads: a table's lock until its end, which whoever changes the table waits for.
  await reader.query('begin; select count(*) from credential; select count(*) from transaction')
  const next = kept(nextVersion(EXPAND), (one) => one.remove())
  await replaceAll(next.folder, async () => {
    await expect.poll(async () => await waits(place.url), { timeout: 60_000, interval: 50 }).toBe(true)
    for (let i = 0; i < 3; i++) await goesOn()
    await reader.query('commit')
  })
  const after = kept(nextVersion({ ...EXPAND, ...CONTRACT }), (one) => one.remove())
  await replaceAll(after.folder)

  stream.end()
  const { done, failures, hadEnough } = await stream.over
  const troubles = all.flatMap((server) => server.log()).filter(({ level }) => Number(level) >= WARNING)
  expect(failures, JSON.stringify(troubles)).toEqual({})
  expect(hadEnough).toBe(true)
  expect(done).toBeGreaterThan(10 * RATE)
  expect(balancer.told().lost).toBe(0)
  const { rows } = await reader.query<{ name: string }>(
    "select name from kysely_migration where name like '9%' order by name",
  )
  expect(rows).toHaveLength(Object.keys({ ...EXPAND, ...CONTRACT }).length)
})

/** Whether somebody waits for the lock of a table. */
async function waits(url: string): Promise<boolean> {
  const client = new Client({ connectionString: url })
  await client.connect()
  try {
    const { rows } = await client.query(
      "select 1 from pg_locks where not granted and locktype = 'relation' and mode = 'AccessExclusiveLock'",
    )
    return rows.length > 0
  } finally {
    await client.end()
  }
}

async function peopleIn(url: string, sealer: ReturnType<typeof createSealer>) {
  const database = await openDatabase(url)
  try {
    await createPolicyStore(database).saveSettings('demo', { enforcement: 'required' })
    const people = Array.from({ length: PEOPLE }, () => {
      const user = randomUUID()
      return { user, ...appOf(user, sealer) }
    })
    await saveCredentials(
      database,
      sealer,
      'demo',
      people.flatMap((one) => one.credentials),
    )
    return people.map(({ user, secret }) => ({ user, secret }))
  } finally {
    await database.close()
  }
}
