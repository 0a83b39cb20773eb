import { randomUUID } from 'node:crypto'
import { afterAll, beforeAll, beforeEach, describe, expect, inject, it } from 'vitest'
import type { RealmSettings } from '../../src/core/settings.ts'
import { startApp } from '../support/app.ts'
import type { Clock, RunningApp } from '../support/app.ts'
import type { Login } from '../support/login.ts'
import { createDatabase } from '../support/postgres.ts'
import { startRealm } from '../support/realm.ts'
import type { FakeRealm } from '../support/realm.ts'
import {
  HOUR,
  countsOf,
  freshNumber,
  inboxOf,
  locationOf,
  metric,
  otherThan,
  pageName,
  smsUsers,
  toNextHour,
  words,
} from '../support/sms.ts'

const DAY = 24 * HOUR
const clock: Clock = { now: Date.now() }
let realm: FakeRealm
beforeAll(async () => {
  realm = await startRealm()
})
afterAll(async () => {
  await realm.stop()
})

const set = async (app: RunningApp, change: Partial<RealmSettings> = {}) =>
  await app.policy.saveSettings('demo', {
    enforcement: 'required',
    methods: ['sms'],
    smsCountries: ['NL'],
    smsAlarm: 1_000_000,
    ...change,
  })
const sentBy = async (app: RunningApp) =>
  await metric(app, 'latchkey_text_messages_total', 'realm="demo",result="sent"')
const hourEnd = () => (Math.floor(clock.now / HOUR) + 1) * HOUR
const dayEnd = () => (Math.floor(clock.now / DAY) + 1) * DAY
const limited = (until: number) => `?send=limited&until=${until}`
/** 250 addresses of browsers that share nothing. */
const addressOf = (i: number) => `198.51.100.${i % 250}`

