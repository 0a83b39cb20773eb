import { randomUUID } from 'node:crypto'
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest'
import { openDatabase } from '../../src/adapters/store/database.ts'
import type { Database } from '../../src/adapters/store/database.ts'
import { startApp } from '../support/app.ts'
import type { Clock, RunningApp } from '../support/app.ts'
import { Login, codeFor } from '../support/login.ts'
import { createDatabase } from '../support/postgres.ts'
import type { TestDatabase } from '../support/postgres.ts'
import { startRealm } from '../support/realm.ts'
import type { FakeRealm } from '../support/realm.ts'
import { freshNumber, locationOf, pageName, smsUsers, toNextHour, words } from '../support/sms.ts'

const DAY = 86_400_000
const clock: Clock = { now: Date.now() }
let realm: FakeRealm
let place: TestDatabase
let app: RunningApp
/** Looks at what the server wrote. */
let database: Database

beforeAll(async () => {
  realm = await startRealm()
  place = await createDatabase(inject('postgresUrl'))
  const environment = { LATCHKEY_DELIVERY: 'inbox' }
  app = await startApp({ keycloakUrl: realm.keycloakUrl, dbUrl: place.url, clock, environment })
  database = await openDatabase(place.url)
  toNextHour(clock)
})
afterAll(async () => {
  await database.close()
  await app.stop()
  await place.drop()
  await realm.stop()
})

const loginOf = (sub: string, change: Record<string, unknown> = {}) =>
  new Login(app, realm, { sub, ...change }, () => clock.now)
const inGroup = (id: string) => ({ groups: [{ id, path: `/${id}` }] })
const auditOf = async (sub: string) => {
  const rows = await database.db
    .selectFrom('audit')
    .selectAll()
    .where('user_id', '=', sub)
    .orderBy('at')
    .execute()
  return rows.map(({ event, address, detail }) => ({
    event,
    address,
    detail: JSON.parse(detail) as Record<string, unknown>,
  }))
}
const nothing = { groups: [] }

/** Somebody with the app and backup codes; the next step of the app has begun. */
async function withApp(sub = randomUUID(), change: Record<string, unknown> = {}) {
  const login = await loginOf(sub, change).begin()
  const { secret, location } = await login.enrol()
  clock.now += 30_000
  return { sub, login, location, code: async () => await codeFor(secret, clock.now) }
}

describe('a grace, over HTTP', () => {
  it('begins when a user first meets it, and ends by the clock (B2, R27)', async () => {
    await app.policy.saveRule('demo', {
      groupId: 'g-soon',
      enforcement: 'required',
      priority: 0,
      grace: { days: 3 },
    })
    const [early, late] = [randomUUID(), randomUUID()]
    const ask = async (sub: string) => {
      // Whoever has put it off today is not asked again; test/http/campaign.test.ts has the page.
      await app.store.commit({ realm: 'demo', userId: sub, putOff: clock.now })
      const login = loginOf(sub, inGroup('g-soon'))
      const { status } = await login.push()
      return { status, decision: login.decision }
    }
    const end = clock.now + 3 * DAY
    const first = await ask(early)
    expect(first).toMatchObject({
      status: 200,
      decision: { needed: false, because: { rule: 'group', path: '/g-soon', grace: end } },
    })
    // Nothing in it could become a level or a proof.
    for (const claim of ['acr', 'amr', 'auth_time', 'request_uri', 'failures'])
      expect(first.decision).not.toHaveProperty(claim)
    clock.now += 2 * DAY
    expect((await ask(early)).decision).toMatchObject({ because: { grace: end } })
    expect((await ask(late)).decision).toMatchObject({ because: { grace: end + 2 * DAY } })
    clock.now = end - 1
    expect((await ask(early)).status).toBe(200)
    clock.now = end
    expect(await ask(early)).toMatchObject({ status: 201, decision: { needed: true } })
    expect((await ask(late)).status).toBe(200)
    expect((await auditOf(early)).map(({ event, detail }) => `${event} ${String(detail['do'])}`)).toEqual([
      'decision.not-needed enrol-later',
      'decision.not-needed enrol-later',
      'decision.not-needed enrol-later',
      'decision.needed enrol',
    ])
  })

  it('skips no level that an application asks for, and no grant once it is over (R27, P14)', async () => {
    const sub = randomUUID()
    const push = async (change: Record<string, unknown>) =>
      (await loginOf(sub, { ...inGroup('g-soon'), ...change }).push()).status
    expect(await push({ acr_values: '2' })).toBe(201)
    const direct = { purpose: 'direct', redirect_uri: undefined }
    expect(await push(direct)).toBe(200)
    clock.now += 3 * DAY
    expect(await push(direct)).toBe(201)
  })
})

