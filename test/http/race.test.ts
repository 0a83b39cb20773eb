import { randomUUID } from 'node:crypto'
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest'
import { startApp } from '../support/app.ts'
import type { Clock, RunningApp } from '../support/app.ts'
import { eventsOf } from '../support/audit-events.ts'
import { Login, codeFor } from '../support/login.ts'
import { createDatabase } from '../support/postgres.ts'
import { startRealm } from '../support/realm.ts'
import type { FakeRealm } from '../support/realm.ts'

const clock: Clock = { now: Date.now() }

/** One sidecar alone, or two that share a database; every other request goes to the second. */
interface Fleet {
  apps: RunningApp[]
  stop(): Promise<void>
}

async function onSqlite(realm: FakeRealm): Promise<Fleet> {
  const app = await startApp({ keycloakUrl: realm.keycloakUrl, clock })
  return { apps: [app], stop: () => app.stop() }
}

async function onPostgres(realm: FakeRealm): Promise<Fleet> {
  const database = await createDatabase(inject('postgresUrl'))
  const both = { keycloakUrl: realm.keycloakUrl, dbUrl: database.url, clock }
  const first = await startApp(both)
  // One public address, as behind a proxy.
  const second = await startApp({ ...both, environment: { LATCHKEY_HOSTNAME: first.url } })
  return {
    apps: [first, second],
    async stop() {
      await Promise.all([first.stop(), second.stop()])
      await database.drop()
    },
  }
}

