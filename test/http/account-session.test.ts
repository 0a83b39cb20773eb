import { randomUUID } from 'node:crypto'
import supertest from 'supertest'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { BASE, startAccount } from '../support/account.ts'
import type { AccountWorld, Agent } from '../support/account.ts'

const MINUTE = 60_000
const HOUR = 60 * MINUTE

let world: AccountWorld
beforeEach(async () => {
  world = await startAccount()
})
afterEach(async () => {
  await world.stop()
})

const page = `${BASE}/account`
const isIn = async (agent: Agent) => (await agent.get(page)).status === 200

/** The way to Keycloak and its answer, not yet taken. */
async function answered(agent: Agent, to = page): Promise<URL> {
  const login = await agent.get(`${BASE}/login`).query({ to })
  return new URL(await world.realm.authorize(login.headers['location'] ?? ''))
}

async function take(agent: Agent, address: URL) {
  return await agent.get(address.pathname + address.search)
}

async function logOut(token: string) {
  return await supertest(world.app.url)
    .post(`${BASE}/backchannel-logout`)
    .type('form')
    .send({ logout_token: token })
}

describe('a login at our own pages', () => {
  it('asks by code flow with PKCE, state and nonce, and proves the client by its keys', async () => {
    const agent = world.browser()
    expect((await world.open(agent, page)).status).toBe(200)
    const [asked] = world.realm.asked
    expect(Object.fromEntries(asked ?? [])).toMatchObject({
      client_id: 'latchkey',
      response_type: 'code',
      scope: 'openid',
      redirect_uri: `${world.app.url}${BASE}/callback`,
      code_challenge_method: 'S256',
    })
    for (const name of ['state', 'nonce', 'code_challenge']) expect(asked?.get(name)).toMatch(/^[\w-]{43}$/)
    expect(new Set(['state', 'nonce', 'code_challenge'].map((name) => asked?.get(name))).size).toBe(3)
  })

  it('comes back to the page that was asked for, with its query', async () => {
    const response = await take(world.browser(), await answered(world.browser()))
    expect(response.status).toBe(410)
    const agent = world.browser()
    const done = await take(agent, await answered(agent, `${page}?done=removed`))
    expect(done.headers['location']).toBe(`${page}?done=removed`)
  })

  it.each([
    'https://evil.example/',
    '//evil.example/realms/demo/account',
    '/\\evil.example/realms/demo/account',
    '/realms/other/account',
    '/realms/demo/../other/account',
    '/realms/demo',
    'javascript:alert(1)',
    '',
  ])('takes no address that is not below the realm: %s', async (to) => {
    const agent = world.browser()
    expect((await take(agent, await answered(agent, to))).headers['location']).toBe(page)
  })

  it('refuses an answer whose state belongs to no login of this browser', async () => {
    const agent = world.browser()
    const address = await answered(agent)
    address.searchParams.set('state', randomUUID())
    expect((await take(agent, address)).status).toBe(410)
    expect(await isIn(agent)).toBe(false)
  })

  it("refuses another browser's answer: nobody is signed in as somebody else (login CSRF)", async () => {
    const address = await answered(world.browser())
    const victim = world.browser()
    await answered(victim)
    expect((await take(victim, address)).status).toBe(410)
    expect(await isIn(victim)).toBe(false)
  })

  it('refuses a code that belongs to another login: PKCE does not fit', async () => {
    const agent = world.browser()
    const foreign = await answered(world.browser())
    const address = await answered(agent)
    address.searchParams.set('code', foreign.searchParams.get('code') ?? '')
    expect((await take(agent, address)).status).toBe(410)
    expect(await isIn(agent)).toBe(false)
  })

  it('refuses an answer of another issuer (RFC 9207)', async () => {
    const agent = world.browser()
    const address = await answered(agent)
    address.searchParams.set('iss', 'https://evil.example/realms/demo')
    expect((await take(agent, address)).status).toBe(400)
  })

  it('takes an answer once', async () => {
    const agent = world.browser()
    const address = await answered(agent)
    expect((await take(agent, address)).status).toBe(303)
    expect((await take(agent, address)).status).toBe(410)
  })

  it.each<[string, Record<string, unknown>]>([
    ['another nonce', { nonce: 'x'.repeat(43) }],
    ['no nonce', { nonce: undefined }],
    ['another audience', { aud: 'latchkey-api' }],
    ['a second audience', { aud: ['latchkey', 'other'] }],
    ['another azp', { azp: 'other' }],
    ['another issuer', { iss: 'https://evil.example/realms/demo' }],
    ['no session', { sid: undefined }],
    ['no time of the login', { auth_time: undefined }],
    ['an age', { exp: 1_799_999_000 }],
    ['a future', { iat: 1_800_001_000, exp: 1_800_002_000 }],
    ['the type of an access token', { typ: 'Bearer' }],
    ['another subject than the access token', { sub: 'user-bob' }],
  ])('refuses an ID token with %s', async (_, change) => {
    world.realm.idToken = change
    const agent = world.browser()
    expect((await take(agent, await answered(agent))).status).toBe(400)
    expect(await isIn(agent)).toBe(false)
  })

  it('refuses an ID token that a stranger signed', async () => {
    world.realm.forged = true
    const agent = world.browser()
    expect((await take(agent, await answered(agent))).status).toBe(400)
    expect(await isIn(agent)).toBe(false)
  })

  it('says so where Keycloak does not answer, and begins nothing', async () => {
    const agent = world.browser()
    const address = await answered(agent)
    world.realm.answers = 'broken'
    expect((await take(agent, address)).status).toBe(503)
  })

  it('gives a session an id that nobody had before, and the one before ends (P18, session fixation)', async () => {
    const agent = world.browser()
    const signIn = async (): Promise<string> => {
      const { headers } = await take(agent, await answered(agent))
      const cookies = ([] as string[]).concat(headers['set-cookie'] ?? [])
      return cookies.find((one) => one.startsWith('lk-session-')) ?? ''
    }
    const withCookie = async (cookie: string) =>
      await supertest(world.app.url)
        .get(page)
        .set('Cookie', cookie.split(';')[0] ?? '')
    const [before, after] = [await signIn(), await signIn()]
    expect(after).toMatch(
      /^lk-session-[0-9a-f]{16}=[\w-]{43}; Max-Age=28800; Path=\/; .*HttpOnly; SameSite=Lax$/,
    )
    expect(before.split('=')[0]).toBe(after.split('=')[0])
    expect((await withCookie(before)).status).toBe(303)
    expect((await withCookie(after)).status).toBe(200)
    expect((await withCookie(`${after.split('=')[0]}=${'A'.repeat(43)}`)).status).toBe(303)
  })
})