describe('a proposal, over HTTP', () => {
  it('is reported and never in force (B1)', async () => {
    await database.db
      .insertInto('proposal')
      .values({ realm: 'demo', group_id: 'g-plan', enforcement: 'required', priority: 0, version: 1 })
      .execute()
    const sub = randomUUID()
    const login = loginOf(sub, inGroup('g-plan'))
    expect((await login.push()).status).toBe(200)
    expect(login.decision).toMatchObject({ needed: false, because: { rule: 'realm' } })
    expect(await auditOf(sub)).toMatchObject([
      { event: 'decision.not-needed' },
      {
        event: 'decision.proposed',
        detail: {
          because: { rule: 'group', groupId: 'g-plan', path: '/g-plan' },
          do: 'enrol',
          insteadOf: { enforcement: 'optional', do: 'skip' },
        },
      },
    ])
    const other = randomUUID()
    await loginOf(other, nothing).push()
    expect((await auditOf(other)).map(({ event }) => event)).toEqual(['decision.not-needed'])
  })
})

describe('what is kept of a login', () => {
  beforeAll(async () => {
    await app.policy.saveRule('demo', { groupId: 'g-finance', enforcement: 'required', priority: 0 })
  })
  const verified = async (sid: unknown) =>
    await database.db.selectFrom('verified_session').selectAll().where('sid', '=', String(sid)).execute()

  it('is that its session gave a second factor, once the answer is redeemed', async () => {
    const { sub, login, location } = await withApp()
    const sid = login.question['sid']
    expect(await verified(sid)).toEqual([])
    const at = clock.now - 30_000
    expect((await login.redeem(location)).status).toBe(200)
    const row = { realm: 'demo', sid, user_id: sub, level: 2, verified_at: at }
    expect(await verified(sid)).toEqual([row])
    expect((await login.redeem(location)).status).toBe(400)
    expect(await verified(sid)).toEqual([row])
  })

  it('is nothing of a session where the step began anew after its code was issued (R13)', async () => {
    const user = await withApp()
    const login = await loginOf(user.sub).begin()
    const location = locationOf(await login.post('challenge/totp', { code: await user.code() }))
    await app.policy.saveRule('demo', {
      groupId: 'g-finance',
      enforcement: 'required',
      methods: ['backup-codes'],
      priority: 0,
    })
    await login.push()
    await app.policy.saveRule('demo', { groupId: 'g-finance', enforcement: 'required', priority: 0 })
    const answer = await login.redeem(location)
    expect([answer.status, answer.body.error]).toEqual([400, 'invalid_grant'])
    expect(await verified(login.question['sid'])).toEqual([])
  })

  it('is where it came from: as Keycloak saw it and as the step did (B10)', async () => {
    const sub = randomUUID()
    const { login, code } = await withApp(sub, { client_address: '2001:db8::7' })
    await login.push()
    const next = await loginOf(sub, { client_address: 'x'.repeat(46) }).begin()
    await next.post('challenge/totp', { code: '000000' })
    await next.post('challenge/totp', { code: await code() })
    expect((await auditOf(sub)).map(({ event, address }) => [event, address])).toEqual([
      ['decision.needed', '2001:db8::7'],
      ['enrolment.succeeded', expect.stringMatching(/127\.0\.0\.1$/)],
      ['enrolment.succeeded', expect.stringMatching(/127\.0\.0\.1$/)],
      ['decision.needed', null],
      ['challenge.failed', expect.stringMatching(/127\.0\.0\.1$/)],
      ['challenge.succeeded', expect.stringMatching(/127\.0\.0\.1$/)],
    ])
  })

  it.each([7, {}, '', 'a proxy', '1.2.3', `${'0'.repeat(46)}::1`])(
    'is no address that is none: %j is ignored',
    async (address) => {
      const sub = randomUUID()
      expect((await loginOf(sub, { ...nothing, client_address: address }).push()).status).toBe(200)
      expect(await auditOf(sub)).toMatchObject([{ address: null }])
    },
  )

  it('is what the user may do, where Keycloak says who administers (R28)', async () => {
    const sub = randomUUID()
    const roles = async () => (await app.store.background('demo', sub, 'none')).toldRoles
    await loginOf(sub, nothing).push()
    expect(await roles()).toBeUndefined()
    await loginOf(sub, { ...nothing, administers: true, roles: ['user'] }).push()
    expect(await roles()).toEqual(['administers'])
    await loginOf(sub, { administers: false, roles: ['tfa-auditor'] }).push()
    expect(await roles()).toEqual(['tfa-auditor'])
    expect((await loginOf(sub, { administers: 'yes' }).push()).status).toBe(400)
  })

  it('is that a user is back who was gone, with every method', async () => {
    const user = await withApp()
    await database.db
      .updateTable('credential')
      .set({ gone_at: clock.now })
      .where('user_id', '=', user.sub)
      .execute()
    const login = await loginOf(user.sub).begin()
    expect(pageName((await login.page()).text)).toBe('challenge-totp')
    expect((await auditOf(user.sub)).map(({ event }) => event)).toContain('user.returned')
    expect(await app.store.background('demo', user.sub, 'none')).toMatchObject({ gone: false })
    expect(locationOf(await login.post('challenge/totp', { code: await user.code() }))).toContain('code=')
  })
})