describe('100 sends', () => {
  let app: RunningApp
  let users: ReturnType<typeof smsUsers>

  beforeAll(async () => {
    app = await startApp({
      keycloakUrl: realm.keycloakUrl,
      clock,
      environment: { LATCHKEY_DELIVERY: 'inbox', LATCHKEY_PROXY_HEADERS: 'xforwarded' },
    })
    users = smsUsers(app, realm, clock)
  })
  afterAll(async () => await app.stop())
  beforeEach(async () => {
    toNextHour(clock)
    await set(app)
  })

  /** A login of a user whose number is set, from an address; where it was led. */
  async function ask(phone: string, address: string, sub: string = randomUUID()) {
    const login = users.loginOf(sub, { phone_number: phone })
    login.browser.set('X-Forwarded-For', address)
    await login.push()
    const location = locationOf(await login.open())
    login.step = location.split('?')[0]!
    return { login, query: location.slice(login.step.length) }
  }

  /** Asks many times; how many were sent. Every other one must have been refused until then. */
  async function flood(
    times: number,
    until: () => number,
    one: (i: number) => Promise<{ query: string }>,
  ): Promise<number> {
    const before = await sentBy(app)
    const queries: string[] = []
    for (let i = 0; i < times; i++) queries.push((await one(i)).query)
    const sent = (await sentBy(app)) - before
    expect(queries).toEqual([
      ...Array<string>(sent).fill(''),
      ...Array<string>(times - sent).fill(limited(until())),
    ])
    return sent
  }

  async function expectSaid({ login, query }: { login: Login; query: string }, wait: RegExp) {
    const { text } = await login.page(query)
    expect(text).toContain('id="send-error"')
    expect(words(text)).toContain('No more codes can be sent for now.')
    expect(words(text)).toMatch(wait)
  }

  it('to one number over many users end at the limit of the number; another number is not hurt (R10)', async () => {
    const phone = freshNumber()
    expect(await flood(100, hourEnd, (i) => ask(phone, addressOf(i)))).toBe(5)
    expect(await inboxOf(app, phone)).toHaveLength(5)
    await expectSaid(await ask(phone, addressOf(101)), /You can ask for a new code in 60 minutes\./)
    expect((await ask(freshNumber(), addressOf(102))).query).toBe('')
    // The last moment of the hour is in it, the next is not.
    clock.now = hourEnd() - 1
    const last = await ask(phone, addressOf(103))
    expect(last.query).toBe(limited(clock.now + 1))
    await expectSaid(last, /You can ask for a new code in 1 second\./)
    clock.now += 1
    expect((await ask(phone, addressOf(104))).query).toBe('')
    expect(await inboxOf(app, phone)).toHaveLength(6)
  })

  it('to a range of numbers end at the limit of the prefix; another range is not hurt (R10)', async () => {
    const numbers = (i: number) => `+31610000${String(i).padStart(3, '0')}`
    expect(await flood(100, hourEnd, (i) => ask(numbers(i * 9), addressOf(i)))).toBe(20)
    expect((await ask('+31610001000', addressOf(101))).query).toBe('')
    toNextHour(clock)
    expect((await ask(numbers(5), addressOf(102))).query).toBe('')
  })

  it('from one address over many accounts end at its limit; another address is not hurt (R10)', async () => {
    expect(await flood(100, hourEnd, () => ask(freshNumber(), '203.0.113.9'))).toBe(20)
    expect((await ask(freshNumber(), '203.0.113.10')).query).toBe('')
    // Only the proxy's own word counts, not what the browser wrote before it.
    expect((await ask(freshNumber(), `${addressOf(1)}, 203.0.113.9`)).query).toBe(limited(hourEnd()))
    toNextHour(clock)
    expect((await ask(freshNumber(), '203.0.113.9')).query).toBe('')
  })

  it('by one user end at the limit of the user; another user is not hurt (R10)', async () => {
    await set(app, { smsPerNumber: 1_000, smsPerPrefix: 1_000 })
    const [phone, sub] = [freshNumber(), randomUUID()]
    expect(await flood(100, hourEnd, (i) => ask(phone, addressOf(i), sub))).toBe(10)
    expect((await ask(phone, addressOf(101))).query).toBe('')
    toNextHour(clock)
    expect((await ask(phone, addressOf(102), sub)).query).toBe('')
  })

  it('of one realm end at the limit of the hour, and go on after it (R10)', async () => {
    await set(app, { smsPerHour: 12 })
    expect(await flood(100, hourEnd, (i) => ask(freshNumber(), addressOf(i)))).toBe(12)
    toNextHour(clock)
    expect(await flood(13, hourEnd, (i) => ask(freshNumber(), addressOf(i)))).toBe(12)
  })

  it('of one realm end at the budget of the day, and go on the next day (R10)', async () => {
    clock.now = dayEnd()
    await set(app, { smsPerHour: 40, smsPerDay: 60 })
    expect(await flood(100, hourEnd, (i) => ask(freshNumber(), addressOf(i)))).toBe(40)
    toNextHour(clock)
    expect(await flood(100, dayEnd, (i) => ask(freshNumber(), addressOf(i)))).toBe(20)
    clock.now = dayEnd() - HOUR
    const last = await ask(freshNumber(), '203.0.113.1')
    expect(last.query).toBe(limited(dayEnd()))
    await expectSaid(last, /You can ask for a new code in 60 minutes\./)
    clock.now = dayEnd()
    expect((await ask(freshNumber(), '203.0.113.1')).query).toBe('')
  })

  it('that are refused are not counted: of two limits the wider is not used up by the narrower (R10)', async () => {
    await set(app, { smsPerHour: 8 })
    const phone = freshNumber()
    expect(await flood(50, hourEnd, (i) => ask(phone, addressOf(i)))).toBe(5)
    expect(await flood(50, hourEnd, (i) => ask(freshNumber(), addressOf(i)))).toBe(3)
  })

  it('in set-ups end at the limits as well: to one number over many users (R6, R10, P10)', async () => {
    const phone = freshNumber()
    const one = async (i: number) => {
      const login = users.loginOf(randomUUID())
      login.browser.set('X-Forwarded-For', addressOf(i))
      await login.begin()
      const location = locationOf(await login.post('phone', { country: 'NL', phone }))
      return { login, query: location.slice(login.step.length) }
    }
    expect(await flood(100, hourEnd, one)).toBe(5)
    const refused = await one(101)
    expect(pageName((await refused.login.page(refused.query)).text)).toBe('sent-code')
    await expectSaid(refused, /You can ask for a new code in 60 minutes\./)
    toNextHour(clock)
    const later = await one(102)
    expect(later.query).toBe('')
    expect(pageName((await later.login.page()).text)).toBe('sent-code')
  })

  it('in one set-up to ever new numbers end at the limit of the user (R6, R10, P10)', async () => {
    const login = users.loginOf(randomUUID())
    login.browser.set('X-Forwarded-For', addressOf(1))
    await login.begin()
    const sent = await flood(30, hourEnd, async () => {
      clock.now += 30_000
      const response = await login.post('phone', { country: 'NL', phone: freshNumber() })
      return { query: locationOf(response).slice(login.step.length) }
    })
    expect(sent).toBe(10)
  })

  it('by the button end at the limit of the number, and the last code that went out still counts (R10)', async () => {
    const phone = freshNumber()
    const { login } = await ask(phone, addressOf(1))
    const sent = await flood(20, hourEnd, async () => {
      clock.now += 30_000
      return { query: locationOf(await login.post('send', {})).slice(login.step.length) }
    })
    expect(sent).toBe(4)
    const code = await users.newest(phone)
    clock.now -= 20 * 30_000
    expect(locationOf(await login.post('enrol/sms', { code }))).toContain('code=')
  })

  it('are counted without a number or an address in the database (R23, P17)', async () => {
    const phone = '+31623456789'
    await ask(phone, '203.0.113.77')
    const keys = countsOf(app).map(({ key }) => key)
    expect(keys.length).toBeGreaterThan(5)
    for (const told of ['23456', '203.0.113', phone.slice(1)]) expect(keys.join()).not.toContain(told)
  })
})