it('keeps cookies that no other host can set where it is served by https', async () => {
  const secure = await startAccount({ LATCHKEY_HOSTNAME: 'https://mfa.example.com' })
  const { headers } = await secure.browser().get(`${BASE}/login`)
  expect(headers['set-cookie']?.[0]).toMatch(
    /^__Host-lk-login-[0-9a-f]{16}=.*; Path=\/; .*HttpOnly; Secure; SameSite=Lax$/,
  )
  await secure.stop()
})

describe('a session', () => {
  it('sees a change of roles within a minute, and asks Keycloak no more often', async () => {
    const agent = world.browser()
    await world.open(agent, page)
    const before = world.realm.grants.length
    world.clock.now += MINUTE - 1
    await agent.get(page)
    expect(world.realm.grants.length).toBe(before)
    world.realm.user.roles = ['tfa-auditor']
    world.clock.now += 1
    expect((await agent.get(page)).text).toContain(
      'because the role tfa-auditor always needs a second factor',
    )
    expect(world.realm.grants.length).toBe(before + 1)
  })

  it('is asked about once where two requests come at the same time', async () => {
    const agent = world.browser()
    await world.open(agent, page)
    const before = world.realm.grants.length
    world.clock.now += MINUTE
    const both = await Promise.all([agent.get(page), agent.get(page)])
    expect(both.map(({ status }) => status)).toEqual([200, 200])
    expect(world.realm.grants.length).toBe(before + 1)
  })

  it('ends where Keycloak refuses the refresh', async () => {
    const agent = world.browser()
    await world.open(agent, page)
    world.clock.now += MINUTE
    world.realm.answers = 'refusal'
    expect((await agent.get(page)).status).toBe(303)
    world.realm.answers = 'tokens'
    expect(await isIn(agent)).toBe(false)
  })

  it.each(['broken', 'error'] as const)(
    'shows a page and does nothing while Keycloak is away (%s)',
    async (mode) => {
      const agent = world.browser()
      await world.open(agent, page)
      world.clock.now += MINUTE
      world.realm.answers = mode
      const response = await agent.get(page)
      expect(response.status).toBe(503)
      expect(response.text).toContain('at the moment')
      world.realm.answers = 'tokens'
      expect(await isIn(agent)).toBe(true)
    },
  )

  it('shows a page while Keycloak says nothing of users', async () => {
    const agent = world.browser()
    await world.open(agent, page)
    world.directory.failure = 'unreachable'
    expect((await agent.get(page)).status).toBe(503)
  })

  it('ends after half an hour without use, and after eight hours in any case', async () => {
    const idle = world.browser()
    await world.open(idle, page)
    world.clock.now += 30 * MINUTE
    expect((await idle.get(page)).headers['location']).toContain(`${BASE}/login`)

    const busy = world.browser()
    world.realm.user = { ...world.realm.user, authTime: world.clock.now }
    await world.open(busy, page)
    await world.enrol('user-alice')
    await world.verified()
    for (let used = 0; used < 8 * HOUR - 20 * MINUTE; used += 20 * MINUTE) {
      world.clock.now += 20 * MINUTE
      expect((await busy.get(page)).status).toBe(200)
    }
    world.clock.now += 20 * MINUTE
    expect((await busy.get(page)).headers['location']).toContain(`${BASE}/login`)
  })

  it('ends by its own logout, which leads on to that of Keycloak', async () => {
    const agent = world.browser()
    await world.open(agent, page)
    const response = await world.post(agent, `${BASE}/logout`)
    const to = new URL(response.headers['location'] ?? '')
    expect(to.origin + to.pathname).toBe(`${world.realm.issuer}/protocol/openid-connect/logout`)
    expect(to.searchParams.get('post_logout_redirect_uri')).toBe(world.app.url + page)
    expect(to.searchParams.get('client_id')).toBe('latchkey')
    // An address is written down in many places (R23).
    expect(to.search).not.toContain('eyJ')
    expect(await isIn(agent)).toBe(false)
  })

  it('is not ended by a form of another site', async () => {
    const agent = world.browser()
    await world.open(agent, page)
    const response = await agent.post(`${BASE}/logout`).set('Origin', 'https://evil.example')
    expect(response.status).toBe(400)
    expect(await isIn(agent)).toBe(true)
  })
})