describe("the realm's settings at a login", () => {
  const save = async (settings: Parameters<RunningApp['policy']['saveSettings']>[1]) =>
    await app.policy.saveSettings('demo', settings)

  it('name the issuer in apps, and leave the realm its name on pages (S19)', async () => {
    await save({ enforcement: 'required', issuerName: 'Acme & Söhne' })
    const login = await loginOf(randomUUID(), { realm_display_name: 'The demo realm' }).begin()
    const { text } = await login.page()
    const uri =
      /href="(otpauth:[^"]+)"/.exec(text)?.[1]?.replaceAll('&amp;', '&').replaceAll('&#x3D;', '=') ?? ''
    expect(uri).toMatch(/^otpauth:\/\/totp\/Acme%20%26%20S%C3%B6hne:bob\?/)
    expect(new URL(uri).searchParams.get('issuer')).toBe('Acme & Söhne')
    expect(words(text)).toContain('The demo realm')
    await save({ enforcement: 'required' })
    const next = await loginOf(randomUUID(), { realm_display_name: 'The demo realm' }).begin()
    expect((await next.page()).text).toContain('otpauth://totp/The%20demo%20realm:bob')
  })

  it('let nobody change methods by themselves where they say so; there is a way back (S12)', async () => {
    await save({ enforcement: 'required' })
    const user = await withApp(randomUUID(), nothing)
    await save({ enforcement: 'required', selfMethods: [] })
    const manage = await loginOf(user.sub, { ...nothing, purpose: 'manage' }).begin()
    const { text } = await manage.page()
    expect(pageName(text)).toBe('blocked')
    expect(words(text)).toContain('Only an administrator may set up another method')
    expect(words(text)).not.toContain("can't sign in")
    expect(locationOf(await manage.page('/cancel'))).toContain('error=access_denied')
    // A set-up that a login enforces is not theirs to choose, and not restricted.
    expect(pageName((await (await loginOf(randomUUID(), nothing).begin()).page()).text)).toBe('enrol-totp')
    await save({ enforcement: 'required', selfMethods: ['totp'] })
    const listed = await loginOf(user.sub, { ...nothing, purpose: 'manage' }).begin()
    await listed.post('challenge/totp', { code: await user.code() })
    expect(pageName((await listed.page()).text)).toBe('enrol-totp')
  })

  it('allow text messages alone: bob proves himself by his app, sets them up, and has his app back later (S1)', async () => {
    const both = { enforcement: 'required' as const, smsCountries: ['NL'] }
    await save({ ...both, methods: ['totp', 'sms'] })
    const bob = randomUUID()
    const first = await loginOf(bob, nothing).begin()
    await first.post('method', { method: 'totp' })
    const secret =
      /id="secret"[^>]*>([^<]+)</.exec((await first.page()).text)?.[1]?.replaceAll(/\s/g, '') ?? ''
    const appCode = async () => {
      clock.now += 30_000
      return await codeFor(secret, clock.now)
    }
    expect(locationOf(await first.post('enrol/totp', { code: await appCode() }))).toContain('code=')

    await save({ ...both, methods: ['sms'] })
    const second = await loginOf(bob, nothing).begin()
    expect(pageName((await second.page()).text)).toBe('challenge-totp')
    // Who has the password alone comes no further.
    await second.post('phone', { country: 'NL', phone: freshNumber() })
    expect(pageName((await second.page()).text)).toBe('challenge-totp')
    await second.post('challenge/totp', { code: await appCode() })
    expect(pageName((await second.page()).text)).toBe('enrol-phone')
    const phone = freshNumber()
    const { newest } = smsUsers(app, realm, clock)
    await second.post('phone', { country: 'NL', phone })
    const done = locationOf(await second.post('enrol/sms', { code: await newest(phone) }))
    expect((await second.redeem(done)).status).toBe(200)

    clock.now += 60_000
    const third = await loginOf(bob, nothing).begin()
    expect(pageName((await third.page()).text)).toBe('sent-code')
    await third.post('method', { method: 'totp' })
    expect(pageName((await third.page()).text)).toBe('sent-code')
    expect(locationOf(await third.post('challenge/sms', { code: await newest(phone) }))).toContain('code=')

    await save({ ...both, methods: ['totp', 'sms'] })
    const fourth = await loginOf(bob, nothing).begin()
    await fourth.post('method', { method: 'totp' })
    const sent = (await auditOf(bob)).filter(({ event }) => event === 'code.sent')
    expect(sent.length).toBeGreaterThan(1)
    for (const { address } of sent) expect(address).toMatch(/127\.0\.0\.1$/)
    expect(pageName((await fourth.page()).text)).toBe('challenge-totp')
    expect(locationOf(await fourth.post('challenge/totp', { code: await appCode() }))).toContain('code=')
  })
})
