import { randomUUID } from 'node:crypto'
import supertest from 'supertest'
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest'
import { METRICS } from '../../src/web/metrics.ts'
import { startApp } from '../support/app.ts'
import type { Clock, RunningApp } from '../support/app.ts'
import { Login, codeFor } from '../support/login.ts'
import { createDatabase } from '../support/postgres.ts'
import type { TestDatabase } from '../support/postgres.ts'
import { startRealm } from '../support/realm.ts'
import type { FakeRealm } from '../support/realm.ts'

const clock: Clock = { now: Date.now() }
let realm: FakeRealm
let database: TestDatabase
let app: RunningApp

beforeAll(async () => {
  realm = await startRealm()
  database = await createDatabase(inject('postgresUrl'))
  app = await startApp({ keycloakUrl: realm.keycloakUrl, dbUrl: database.url, clock, background: true })
  await app.policy.saveSettings('demo', { enforcement: 'required' })
})
afterAll(async () => {
  await app.stop()
  await database.drop()
  await realm.stop()
})

async function scrape(): Promise<string> {
  const { text } = await supertest(app.management).get('/metrics')
  return text
}

/** A sample's value; 0 where there is none yet. */
async function valueOf(sample: string): Promise<number> {
  const line = (await scrape()).split('\n').find((one) => one.startsWith(`${sample} `))
  return line === undefined ? 0 : Number(line.slice(sample.length + 1))
}

/** How much a sample grows by some work. */
async function growth(sample: string, work: () => Promise<unknown>): Promise<number> {
  const before = await valueOf(sample)
  await work()
  return (await valueOf(sample)) - before
}

/** The names and labels of every sample that is ours, without its value. */
async function series(): Promise<string[]> {
  const lines = (await scrape()).split('\n').filter((line) => line.startsWith('latchkey_'))
  return lines.map((line) => line.slice(0, line.lastIndexOf(' ')))
}

const begin = async (sub: string, change = {}) =>
  await new Login(app, realm, { sub, ...change }, () => clock.now).begin()

async function enrolled() {
  const sub = randomUUID()
  const { secret } = await (await begin(sub)).enrol()
  clock.now += 30_000
  return { sub, code: async () => await codeFor(secret, clock.now) }
}

it('names metrics as Prometheus does: its own prefix, base units, _total for what is counted (B16)', () => {
  for (const { name, type, help } of Object.values(METRICS)) {
    expect(name).toMatch(/^latchkey_[a-z]+(_[a-z]+)*$/)
    expect(name.endsWith('_total'), name).toBe(type === 'counter')
    expect(name).not.toMatch(/_(ms|milliseconds|minutes|hours|days|kb|mb)(_|$)/)
    expect(help).not.toBe('')
  }
})

describe('what happens is counted once it is written (B16)', () => {
  it('a push, by what it came to and the kind of rule that said so', async () => {
    const needed = 'latchkey_pushes_total{realm="demo",result="needed",because="realm"}'
    expect(await growth(needed, () => begin(randomUUID()))).toBe(1)
    await app.policy.saveRule('demo', { groupId: 'g-robots', enforcement: 'disabled', priority: 0 })
    const robot = { sub: randomUUID(), groups: [{ id: 'g-robots', path: '/robots' }] }
    const passed = 'latchkey_pushes_total{realm="demo",result="not-needed",because="group"}'
    expect(await growth(passed, () => new Login(app, realm, robot, () => clock.now).push())).toBe(1)
  })

  it('a set-up, and a right and a wrong answer to a challenge', async () => {
    const setUp = 'latchkey_enrolments_total{realm="demo",method="totp",result="right"}'
    expect(await growth(setUp, enrolled)).toBe(1)
    const user = await enrolled()
    const wrong = 'latchkey_challenges_total{realm="demo",method="totp",result="wrong"}'
    const right = 'latchkey_challenges_total{realm="demo",method="totp",result="right"}'
    const login = await begin(user.sub)
    expect(await growth(wrong, () => login.post('challenge/totp', { code: '000000' }))).toBe(1)
    const code = await user.code()
    expect(await growth(right, () => login.post('challenge/totp', { code }))).toBe(1)
  })

  it('a wrong code in a set-up', async () => {
    const login = await begin(randomUUID())
    await login.page()
    const wrong = 'latchkey_enrolments_total{realm="demo",method="totp",result="wrong"}'
    expect(await growth(wrong, () => login.post('enrol/totp', { code: '000000' }))).toBe(1)
  })

  it('a lockout, and what is tried while it lasts', async () => {
    const { sub } = await enrolled()
    const login = await begin(sub)
    const guess = async () => await login.post('challenge/totp', { code: '000000' })
    const lockouts = 'latchkey_lockouts_total{realm="demo"}'
    const locked = 'latchkey_challenges_total{realm="demo",method="totp",result="locked"}'
    expect(
      await growth(lockouts, async () => {
        for (let i = 0; i < 5; i++) await guess()
      }),
    ).toBe(1)
    expect(await growth(locked, guess)).toBe(1)
  })
})

