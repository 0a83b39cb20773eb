import { randomUUID } from 'node:crypto'
import { decodeJwt } from 'jose'
import supertest from 'supertest'
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest'
import { createAuditStore } from '../../src/adapters/store/audit-store.ts'
import { openDatabase, openForReading } from '../../src/adapters/store/database.ts'
import type { Database } from '../../src/adapters/store/database.ts'
import { prune } from '../../src/adapters/store/prune.ts'
import { startApp } from '../support/app.ts'
import type { Clock, RunningApp } from '../support/app.ts'
import { Login, codeFor } from '../support/login.ts'
import { createDatabase } from '../support/postgres.ts'
import type { TestDatabase } from '../support/postgres.ts'
import { startRealm } from '../support/realm.ts'
import type { FakeRealm } from '../support/realm.ts'

const MINUTE = 60_000
const DAY = 24 * 60 * MINUTE
const MAIL = { host: '127.0.0.1', port: 25, security: 'none' as const, from: 'mfa@example.com' }
const SETTINGS = { enforcement: 'required' as const, trustedDays: 30, mail: MAIL }

type Agent = ReturnType<typeof supertest.agent>

describe.each(['SQLite', 'PostgreSQL'])('a trusted device, on %s', (kind) => {
  const clock: Clock = { now: Date.now() }
  let realm: FakeRealm
  let database: TestDatabase | undefined
  let app: RunningApp
  /** What the servers wrote. */
  let reading: Database

  beforeAll(async () => {
    realm = await startRealm()
    database = kind === 'SQLite' ? undefined : await createDatabase(inject('postgresUrl'))
    app = await startApp({
      keycloakUrl: realm.keycloakUrl,
      clock,
      ...(database === undefined ? {} : { dbUrl: database.url }),
    })
    reading = openForReading(app.config.dbUrl)
    await app.policy.saveSettings('demo', SETTINGS)
    await app.policy.saveRule('demo', {
      groupId: 'g-never',
      enforcement: 'required',
      priority: 0,
      trustedDays: 0,
    })
  })
  afterAll(async () => {
    await reading.close()
    await app.stop()
    await database?.drop()
    await realm.stop()
  })

  const agent = (): Agent => supertest.agent(app.url)

  interface User {
    sub: string
    secret: string
    codes: string[]
  }

  function loginOf({ sub }: Pick<User, 'sub'>, browser: Agent, change = {}): Login {
    const claims = { sub, email: `${sub}@example.com`, ...change }
    return new Login(app, realm, claims, () => clock.now, browser)
  }

  async function begin(user: Pick<User, 'sub'>, browser: Agent, change = {}) {
    const login = loginOf(user, browser, change)
    await login.push()
    return { login, opened: await login.open() }
  }

  async function enrolled(): Promise<User> {
    const sub = randomUUID()
    const { login } = await begin({ sub }, agent())
    const { secret, codes } = await login.enrol()
    clock.now += MINUTE
    return { sub, secret, codes }
  }

  /** Signs in with a code, with the box checked; gives the cookie as a request carries it. */
  async function trusting(user: User, browser: Agent, change = {}): Promise<string> {
    const { login } = await begin(user, browser, change)
    const done = await login.post('challenge/totp', {
      code: await codeFor(user.secret, clock.now),
      trust: 'on',
    })
    expect(done.headers['location']).toContain('code=')
    expect((await login.redeem(String(done.headers['location']))).status).toBe(200)
    clock.now += MINUTE
    return cookieIn(done)
  }

  /** What an answer sets; empty where it sets none. */
  function cookieIn({ headers }: supertest.Response): string {
    const set = (headers['set-cookie'] ?? []) as unknown as string[]
    const found = set.filter((cookie) => cookie.startsWith('lk-device-')).map((one) => one.split(';')[0]!)
    return found.find((one) => !one.endsWith('=')) ?? ''
  }

  /** A browser that holds nothing but this cookie. */
  function holding(cookie: string): Agent {
    const browser = agent()
    browser.jar.setCookie(cookie, new URL(app.url).hostname, '/')
    return browser
  }

  const isTrusted = ({ status, headers }: supertest.Response) =>
    status === 302 && String(headers['location']).includes('&code=')
  const isAsked = ({ status, headers }: supertest.Response) =>
    status === 303 && String(headers['location']).includes('/step/')
  const devicesOf = async ({ sub }: User) => await app.admin.devices('demo', sub)

  async function eventsOf({ sub }: User, event: string) {
    const { entries } = await createAuditStore(reading).list('demo', { userId: sub }, { max: 100 })
    return entries.filter((entry) => entry.event === event)
  }

  it('is asked for a second factor no longer, and its token says what was proven: the password alone (R21, R27)', async () => {
    const user = await enrolled()
    const browser = agent()
    await trusting(user, browser)
    const { login, opened } = await begin(user, browser, { sid: 'the-second-session' })
    expect(isTrusted(opened)).toBe(true)
    const { body } = await login.redeem(String(opened.headers['location']))
    const claims = decodeJwt(body.id_token)
    expect(claims).toMatchObject({ acr: '1', amr: ['pwd'], exempt: 'trusted-device', sub: user.sub })
    expect(claims).not.toHaveProperty('auth_time')
    expect(claims['nonce']).toBe(login.question['nonce'])
    // Our own pages learn of no second factor.
    expect(await app.admin.verifiedAt('demo', 'the-second-session', user.sub)).toBeUndefined()
    const [used] = await eventsOf(user, 'device.used')
    expect(used?.detail).toMatchObject({ because: { rule: 'realm', trusted: expect.any(Number) } })
    expect(used?.address).toBeDefined()
  })

  it('is offered where the box was checked only, by a cookie that names nobody and no script reads', async () => {
    const user = await enrolled()
    const browser = agent()
    const { login } = await begin(user, browser)
    const page = (await login.page()).text
    expect(page).toContain('name="trust"')
    expect(page).not.toMatch(/name="trust"[^>]* checked/)
    const done = await login.post('challenge/totp', { code: await codeFor(user.secret, clock.now) })
    expect(cookieIn(done)).toBe('')
    expect(isAsked((await begin(user, browser)).opened)).toBe(true)
    clock.now += MINUTE

    const { login: other } = await begin(user, browser)
    const given = await other.post('challenge/totp', {
      code: await codeFor(user.secret, clock.now),
      trust: 'on',
    })
    const set = (given.headers['set-cookie'] as unknown as string[]).find((one) =>
      one.startsWith('lk-device-'),
    )
    expect(set).toMatch(/; Max-Age=2592000; Path=\/; .*HttpOnly; SameSite=Lax$/)
    expect(set).not.toContain(user.sub)
    const [device] = await devicesOf(user)
    expect(device).toMatchObject({ createdAt: clock.now, expiresAt: clock.now + 30 * DAY })
    expect(JSON.stringify(device)).not.toContain(cookieIn(given).split('.')[1])
  })

  it('is not offered after a wrong code more than before, and what was checked stays checked', async () => {
    const user = await enrolled()
    const { login } = await begin(user, agent())
    const wrong = await login.post('challenge/totp', { code: '000000', trust: 'on' })
    expect(wrong.headers['location']).toMatch(/\?error=code-wrong&trust$/)
    expect(cookieIn(wrong)).toBe('')
    expect((await login.page('?error=code-wrong&trust')).text).toMatch(/name="trust"[^>]* checked/)
    expect(await devicesOf(user)).toEqual([])
  })

  it('gets another cookie at each use', async () => {
    const user = await enrolled()
    const browser = agent()
    const cookies = [await trusting(user, browser)]
    for (let i = 0; i < 3; i++) {
      clock.now += DAY
      const { opened } = await begin(user, browser)
      expect(isTrusted(opened)).toBe(true)
      cookies.push(cookieIn(opened))
    }
    expect(new Set(cookies).size).toBe(4)
    expect(await devicesOf(user)).toHaveLength(1)
  })

  it('is trusted no longer once a copy of its cookie comes after it, and the user is told', async () => {
    const user = await enrolled()
    const browser = agent()
    const copy = holding(await trusting(user, browser))
    expect(isTrusted((await begin(user, browser)).opened)).toBe(true)
    clock.now += MINUTE
    expect(isAsked((await begin(user, copy)).opened)).toBe(true)
    expect(await devicesOf(user)).toEqual([])
    expect(await eventsOf(user, 'device.copied')).toHaveLength(1)
    const waiting = await reading.db
      .selectFrom('outbox')
      .select('id')
      .where('user_id', '=', user.sub)
      .execute()
    // The app that was set up, the browser that was trusted, and now this.
    expect(waiting).toHaveLength(3)
    expect(isAsked((await begin(user, browser)).opened)).toBe(true)
    expect(isAsked((await begin(user, copy)).opened)).toBe(true)
    expect(await eventsOf(user, 'device.copied')).toHaveLength(1)
  })

  it('is trusted no longer either where the copy came first', async () => {
    const user = await enrolled()
    const browser = agent()
    const copy = holding(await trusting(user, browser))
    expect(isTrusted((await begin(user, copy)).opened)).toBe(true)
    clock.now += MINUTE
    expect(isAsked((await begin(user, browser)).opened)).toBe(true)
    expect(isAsked((await begin(user, copy)).opened)).toBe(true)
    expect(await devicesOf(user)).toEqual([])
  })

  it('is asked without an alarm where another tab used the cookie a moment ago, and that opens nothing', async () => {
    const user = await enrolled()
    const browser = agent()
    const tab = holding(await trusting(user, browser))
    expect(isTrusted((await begin(user, browser)).opened)).toBe(true)
    clock.now += MINUTE - 1
    const { opened } = await begin(user, tab)
    expect(isAsked(opened)).toBe(true)
    expect(cookieIn(opened)).toBe('')
    expect(await eventsOf(user, 'device.copied')).toEqual([])
    expect(isTrusted((await begin(user, browser)).opened)).toBe(true)
  })

  it('gets the same answer again for the same login, where the first never arrived', async () => {
    const user = await enrolled()
    const cookie = await trusting(user, agent())
    const { login, opened } = await begin(user, holding(cookie))
    const again = await login.open(holding(cookie))
    expect(isTrusted(again)).toBe(true)
    expect(cookieIn(again)).toBe(cookieIn(opened))
    expect((await login.redeem(String(opened.headers['location']))).status).toBe(400)
    expect((await login.redeem(String(again.headers['location']))).status).toBe(200)
    expect(await eventsOf(user, 'device.used')).toHaveLength(1)
    // Once it is redeemed there is nothing to ask for again.
    expect((await login.open(holding(cookie))).status).toBe(403)
    expect(isTrusted((await begin(user, holding(cookieIn(again)))).opened)).toBe(true)
  })

  it("can't take over a step that another browser began (R13)", async () => {
    const user = await enrolled()
    const one = holding(await trusting(user, agent()))
    clock.now += DAY
    const { login } = await begin(user, agent())
    expect((await login.open(one)).status).toBe(403)
  })

  it('is of one user: two in one browser are apart (R15, P18)', async () => {
    const [alice, bob] = [await enrolled(), await enrolled()]
    const browser = agent()
    const cookie = await trusting(alice, browser)
    expect(isAsked((await begin(bob, browser)).opened)).toBe(true)
    const other = await trusting(bob, browser)
    expect(other.split('=')[0]).not.toBe(cookie.split('=')[0])
    expect(isTrusted((await begin(alice, browser)).opened)).toBe(true)
    expect(isTrusted((await begin(bob, browser)).opened)).toBe(true)
    // Under the other's name it is nobody's, and alarms nobody.
    const swapped = `${other.split('=')[0]}=${cookie.split('=')[1]}`
    expect(isAsked((await begin(bob, holding(swapped))).opened)).toBe(true)
    expect(await devicesOf(bob)).toHaveLength(1)
  })

  it.each([
    ['a step-up', { acr_values: '2' }],
    ['a greater age than it is asked for', { max_age: 3600 }],
    ['a fresh login', { prompt: 'consent login' }],
    ['a change of methods', { purpose: 'manage' }],
    ["an administrator's wish", { purpose: 'enrol' }],
    ['a role that always needs it', { roles: ['tfa-admin'] }],
    ['a rule that forbids it', { groups: [{ id: 'g-never', path: '/never' }] }],
  ])('does not stand in for %s, and is not offered there (R27)', async (_, change) => {
    const user = await enrolled()
    const browser = agent()
    await trusting(user, browser)
    const { login, opened } = await begin(user, browser, change)
    expect(isAsked(opened)).toBe(true)
    expect((await login.page()).text).not.toContain('name="trust"')
    const code = await codeFor(user.secret, clock.now)
    expect(cookieIn(await login.post('challenge/totp', { code, trust: 'on' }))).toBe('')
    expect(await devicesOf(user)).toHaveLength(1)
  })

  it('counts as long as the policy says now: fewer days at once, more never (R14)', async () => {
    const user = await enrolled()
    const browser = agent()
    await trusting(user, browser)
    clock.now += 8 * DAY
    await app.policy.saveSettings('demo', { ...SETTINGS, trustedDays: 7 })
    expect(isAsked((await begin(user, browser)).opened)).toBe(true)
    await app.policy.saveSettings('demo', { ...SETTINGS, trustedDays: 0 })
    expect(isAsked((await begin(user, browser)).opened)).toBe(true)
    await app.policy.saveSettings('demo', { ...SETTINGS, trustedDays: 365 })
    expect(isTrusted((await begin(user, browser)).opened)).toBe(true)
    clock.now += 22 * DAY
    expect(isAsked((await begin(user, browser)).opened)).toBe(true)
    await app.policy.saveSettings('demo', SETTINGS)
  })

  it('is asked while the user is locked, and the lock ends nothing', async () => {
    const user = await enrolled()
    const browser = agent()
    await trusting(user, browser)
    const { login: guesser } = await begin(user, agent())
    for (let i = 0; i < 5; i++) await guesser.post('challenge/totp', { code: '000000' })
    expect(isAsked((await begin(user, browser)).opened)).toBe(true)
    clock.now += 2 * MINUTE
    const { opened } = await begin(user, browser)
    expect(isTrusted(opened)).toBe(true)
    // Nobody gave a right code: what was counted stays counted (R7).
    expect((await app.store.background('demo', user.sub, 'none')).attempts.failures).toBe(5)
  })

  describe('ends with (R18, P23)', () => {
    const ends: Record<string, (user: User) => Promise<unknown>> = {
      async 'a method that is set up'({ sub }) {
        const made = { id: randomUUID(), method: 'totp', label: undefined, at: clock.now }
        await app.store.commit({
          realm: 'demo',
          userId: sub,
          enrol: [{ ...made, data: { secret: 'GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ', lastStep: 0 } }],
        })
      },
      async 'a method that its user takes away'({ sub }) {
        const { credentials } = await app.store.background('demo', sub, 'none')
        const codes = credentials.find(({ method }) => method === 'backup-codes')
        const takeAway = { ids: [codes!.id], sid: 'any' }
        expect(await app.store.commit({ realm: 'demo', userId: sub, takeAway })).toBe('written')
      },
      async 'a reset, or a method that an administrator revokes'({ sub }) {
        const codes = (await app.admin.user('demo', sub))!.methods.find(({ method }) => method !== 'totp')
        await app.admin.commit({ realm: 'demo', revoke: { userId: sub, ids: [codes!.id] }, audit: [] })
      },
      async 'a backup code that is used'(user) {
        const { login } = await begin(user, agent())
        await login.post('method', { method: 'backup-codes' })
        expect((await login.page()).text).not.toContain('name="trust"')
        const used = await login.post('challenge/backup-codes', { code: user.codes[0]!, trust: 'on' })
        expect(used.headers['location']).toContain('code=')
        expect(cookieIn(used)).toBe('')
      },
      async 'its being forgotten'(user) {
        const ids = (await devicesOf(user)).map(({ id }) => id)
        await app.admin.commit({ realm: 'demo', forget: { userId: user.sub, ids }, audit: [] })
      },
    }
    it.each(Object.entries(ends))('%s', async (_, end) => {
      const user = await enrolled()
      const browser = agent()
      await trusting(user, browser)
      await end(user)
      expect(await devicesOf(user)).toEqual([])
      expect(isAsked((await begin(user, browser)).opened)).toBe(true)
    })
  })

  it('answers for nothing once it was forgotten, also where the browser is on its way back', async () => {
    const user = await enrolled()
    const browser = agent()
    await trusting(user, browser)
    const { login, opened } = await begin(user, browser)
    const ids = (await devicesOf(user)).map(({ id }) => id)
    await app.admin.commit({ realm: 'demo', forget: { userId: user.sub, ids }, audit: [] })
    expect((await login.redeem(String(opened.headers['location']))).status).toBe(400)
    const step = /lk-([\w-]+)=/.exec(
      ((opened.headers['set-cookie'] ?? []) as unknown as string[]).find((one) => !one.includes('device'))!,
    )![1]!
    expect((await browser.get(`/realms/demo/step/${step}`)).status).toBe(410)
    // Pushed again, it begins anew and asks.
    await login.push()
    expect(isAsked(await login.open())).toBe(true)
  })

  it('lets its session go on where no browser can be led away, as long as it is trusted', async () => {
    const user = await enrolled()
    const browser = agent()
    await trusting(user, browser)
    const sid = randomUUID()
    expect(isTrusted((await begin(user, browser, { sid })).opened)).toBe(true)
    const session = { sid, trusted_session: true, amr: ['pwd'] }
    const within = loginOf(user, agent(), session)
    expect((await within.push()).status).toBe(200)
    expect(within.decision).toMatchObject({ needed: false, because: { trusted: expect.any(Number) } })

    const needed = async (change: object) => (await loginOf(user, agent(), change).push()).status === 201
    expect(await needed({ ...session, sid: randomUUID() })).toBe(true)
    expect(await needed({ sid })).toBe(true)
    expect(await needed({ ...session, acr_values: '2' })).toBe(true)
    expect(await needed({ ...session, roles: ['tfa-admin'] })).toBe(true)
    const ids = (await devicesOf(user)).map(({ id }) => id)
    await app.admin.commit({ realm: 'demo', forget: { userId: user.sub, ids }, audit: [] })
    expect(await needed(session)).toBe(true)
  })

  it('whose cookie is no cookie of ours is asked, and nothing breaks', async () => {
    const user = await enrolled()
    const cookie = await trusting(user, agent())
    const [name, value = ''] = cookie.split('=')
    const [id, secret = ''] = value.split('.')
    const longer = 'A'.repeat(43)
    for (const held of [
      '',
      'x',
      `${id}`,
      `${id}.`,
      `.${secret}`,
      `${longer}.${secret}`,
      `${id}.${secret}x`,
    ]) {
      expect(isAsked((await begin(user, holding(`${name}=${held}`))).opened), held).toBe(true)
    }
    // The id with another secret is a copy of some kind.
    expect(await devicesOf(user)).toEqual([])
  })

  it('is one of 20 at most: the one that was used the longest ago goes', async () => {
    const user = await enrolled()
    const first = await trusting(user, agent())
    for (let i = 0; i < 20; i++) await trusting(user, agent())
    const devices = await devicesOf(user)
    expect(devices).toHaveLength(20)
    expect(devices.map(({ id }) => id)).not.toContain(first.split('=')[1]!.split('.')[0])
  })

  it('takes the place of what the same browser held before', async () => {
    const user = await enrolled()
    const browser = agent()
    const old = await trusting(user, browser)
    await app.policy.saveSettings('demo', { ...SETTINGS, trustedDays: 1 })
    clock.now += 2 * DAY
    const anew = await trusting(user, browser)
    await app.policy.saveSettings('demo', SETTINGS)
    expect(anew).not.toBe(old)
    expect(await devicesOf(user)).toHaveLength(1)
    expect(isTrusted((await begin(user, browser)).opened)).toBe(true)
  })

  it('is deleted once its time is over', async () => {
    const user = await enrolled()
    await trusting(user, agent())
    clock.now += 31 * DAY
    if (database === undefined) return
    const pruning = await openDatabase(database.url)
    await prune(pruning, clock.now)
    await pruning.close()
    expect(await devicesOf(user)).toEqual([])
  })
})
