import { randomUUID } from 'node:crypto'
import supertest from 'supertest'
import { afterAll, afterEach, beforeAll, describe, expect, inject, it } from 'vitest'
import { freePort } from '../../scripts/lib/ports.ts'
import type { Check, Health } from '../../src/core/health.ts'
import { NEVER_SYNCED } from '../../src/core/sync/sync.ts'
import type { SyncState } from '../../src/core/sync/sync.ts'
import { startApp } from '../support/app.ts'
import type { Clock, RunningApp } from '../support/app.ts'
import { openWay } from '../support/frozen.ts'
import type { Way } from '../support/frozen.ts'
import { Login } from '../support/login.ts'
import { startMailServer } from '../support/mail.ts'
import { createDatabase } from '../support/postgres.ts'
import type { TestDatabase } from '../support/postgres.ts'
import { startRealm } from '../support/realm.ts'
import type { FakeRealm } from '../support/realm.ts'

const clock: Clock = { now: Date.now() }
const started = clock.now
let realm: FakeRealm
let database: TestDatabase
let way: Way
let mailPort: number
let app: RunningApp
let synced: SyncState = NEVER_SYNCED

beforeAll(async () => {
  realm = await startRealm()
  database = await createDatabase(inject('postgresUrl'))
  const url = new URL(database.url)
  way = await openWay(Number(url.port))
  url.port = String(way.port)
  mailPort = await freePort()
  app = await startApp({
    keycloakUrl: realm.keycloakUrl,
    dbUrl: url.href,
    clock,
    background: true,
    sync: { state: async () => synced, run: async () => {}, hint: async () => 'kept' },
    environment: { LATCHKEY_PRIVATE_HOSTS: '127.0.0.1' },
  })
  const mail = { host: '127.0.0.1', port: mailPort, security: 'none' as const, from: 'sso@example.com' }
  await app.policy.saveSettings('demo', { enforcement: 'required', mail })
})
afterAll(async () => {
  await app.stop()
  await way.stop()
  await database.drop()
  await realm.stop()
})

async function ready(): Promise<{ code: number; health: Health }> {
  const { status, body } = await supertest(app.management).get('/health/ready')
  return { code: status, health: body as Health }
}

/** How one thing stands. */
async function statusOf(name: string): Promise<Check['status'] | undefined> {
  const { health } = await ready()
  return health.checks.find((check) => check.name === name)?.status
}

it('says of each thing how it stands, and names nobody and no secret (B16, R23)', async () => {
  const { code, health } = await ready()
  expect(code).toBe(200)
  expect(health.status).toBe('UP')
  expect(health.checks).toContainEqual({ name: 'database', status: 'UP' })
  expect(health.checks).toContainEqual({ name: 'keycloak', status: 'UP', data: { realm: 'demo' } })
  const text = JSON.stringify(health)
  for (const hidden of [new URL(database.url).password, 'postgres:', '127.0.0.1', 'example.com']) {
    expect(text).not.toContain(hidden)
  }
  expect((await supertest(app.management).get('/health/live')).body).toEqual({ status: 'UP' })
})

describe('what keeps no login from being served is told with 200 (B16)', () => {
  afterEach(async () => {
    expect((await ready()).code).toBe(200)
  })

  it('Keycloak, from what it last answered: no probe asks it', async () => {
    realm.answer('broken')
    const push = async () => await new Login(app, realm, {}, () => clock.now).push()
    expect((await push()).status).toBe(503)
    expect(await statusOf('keycloak')).toBe('DEGRADED')
    const asked = realm.fetches()
    expect(await statusOf('keycloak')).toBe('DEGRADED')
    expect(realm.fetches()).toBe(asked)
    realm.answer('keys')
    clock.now += 1
    await expect.poll(async () => (await push()).status, { timeout: 20_000, interval: 500 }).toBe(201)
    expect(await statusOf('keycloak')).toBe('UP')
  })

  it('mail, and notices that wait for it', async () => {
    const user = { sub: randomUUID(), email: 'somebody@example.com', email_verified: true }
    await (await new Login(app, realm, user, () => clock.now).begin()).enrol()
    await expect.poll(async () => await statusOf('mail'), { timeout: 20_000 }).toBe('DEGRADED')
    expect(await statusOf('notices')).toBe('UP')
    const metrics = async () => (await supertest(app.management).get('/metrics')).text
    expect(await metrics()).toContain('latchkey_notices_waiting{realm="demo"} 1\n')
    clock.now += 16 * 60_000
    expect(await statusOf('notices')).toBe('DEGRADED')
    expect(await metrics()).toMatch(/latchkey_notices_oldest_age_seconds\{realm="demo"\} 96\d/)
    const server = await startMailServer({ port: mailPort })
    await server.mailTo(user.email)
    await expect.poll(async () => await statusOf('mail'), { timeout: 20_000 }).toBe('UP')
    await expect.poll(async () => await statusOf('notices')).toBe('UP')
    await server.stop()
  })

  it('the sync worker', async () => {
    expect(await statusOf('sync')).toBe('UP')
    clock.now = started + 46 * 60_000
    expect(await statusOf('sync')).toBe('DEGRADED')
    synced = { ...NEVER_SYNCED, completedAt: clock.now }
    expect(await statusOf('sync')).toBe('UP')
    const problem = { reason: 'refused' as const, message: 'for people', since: clock.now }
    synced = { ...synced, problem }
    expect(await statusOf('sync')).toBe('DEGRADED')
    synced = { ...NEVER_SYNCED, completedAt: clock.now }
  })

  it('entries of the audit that wait for their seal', async () => {
    const alone = await startApp({ keycloakUrl: realm.keycloakUrl, clock })
    const auditOf = async () => {
      const { body } = await supertest(alone.management).get('/health/ready')
      return (body as Health).checks.find(({ name }) => name === 'audit')
    }
    expect(await auditOf()).toMatchObject({ status: 'UP', data: { waiting: 0 } })
    const entry = { event: 'user.returned' as const, realm: 'demo', userId: 'u', detail: {} }
    await alone.store.commit({ realm: 'demo', userId: 'u', audit: [{ ...entry, at: clock.now - 61_000 }] })
    expect(await auditOf()).toEqual({
      name: 'audit',
      status: 'DEGRADED',
      data: { realm: 'demo', waiting: 1, oldestSeconds: 61 },
    })
    await alone.stop()
  })
})

describe('a server that can not serve is not ready (B16)', () => {
  it('says so in time while the database hangs, and is ready again after it', async () => {
    way.freeze()
    const { code, health } = await ready()
    expect(code).toBe(503)
    expect(health.status).toBe('DOWN')
    expect(health.checks).toContainEqual({ name: 'database', status: 'DOWN' })
    const { status, text } = await supertest(app.management).get('/metrics')
    expect(status).toBe(200)
    expect(text).toContain('latchkey_database_up 0\n')
    // The last figure would pass for one of now.
    expect(text).not.toMatch(/^latchkey_notices_waiting\{/m)
    expect((await supertest(app.management).get('/health/live')).status).toBe(200)
    way.thaw()
    await expect.poll(async () => (await ready()).code, { timeout: 25_000, interval: 500 }).toBe(200)
  })

  it('says so from the moment when it is about to stop', async () => {
    app.drain()
    const { code, health } = await ready()
    expect(code).toBe(503)
    expect(health.checks).toContainEqual({ name: 'server', status: 'DOWN' })
    expect((await supertest(app.management).get('/health/live')).status).toBe(200)
  })
})