it('X-Forwarded-For moves no limit where no proxy is said to be there (R10, P9)', async () => {
  const app = await startApp({
    keycloakUrl: realm.keycloakUrl,
    clock,
    environment: { LATCHKEY_DELIVERY: 'inbox' },
  })
  await set(app, { smsPerAddress: 3 })
  const users = smsUsers(app, realm, clock)
  for (let i = 0; i < 10; i++) {
    const login = users.loginOf(randomUUID(), { phone_number: freshNumber() })
    login.browser.set('X-Forwarded-For', addressOf(i))
    await login.begin()
  }
  expect(await sentBy(app)).toBe(3)
  await app.stop()
})

describe('the alarm', () => {
  let app: RunningApp
  let users: ReturnType<typeof smsUsers>
  beforeAll(async () => {
    app = await startApp({
      keycloakUrl: realm.keycloakUrl,
      clock,
      environment: { LATCHKEY_DELIVERY: 'inbox' },
    })
    users = smsUsers(app, realm, clock)
    await set(app, { smsAlarm: 6 })
  })
  afterAll(async () => await app.stop())
  beforeEach(() => toNextHour(clock))

  const alarms = async () => await metric(app, 'latchkey_text_message_alarms_total', 'realm="demo"')
  async function ask(verify: boolean) {
    const phone = freshNumber()
    const login = await users.known(phone)
    const code = await users.newest(phone)
    await login.post('enrol/sms', { code: verify ? code : otherThan(code) })
  }

  it('sounds when as many messages as set went out and fewer than half of their codes came back', async () => {
    const before = await alarms()
    for (let i = 0; i < 5; i++) await ask(false)
    expect(await alarms()).toBe(before)
    await ask(false)
    expect(await alarms()).toBe(before + 1)
  })

  it('does not sound while the codes come back, and does once they stop to', async () => {
    const before = await alarms()
    for (let i = 0; i < 8; i++) await ask(true)
    expect(await alarms()).toBe(before)
    for (let i = 0; i < 8; i++) await ask(false)
    expect(await alarms()).toBe(before)
    await ask(false)
    expect(await alarms()).toBe(before + 1)
  })

  it('begins anew with the hour', async () => {
    const before = await alarms()
    for (let i = 0; i < 5; i++) await ask(false)
    toNextHour(clock)
    for (let i = 0; i < 5; i++) await ask(false)
    expect(await alarms()).toBe(before)
  })
})

/** One sidecar alone, or two that share a database; every other request goes to the second. */
interface Fleet {
  apps: RunningApp[]
  stop(): Promise<void>
}
const environment = { LATCHKEY_DELIVERY: 'inbox' }

async function onSqlite(): Promise<Fleet> {
  const app = await startApp({ keycloakUrl: realm.keycloakUrl, clock, environment })
  return { apps: [app], stop: () => app.stop() }
}