describe.each([
  ['one sidecar on SQLite', onSqlite],
  ['two sidecars on one PostgreSQL', onPostgres],
])('at the same time, on %s', (_, start) => {
  let realm: FakeRealm
  let fleet: Fleet
  let app: RunningApp

  beforeAll(async () => {
    realm = await startRealm()
    fleet = await start(realm)
    app = fleet.apps[0]!
    await app.policy.saveSettings('demo', { enforcement: 'required' })
  })
  afterAll(async () => {
    await fleet.stop()
    await realm.stop()
  })

  const begin = async (sub: string) => await new Login(app, realm, { sub }, () => clock.now).begin()
  const urlOf = (i: number) => fleet.apps[i % fleet.apps.length]!.url

  async function enrolled() {
    const sub = randomUUID()
    const { secret, codes } = await (await begin(sub)).enrol()
    clock.now += 30_000
    return { sub, codes, code: await codeFor(secret, clock.now) }
  }

  /** The events of the user's audit by name, read beside the servers where the database lets us. */
  async function audit(sub: string): Promise<Record<string, number>> {
    const events = await eventsOf(app, sub)
    return Object.fromEntries(
      [...new Set(events)].map((event) => [event, events.filter((other) => other === event).length]),
    )
  }

  const locations = (responses: Response[]) =>
    responses.map((response) => response.headers.get('location') ?? '')
  const accepted = (responses: Response[]) =>
    locations(responses).filter((location) => location.includes('&code='))
  const attemptsOf = async (sub: string) => (await app.store.background('demo', sub, 'none')).attempts

  it('one of 50 submits of one right code in one step is accepted (R2, P3)', async () => {
    const { sub, code } = await enrolled()
    const login = await begin(sub)
    const responses = await Promise.all(
      Array.from({ length: 50 }, (_submit, i) => login.postRaw('challenge/totp', { code }, urlOf(i))),
    )
    expect(accepted(responses)).toHaveLength(1)
    expect((await audit(sub))['challenge.succeeded']).toBe(1)
    for (const { status } of responses) expect([302, 303, 503]).toContain(status)
    // A double click is no wrong try.
    expect(await attemptsOf(sub)).toMatchObject({ failures: 0, total: 0 })
    expect((await login.redeem(accepted(responses)[0]!)).status).toBe(200)
  })

  it('one of 50 logins with the same code of one user is accepted (R2, P3)', async () => {
    const { sub, code } = await enrolled()
    const logins: Login[] = []
    for (let i = 0; i < 50; i++) logins.push(await begin(sub))
    const responses = await Promise.all(
      logins.map((login, i) => login.postRaw('challenge/totp', { code }, urlOf(i))),
    )
    expect(accepted(responses)).toHaveLength(1)
    const events = await audit(sub)
    expect(events['challenge.succeeded']).toBe(1)
    expect(events['challenge.failed'] ?? 0).toBe((await attemptsOf(sub)).total)
    for (const { status } of responses) expect([302, 303, 503]).toContain(status)
  })

  it('one of 30 submits of one backup code over ten logins is accepted (R4, P3)', async () => {
    const { sub, codes } = await enrolled()
    const logins: Login[] = []
    for (let i = 0; i < 10; i++) {
      const login = await begin(sub)
      await login.post('method', { method: 'backup-codes' })
      logins.push(login)
    }
    const responses = await Promise.all(
      Array.from({ length: 30 }, (_submit, i) =>
        logins[i % 10]!.postRaw('challenge/backup-codes', { code: codes[0]! }, urlOf(i)),
      ),
    )
    expect(accepted(responses)).toHaveLength(1)
    const { credentials } = await app.store.background('demo', sub, 'none')
    const left = credentials
      .map(({ data }) => (data as { left?: string[] }).left)
      .find((some) => some !== undefined)
    expect(left).toHaveLength(9)
  })

  it('64 wrong guesses get no more tries than five before the lock (R7, P1, P2)', async () => {
    const { sub, code } = await enrolled()
    const logins: Login[] = []
    for (let i = 0; i < 8; i++) logins.push(await begin(sub))
    const guesses = Array.from({ length: 64 }, (_guess, i) => String(100_000 + i)).filter(
      (guess) => guess !== code,
    )
    const responses = await Promise.all(
      guesses.map((guess, i) => logins[i % 8]!.postRaw('challenge/totp', { code: guess }, urlOf(i))),
    )
    expect(accepted(responses)).toEqual([])
    const { failures, total, lockedUntil } = await attemptsOf(sub)
    expect(failures).toBe(total)
    expect(total).toBeLessThanOrEqual(5)
    const events = await audit(sub)
    expect(events['challenge.failed']).toBe(total)
    expect(events['lockout.started'] ?? 0).toBe(lockedUntil > clock.now ? 1 : 0)
    // Whoever was told that the code is wrong had used one of the five tries.
    expect(locations(responses).filter((location) => location.includes('code-wrong'))).toHaveLength(total)
  })

  it('one of two first set-ups of one user is stored (R17, P3)', async () => {
    const sub = randomUUID()
    const [one, two] = [await begin(sub), await begin(sub)]
    for (const login of [one, two]) {
      const secret = /id="secret"[^>]*>([^<]+)</.exec((await login.page()).text)![1]!.replaceAll(' ', '')
      await login.post('enrol/totp', { code: await codeFor(secret, clock.now) })
    }
    const responses = await Promise.all(
      [one, two].map((login, i) => login.postRaw('saved', { saved: 'on' }, urlOf(i))),
    )
    expect(accepted(responses)).toHaveLength(1)
    const { credentials } = await app.store.background('demo', sub, 'none')
    expect(credentials.map(({ method }) => method).toSorted()).toEqual(['backup-codes', 'totp'])
  })

  describe('with a trusted device', () => {
    const MINUTE = 60_000

    async function trusting() {
      await app.policy.saveSettings('demo', { enforcement: 'required', trustedDays: 30 })
      const { sub, code } = await enrolled()
      const login = await begin(sub)
      const done = await login.postRaw('challenge/totp', { code, trust: 'on' })
      clock.now += MINUTE
      const cookie = done.headers.getSetCookie().find((one) => one.startsWith('lk-device-'))
      return { sub, cookie: String(cookie).split(';')[0]! }
    }

    /** Opens a login by the cookie, from either server. */
    async function present(sub: string, cookie: string, i: number): Promise<Response> {
      const login = new Login(app, realm, { sub }, () => clock.now)
      await login.push()
      return await arrive(login, cookie, urlOf(i))
    }
    async function arrive(login: Login, cookie: string, url: string): Promise<Response> {
      const requestUri = String(login.decision?.['request_uri'])
      const query = new URLSearchParams({ client_id: realm.issuer, request_uri: requestUri })
      return await fetch(`${url}${login.base}/authorize?${query.toString()}`, {
        headers: { cookie },
        redirect: 'manual',
      })
    }

    it('one of 50 logins with one cookie is trusted, the others are asked, and the device stays trusted (P3)', async () => {
      const { sub, cookie } = await trusting()
      const logins: Login[] = []
      for (let i = 0; i < 50; i++) {
        logins.push(new Login(app, realm, { sub }, () => clock.now))
        await logins[i]!.push()
      }
      const responses = await Promise.all(logins.map((login, i) => arrive(login, cookie, urlOf(i))))
      const [trusted, ...more] = accepted(responses)
      expect(trusted).toBeDefined()
      expect(more).toEqual([])
      for (const { status } of responses) expect([302, 303, 503]).toContain(status)
      const events = await audit(sub)
      expect(events['device.used']).toBe(1)
      expect(events['device.copied']).toBeUndefined()
      const next = responses
        .filter((response) => (response.headers.get('location') ?? '').includes('&code='))
        .flatMap((response) => response.headers.getSetCookie())
        .find((one) => one.startsWith('lk-device-'))
      clock.now += MINUTE
      expect(accepted([await present(sub, String(next).split(';')[0]!, 0)])).toHaveLength(1)
    })

    it('one login that is opened 20 times with one cookie uses it once, and one answer is redeemed (R13)', async () => {
      const { sub, cookie } = await trusting()
      const login = new Login(app, realm, { sub }, () => clock.now)
      await login.push()
      const responses = await Promise.all(
        Array.from({ length: 20 }, (_open, i) => arrive(login, cookie, urlOf(i))),
      )
      for (const { status } of responses) expect([302, 503]).toContain(status)
      expect((await audit(sub))['device.used']).toBe(1)
      const cookies = responses
        .flatMap((response) => response.headers.getSetCookie())
        .filter((one) => one.startsWith('lk-device-'))
        .map((one) => one.split(';')[0])
      expect(new Set(cookies).size).toBe(1)
      const redeemed: number[] = []
      for (const location of accepted(responses)) redeemed.push((await login.redeem(location)).status)
      expect(redeemed.filter((status) => status === 200)).toHaveLength(1)
    })

    it('50 uses of an old copy at the same time raise one alarm', async () => {
      const { sub, cookie } = await trusting()
      expect(accepted([await present(sub, cookie, 0)])).toHaveLength(1)
      clock.now += MINUTE
      const logins: Login[] = []
      for (let i = 0; i < 50; i++) {
        logins.push(new Login(app, realm, { sub }, () => clock.now))
        await logins[i]!.push()
      }
      const responses = await Promise.all(logins.map((login, i) => arrive(login, cookie, urlOf(i))))
      expect(accepted(responses)).toEqual([])
      expect((await audit(sub))['device.copied']).toBe(1)
      expect((await app.store.background('demo', sub, 'none')).devices).toEqual([])
    })
  })

  it('a push of one nonce from both sides makes one step', async () => {
    const login = new Login(app, realm, { sub: randomUUID() }, () => clock.now)
    const answers = await Promise.all(Array.from({ length: 8 }, () => login.push()))
    const taken = answers.filter(({ status }) => status === 201)
    expect(taken.length).toBeGreaterThanOrEqual(1)
    for (const { status } of answers) expect([201, 503]).toContain(status)
  })
})