it('measures requests by the pattern of their route, also where they are refused (B16)', async () => {
  /** A request is measured once its connection knows of its end, which the client may know before. */
  const measures = async (labels: string, work: () => Promise<unknown>) => {
    const sample = `latchkey_http_request_duration_seconds_count{${labels}}`
    const before = await valueOf(sample)
    await work()
    await expect.poll(async () => (await valueOf(sample)) - before).toBe(1)
  }
  await measures('method="GET",route="/realms/:realm/api/v1/users/:userId",status="4xx"', () =>
    fetch(`${app.url}/realms/demo/api/v1/users/${randomUUID()}`),
  )
  await measures('method="POST",route="/realms/:realm/par",status="2xx"', () =>
    new Login(app, realm, {}, () => clock.now).push(),
  )
  await measures('method="GET",route="/realms/:realm/admin/users",status="3xx"', () =>
    fetch(`${app.url}/realms/demo/admin/users`, { redirect: 'manual' }),
  )
  await measures('method="GET",route="none",status="4xx"', () => fetch(`${app.url}/${randomUUID()}`))
})

it('takes no label from what a request brings (B16, R23)', async () => {
  const ask = async (path: string, method: string) =>
    await fetch(app.url + path, { method, redirect: 'manual' }).catch(() => undefined)
  const everything = async (name: string) => {
    for (const method of ['GET', 'POST', 'OPTIONS', 'PROPFIND']) {
      for (const path of [
        `/${name}`,
        `/realms/${name}/par`,
        `/realms/${name}/api/v1/users/${name}`,
        `/realms/${name}/admin/users/${name}`,
        `/realms/demo/step/${name}`,
        `/realms/demo/step/${name}/challenge/${name}`,
        `/realms/demo/resources/${name}/${name}`,
      ]) {
        await ask(path, method)
      }
    }
    const login = await begin(randomUUID())
    await login.post(`enrol/${name}`, { code: '000000' })
    await login.post(`challenge/${name}`, { code: '000000' })
    await login.push({ preferred_username: name })
  }
  await everything('first')
  const before = await series()
  await everything('second')
  const after = await series()
  expect(after.filter((one) => !before.includes(one))).toEqual([])
  expect(after.filter((one) => one.includes('first'))).toEqual([])
})

it('tells what is only known when it is asked for (B16)', async () => {
  const { version } = (await import('../../package.json', { with: { type: 'json' } })).default
  expect(await valueOf(`latchkey_build_info{version="${version}"}`)).toBe(1)
  expect(await valueOf('latchkey_database_up')).toBe(1)
  expect(await valueOf('latchkey_database_connections{state="idle"}')).toBeGreaterThan(0)
  expect(await scrape()).toMatch(/^latchkey_database_waiting_requests \d+$/m)
  expect(await valueOf('latchkey_keycloak_up{realm="demo"}')).toBe(1)
  expect((await valueOf('latchkey_signing_key_active_timestamp_seconds')) * 1000).toBeLessThanOrEqual(
    clock.now,
  )
  expect((await valueOf('latchkey_signing_key_end_timestamp_seconds')) * 1000).toBeGreaterThan(clock.now)
  await enrolled()
  const unsealed = 'latchkey_audit_unsealed_entries{realm="demo"}'
  await expect.poll(async () => await valueOf(unsealed), { timeout: 20_000 }).toBe(0)
  for (const name of ['latchkey_notices_waiting', 'latchkey_notices_oldest_age_seconds']) {
    expect(await scrape()).toContain(`${name}{realm="demo"} 0\n`)
  }
})