async function onPostgres(): Promise<Fleet> {
  const database = await createDatabase(inject('postgresUrl'))
  const both = { keycloakUrl: realm.keycloakUrl, dbUrl: database.url, clock }
  const first = await startApp({ ...both, environment })
  const second = await startApp({ ...both, environment: { ...environment, LATCHKEY_HOSTNAME: first.url } })
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
])('50 sends at the same time, on %s', (_, start) => {
  let fleet: Fleet
  let app: RunningApp
  const urlOf = (i: number) => fleet.apps[i % fleet.apps.length]!.url
  const sent = async () => (await Promise.all(fleet.apps.map(sentBy))).reduce((sum, one) => sum + one, 0)

  beforeAll(async () => {
    fleet = await start()
    app = fleet.apps[0]!
  })
  afterAll(async () => await fleet.stop())
  beforeEach(() => toNextHour(clock))

  const open = (change: Partial<RealmSettings>) =>
    set(app, { smsPerNumber: 900, smsPerPrefix: 900, smsPerAddress: 900, smsPerUser: 900, ...change })

  /** Logins that were pushed one by one, opened all at once. Where each was led. */
  async function openAll(claims: (i: number) => Record<string, unknown>): Promise<string[]> {
    const { loginOf } = smsUsers(app, realm, clock)
    const logins = Array.from({ length: 50 }, (_login, i) => loginOf(randomUUID(), claims(i)))
    for (const login of logins) await login.push()
    return await Promise.all(
      logins.map(async (login, i) => {
        const query = new URLSearchParams({
          client_id: realm.issuer,
          request_uri: String(login.decision?.['request_uri']),
        })
        const response = await fetch(`${urlOf(i)}${login.base}/authorize?${query.toString()}`, {
          redirect: 'manual',
        })
        const location = response.headers.get('location') ?? `status ${response.status}`
        return location.includes('?') ? location.slice(location.indexOf('?')) : ''
      }),
    )
  }

  it.each<[string, Partial<RealmSettings>, number, (i: number) => Record<string, unknown>]>([
    ['the number', { smsPerNumber: 5 }, 5, () => ({ phone_number: '+31611111111' })],
    ['the prefix', { smsPerPrefix: 7 }, 7, (i) => ({ phone_number: `+31622222${100 + i}` })],
    ['the address', { smsPerAddress: 9 }, 9, () => ({ phone_number: freshNumber() })],
    ['the user', { smsPerUser: 6 }, 6, () => ({ phone_number: freshNumber(), sub: 'one-user' })],
    ['the hour', { smsPerHour: 11 }, 11, () => ({ phone_number: freshNumber() })],
  ])(
    'never pass the limit of %s, and who gets none is told so (R10, P3)',
    async (_limit, change, limit, claims) => {
      await open(change)
      const before = await sent()
      const queries = await openAll(claims)
      expect((await sent()) - before).toBe(limit)
      expect(queries.filter((query) => query === '')).toHaveLength(limit)
      expect(queries.filter((query) => query === limited(hourEnd()))).toHaveLength(50 - limit)
    },
  )

  it('in set-ups never pass the limit of the number (R6, R10, P3, P10)', async () => {
    await open({ smsPerNumber: 5 })
    const { loginOf } = smsUsers(app, realm, clock)
    const logins = Array.from({ length: 50 }, () => loginOf(randomUUID()))
    for (const login of logins) await login.begin()
    const before = await sent()
    const responses = await Promise.all(
      logins.map((login, i) => login.postRaw('phone', { country: 'NL', phone: '0633333333' }, urlOf(i))),
    )
    expect((await sent()) - before).toBe(5)
    const refused = responses.filter(({ headers }) => headers.get('location')?.endsWith(limited(hourEnd())))
    expect(refused).toHaveLength(45)
  })

  it('in one step are one: the pause counts for those that come too soon (R3, P3)', async () => {
    await open({})
    const login = await smsUsers(app, realm, clock).known('+31644444444')
    clock.now += 30_000
    const before = await sent()
    const responses = await Promise.all(
      Array.from({ length: 50 }, (_send, i) => login.postRaw('send', {}, urlOf(i))),
    )
    expect((await sent()) - before).toBe(1)
    for (const { status } of responses) expect([303, 503]).toContain(status)
  })
})