describe('a back-channel logout', () => {
  it.each(['logout+jwt', 'JWT'])('ends the session that it names (typ %s)', async (type) => {
    const agent = world.browser()
    await world.open(agent, page)
    expect((await logOut(await world.realm.logoutToken({}, type))).status).toBe(200)
    expect(await isIn(agent)).toBe(false)
  })

  it('ends all sessions of a user where it names no session, and nobody else’s', async () => {
    const agent = world.browser()
    await world.open(agent, page)
    const bob = world.browser()
    world.realm.user = { ...world.realm.user, sub: 'user-bob', sid: 'sid-bob', username: 'bob' }
    await world.open(bob, page)
    const token = await world.realm.logoutToken({ sub: 'user-alice', sid: undefined })
    expect((await logOut(token)).status).toBe(200)
    expect(await isIn(agent)).toBe(false)
    expect(await isIn(bob)).toBe(true)
  })

  it('is taken once', async () => {
    const token = await world.realm.logoutToken()
    expect((await logOut(token)).status).toBe(200)
    expect((await logOut(token)).status).toBe(400)
  })

  it.each<[string, Record<string, unknown>, string?]>([
    ['another audience', { aud: 'other' }],
    ['a second audience', { aud: ['latchkey', 'other'] }],
    ['another issuer', { iss: 'https://evil.example/realms/demo' }],
    ['a nonce, as an ID token has', { nonce: 'n' }],
    ['no event', { events: undefined }],
    ['another event', { events: { 'http://example.com/event': {} } }],
    ['nobody to log out', { sub: undefined, sid: undefined }],
    ['no jti', { jti: undefined }],
    ['no time', { iat: undefined, exp: undefined }],
    ['an age', { iat: 1_799_999_000, exp: 1_800_000_100 }],
    ['another type', {}, 'oauth-authz-req+jwt'],
  ])('is refused with %s', async (_, change, type) => {
    const agent = world.browser()
    await world.open(agent, page)
    const token = await world.realm.logoutToken(change, type)
    const response = await logOut(token)
    expect(response.status).toBe(400)
    expect(response.body).toMatchObject({ error: 'invalid_request' })
    expect(await isIn(agent)).toBe(true)
  })

  it('is refused where it is no token, or an ID token', async () => {
    expect((await logOut('x')).status).toBe(400)
    const iat = Math.floor(world.clock.now / 1000)
    const idToken = await world.realm.sign({
      iss: world.realm.issuer,
      aud: 'latchkey',
      sub: 'user-alice',
      sid: 'sid-alice',
      typ: 'ID',
      iat,
      exp: iat + 60,
      jti: randomUUID(),
    })
    expect((await logOut(idToken)).status).toBe(400)
  })
})
