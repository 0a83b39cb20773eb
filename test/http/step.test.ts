import { randomUUID } from 'node:crypto'
import supertest from 'supertest'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { startApp } from '../support/app.ts'
import type { Clock, RunningApp } from '../support/app.ts'
import { Login, codeFor, codesOn, secretOn } from '../support/login.ts'
import { startRealm } from '../support/realm.ts'
import type { FakeRealm } from '../support/realm.ts'
import { sqlitePlace } from '../support/stores.ts'

const clock: Clock = { now: Date.now() }
let realm: FakeRealm
let app: RunningApp

beforeAll(async () => {
  realm = await startRealm()
  app = await startApp({ keycloakUrl: realm.keycloakUrl, clock })
  await app.policy.saveRule('demo', { groupId: 'g-finance', enforcement: 'required', priority: 0 })
})
afterAll(async () => {
  await app.stop()
  await realm.stop()
})

const loginOf = (sub: string, change: Record<string, unknown> = {}) =>
  new Login(app, realm, { sub, ...change }, () => clock.now)

/** A user who has an app and backup codes, and whose next app code is fresh. */
async function enrolled() {
  const sub = randomUUID()
  const { secret, codes } = await (await loginOf(sub).begin()).enrol()
  clock.now += 30_000
  const code = () => codeFor(secret, clock.now)
  return { sub, secret, codes, code, begin: async (change = {}) => await loginOf(sub).begin(change) }
}
type User = Awaited<ReturnType<typeof enrolled>>

async function wrongFor({ code }: User): Promise<string> {
  return (await code()) === '424242' ? '424243' : '424242'
}

async function failuresOf({ sub }: User): Promise<{ failures: number; total: number }> {
  return (await app.store.background('demo', sub, 'none')).attempts
}

const locationOf = (response: { headers: unknown }) =>
  String((response.headers as Record<string, unknown>)['location'])

describe('the browser that began', () => {
  it('is bound by a cookie of the step, for nobody else to read or send along (R15)', async () => {
    const login = loginOf(randomUUID())
    await login.push()
    const [cookie = ''] = (await login.open()).headers['set-cookie'] as unknown as string[]
    const id = login.step.split('/').at(-1)
    expect(cookie).toMatch(
      new RegExp(`^lk-${id}=[\\w-]{43}; Max-Age=\\d+; Path=/;.* HttpOnly; SameSite=Lax$`),
    )
  })

  it('is bound by a __Host- cookie, Secure, where the sidecar is public (R15)', async () => {
    const environment = { LATCHKEY_HOSTNAME: 'https://tfa.example.com' }
    const other = await startApp({ keycloakUrl: realm.keycloakUrl, clock, environment })
    const login = loginOf(randomUUID())
    const request = await realm.sign('oauth-authz-req+jwt', {
      ...login.question,
      aud: 'https://tfa.example.com/realms/demo',
      purpose: 'manage',
    })
    const pushed = await supertest(other.url)
      .post('/realms/demo/par')
      .type('form')
      .send({ client_id: realm.issuer, request })
    expect(pushed.status).toBe(201)
    const opened = await supertest(other.url)
      .get('/realms/demo/authorize')
      .query({ client_id: realm.issuer, request_uri: String(pushed.body.request_uri) })
    expect(opened.headers['set-cookie']?.[0]).toMatch(/^__Host-lk-[\w-]{22}=.* Path=\/;.*Secure/)
    expect(opened.headers['set-cookie']?.[0]).not.toMatch(/Domain/i)
    expect(opened.headers['strict-transport-security']).toContain('max-age')
    await other.stop()
  })

  it('is the only one: another gets a page and no form, with the request_uri or the address (R15, P9)', async () => {
    const login = await loginOf(randomUUID()).begin()
    const other = supertest.agent(app.url)
    for (const response of [
      await login.open(other),
      await other.get(login.step),
      await other.post(`${login.step}/enrol/totp`).type('form').send({ code: '123456' }),
      await other.get(`${login.step}/cancel`),
      await other.get(`${login.step}/backup-codes.txt`),
    ]) {
      expect(response.status).toBe(403)
      expect(response.text).toContain('data-page="other-browser"')
      expect(response.text).not.toContain('id="secret"')
      expect(response.headers['set-cookie']).toBeUndefined()
    }
    expect((await login.page()).status).toBe(200)
  })

  it("is not let in by another step's cookie, nor by a made-up one (R15, P9, P18)", async () => {
    const [one, two] = [await loginOf(randomUUID()).begin(), await loginOf(randomUUID()).begin()]
    const id = (login: Login) => login.step.split('/').at(-1)
    for (const cookie of [
      two.cookie,
      `lk-${id(one)}=${two.cookie.split('=')[1]}`,
      `lk-${id(one)}=`,
      `lk-${id(one)}=x`,
    ]) {
      expect((await supertest(app.url).get(one.step).set('cookie', cookie)).status).toBe(403)
    }
    expect(
      (await supertest(app.url).get(one.step).set('cookie', `${two.cookie}; ${one.cookie}`)).status,
    ).toBe(200)
  })

  it('may open the request_uri again, and reload (P4)', async () => {
    const login = await loginOf(randomUUID()).begin()
    const step = login.step
    expect((await login.open()).status).toBe(303)
    expect(login.step).toBe(step)
    expect((await login.page()).text).toBe((await login.page()).text)
  })

  it('keeps two logins apart: each step has its own user, secret and end (R15, P18)', async () => {
    const [one, two] = [loginOf(randomUUID()), loginOf(randomUUID(), { preferred_username: 'mallory' })]
    const shared = supertest.agent(app.url)
    for (const login of [one, two]) {
      await login.push()
      await login.open(shared)
    }
    const pages = [await shared.get(one.step), await shared.get(two.step)].map(({ text }) => text)
    expect(secretOn(pages[0]!)).not.toBe(secretOn(pages[1]!))
    expect(pages[1]).toContain('mallory')
    expect(pages[0]).not.toContain('mallory')
    const crossed = await shared
      .post(`${two.step}/enrol/totp`)
      .type('form')
      .send({ code: await codeFor(secretOn(pages[0]!), clock.now) })
    expect(locationOf(crossed)).toBe(`${two.step}?error=code-wrong`)
  })

  it('is refused with a request_uri that is unknown, old, or of another client', async () => {
    const login = loginOf(randomUUID())
    await login.push()
    const uri = String(login.decision?.['request_uri'])
    const open = async (query: Record<string, string>) =>
      await supertest(app.url).get('/realms/demo/authorize').query(query)
    expect((await open({ client_id: realm.issuer, request_uri: `${uri}x` })).status).toBe(410)
    expect((await open({ client_id: 'x', request_uri: uri })).status).toBe(400)
    expect((await open({ request_uri: uri })).status).toBe(400)
    clock.now += 60_000
    const late = await open({ client_id: realm.issuer, request_uri: uri })
    expect(late.status).toBe(410)
    expect(late.headers['set-cookie']).toBeUndefined()
    expect(late.text).toContain('id="continue"')
    // Keycloak pushes again and the same step goes on.
    await login.push()
    expect((await login.open()).status).toBe(303)
  })
})

describe('a code that is not accepted', () => {
  it('is named next to its field, for eyes and for screen readers', async () => {
    const user = await enrolled()
    const login = await user.begin()
    const refused = await login.post('challenge/totp', { code: await wrongFor(user) })
    expect(refused.status).toBe(303)
    const page = await login.page('?error=code-wrong')
    expect(page.status).toBe(200)
    const input = /<input[^>]*name="code"[^>]*>/.exec(page.text)?.[0] ?? ''
    expect(input).toContain('aria-invalid="true"')
    const ids = /aria-describedby="([^"]*)"/.exec(input)?.[1]?.split(' ') ?? []
    expect(ids).toContain('code-error')
    for (const id of ids) expect(page.text).toContain(`id="${id}"`)
    expect(page.text).toMatch(/id="code-error">This code was not accepted/)
    expect(input).not.toContain('value=')
  })

  it('is answered alike where it is wrong, used or late (R11, P13)', async () => {
    const user = await enrolled()
    const used = await user.code()
    await (await user.begin()).post('challenge/totp', { code: used })
    const late = await codeFor(user.secret, clock.now - 90_000)
    const answers = await Promise.all(
      [await wrongFor(user), used, late].map(async (code) => {
        const login = await user.begin()
        const response = await login.post('challenge/totp', { code })
        return {
          status: response.status,
          query: locationOf(response).split('?')[1],
          body: response.text.replaceAll(login.step, ''),
        }
      }),
    )
    expect(new Set(answers.map((answer) => JSON.stringify(answer))).size).toBe(1)
  })

  it('is not a try where there is none, or nothing that could be one', async () => {
    const user = await enrolled()
    const login = await user.begin()
    for (const code of ['', '123', 'hello']) {
      expect(locationOf(await login.post('challenge/totp', { code }))).toBe(
        `${login.step}?error=code-missing`,
      )
    }
    await login.browser.post(`${login.step}/challenge/totp`).type('form').send('code=123456&code=654321')
    await login.browser.post(`${login.step}/challenge/totp`).send({ code: '123456' })
    expect(await failuresOf(user)).toMatchObject({ failures: 0, total: 0 })
  })

  it('counts for nothing on reload, back or a new push (R7, P2)', async () => {
    const user = await enrolled()
    const login = await user.begin()
    await login.post('challenge/totp', { code: await wrongFor(user) })
    for (const query of ['', '?error=code-wrong', '?choose', '?error=code-missing']) await login.page(query)
    await login.push()
    await login.open()
    expect(await failuresOf(user)).toMatchObject({ failures: 1, total: 1 })
  })
})

describe('five wrong tries', () => {
  it('lock across tabs, methods, logins and a restart, for a time that is told; then it works again (R7, R8, P2, P25)', async () => {
    const place = sqlitePlace()
    const start = async (port?: number) =>
      await startApp({
        keycloakUrl: realm.keycloakUrl,
        dbUrl: place.url,
        clock,
        ...(port === undefined ? {} : { port }),
      })
    let own = await start()
    await own.policy.saveSettings('demo', { enforcement: 'required' })
    const sub = randomUUID()
    const begin = async () => await new Login(own, realm, { sub }, () => clock.now).begin()
    const { secret, codes } = await (await begin()).enrol()
    clock.now += 30_000
    const right = await codeFor(secret, clock.now)
    const wrong = right === '424242' ? '424243' : '424242'

    const [tab, other] = [await begin(), await begin()]
    await tab.post('challenge/totp', { code: wrong })
    await other.post('challenge/totp', { code: wrong })
    await other.post('method', { method: 'backup-codes' })
    await other.post('challenge/backup-codes', { code: '0000-0000-0000-0000' })
    await (await begin()).post('challenge/totp', { code: wrong })
    await own.stop()
    own = await start(Number(new URL(own.url).port))
    const last = await begin()
    expect(locationOf(await last.post('challenge/totp', { code: wrong }))).toContain('error=code-wrong')

    for (const login of [tab, other, last, await begin()]) {
      const page = await login.page()
      expect(page.status).toBe(429)
      expect(page.headers['retry-after']).toBe('60')
      expect(page.text).toContain('data-page="locked"')
      expect(page.text).toMatch(/data-countdown="60"[^>]*>Try again [^<]*(60 seconds|1 minute)/)
      expect(page.text).not.toContain('name="code"')
    }
    // The right code during the lock: refused, not counted, not spent.
    expect(locationOf(await tab.post('challenge/totp', { code: right }))).toBe(tab.step)
    await other.post('challenge/backup-codes', { code: codes[0]! })
    expect((await own.store.background('demo', sub, 'none')).attempts).toMatchObject({
      failures: 5,
      total: 5,
    })

    clock.now += 59_000
    const soon = await tab.page()
    expect(soon.headers['retry-after']).toBe('1')
    clock.now += 1_000
    expect((await tab.page()).text).toContain('name="code"')
    const accepted = await tab.post('challenge/totp', { code: await codeFor(secret, clock.now) })
    expect(locationOf(accepted)).toContain('code=')
    expect((await own.store.background('demo', sub, 'none')).attempts).toMatchObject({
      failures: 0,
      total: 5,
    })
    await own.stop()
    await place.drop()
  })

  it('lock for longer the next time, and are reported to Keycloak once each (R8, R9, P1)', async () => {
    const user = await enrolled()
    const login = await user.begin()
    const fail = async () => await login.post('challenge/totp', { code: await wrongFor(user) })
    for (let i = 0; i < 5; i++) await fail()
    clock.now += 60_000
    for (let i = 0; i < 5; i++) await fail()
    expect((await login.page()).headers['retry-after']).toBe('120')
    await login.push()
    expect(login.decision?.['failures']).toEqual({ from: 0, to: 10 })
    await login.push()
    expect(login.decision?.['failures']).toEqual({ from: 0, to: 10 })
    expect((await user.begin()).decision?.['failures']).toEqual({ from: 10, to: 10 })
  })

  it('of a set-up lock it as well (R6, P10)', async () => {
    const login = await loginOf(randomUUID()).begin()
    const secret = secretOn((await login.page()).text)
    for (let i = 0; i < 5; i++) await login.post('enrol/totp', { code: '000000' })
    const page = await login.page()
    expect(page.status).toBe(429)
    expect(page.text).not.toContain(secret)
  })
})

describe('to and fro', () => {
  it('leads on where the form of a set-up that is over comes again, and eats nothing (P4)', async () => {
    const sub = randomUUID()
    const [one, two] = [await loginOf(sub).begin(), await loginOf(sub).begin()]
    const secret = secretOn((await two.page()).text)
    await one.enrol()
    const again = await one.post('enrol/totp', { code: await codeFor(secret, clock.now) })
    expect([again.status, locationOf(again)]).toEqual([303, one.step])
    // The other tab, whose first set-up was overtaken, is asked for the method that was set up (R17).
    const overtaken = await two.post('enrol/totp', { code: await codeFor(secret, clock.now) })
    expect([overtaken.status, locationOf(overtaken)]).toEqual([303, two.step])
    const page = await two.page()
    expect(page.text).toContain('data-page="challenge-totp"')
    expect((await app.store.background('demo', sub, 'none')).attempts).toMatchObject({
      failures: 0,
      total: 0,
    })
    expect((await app.store.background('demo', sub, 'none')).credentials).toHaveLength(2)
  })

  it('leads on where the form of another method comes, and spends no code', async () => {
    const user = await enrolled()
    const login = await user.begin()
    const stale = await login.post('challenge/backup-codes', { code: user.codes[0]! })
    expect([stale.status, locationOf(stale)]).toEqual([303, login.step])
    for (const path of ['saved', 'go-on', 'enrol/totp', 'challenge/passkey', 'challenge/__proto__']) {
      const response = await login.post(path, { code: await user.code(), saved: 'on' })
      expect([response.status, locationOf(response)]).toEqual([303, login.step])
    }
    expect(await failuresOf(user)).toMatchObject({ total: 0 })
    await login.post('method', { method: 'backup-codes' })
    expect(locationOf(await login.post('challenge/backup-codes', { code: user.codes[0]! }))).toContain(
      'code=',
    )
  })

  it('ends once where the same right code is sent twice: the second leads to Keycloak too, with a code of its own', async () => {
    const user = await enrolled()
    const login = await user.begin()
    const code = await user.code()
    const [first, second] = await Promise.all([
      login.postRaw('challenge/totp', { code }),
      login.postRaw('challenge/totp', { code }),
    ])
    const locations = [first.headers.get('location') ?? '', second.headers.get('location') ?? '']
    const [won = ''] = locations.filter((location) => location.includes('code='))
    const [led] = locations.filter((location) => location !== won)
    expect(led).toBe(login.step)
    const on = await login.page()
    expect(on.status).toBe(302)
    const fresh = locationOf(on)
    expect(fresh).toContain(String(login.question['redirect_uri']))
    expect(fresh).not.toBe(won)
    const dead = await login.redeem(won)
    expect([dead.status, dead.body.error]).toEqual([400, 'invalid_grant'])
    expect((await login.redeem(fresh)).status).toBe(200)
    expect(await failuresOf(user)).toMatchObject({ total: 0 })
  })

  it('shows that it is over after the answer was taken, whatever is sent, and never gives a second code (R13)', async () => {
    const user = await enrolled()
    const login = await user.begin()
    expect(
      (await login.redeem(locationOf(await login.post('challenge/totp', { code: await user.code() }))))
        .status,
    ).toBe(200)
    clock.now += 30_000
    const again = await login.post('challenge/totp', { code: await user.code() })
    expect([again.status, locationOf(again)]).toEqual([303, login.step])
    const page = await login.page()
    expect(page.status).toBe(200)
    expect(page.text).toContain('data-page="finished"')
    expect(page.text).toContain('id="continue"')
    expect(locationOf(await login.browser.get(`${login.step}/cancel`))).toBe(login.step)
    expect((await login.push()).status).toBe(400)
  })

  it('ends with 410 and a way on when the time is over', async () => {
    const user = await enrolled()
    const login = await user.begin({ login_expires_at: Math.floor(clock.now / 1000) + 300 })
    clock.now += 300_000
    const code = await user.code()
    for (const response of [await login.page(), await login.post('challenge/totp', { code })]) {
      expect(response.status).toBe(410)
      expect(response.text).toContain('data-page="expired"')
      const href = /id="continue" href="([^"]*)"/.exec(response.text)?.[1]?.replaceAll('&amp;', '&')
      expect(href?.replaceAll('&#x3D;', '=')).toBe(login.question['redirect_uri'])
    }
    expect(locationOf(await (await user.begin()).post('challenge/totp', { code }))).toContain('code=')
  })
})

describe('another way', () => {
  it('offers the methods that the user has, and names a choice that was not made', async () => {
    const user = await enrolled()
    const login = await user.begin()
    expect((await login.page()).text).toContain('id="try-another-way"')
    const list = await login.page('?choose')
    expect([...list.text.matchAll(/name="method" value="([^"]+)"/g)].map(([, id]) => id)).toEqual([
      'totp',
      'backup-codes',
      'help-desk',
    ])
    for (const method of ['', 'sms', 'passkey']) {
      const refused = await login.post('method', { method })
      expect(locationOf(refused)).toBe(`${login.step}?choose&error=method-missing`)
    }
    expect((await login.page('?choose&error=method-missing')).text).toContain('id="method-error"')
    expect((await login.page()).text).toContain('data-page="challenge-totp"')
  })

  it('takes a backup code once, in any spelling, and shows how many are left (R4)', async () => {
    const user = await enrolled()
    const [first = ''] = user.codes
    const use = async (code: string) => {
      const login = await user.begin()
      await login.post('method', { method: 'backup-codes' })
      const page = await login.page()
      return {
        left: /(\d+) unused backup code/.exec(page.text)?.[1],
        login,
        answer: await login.post('challenge/backup-codes', { code }),
      }
    }
    const used = await use(first.toLowerCase().replaceAll('-', ' '))
    expect(used.left).toBe('10')
    const redeemed = await used.login.redeem(locationOf(used.answer))
    const claims = JSON.parse(
      Buffer.from(String(redeemed.body.id_token).split('.')[1]!, 'base64url').toString(),
    ) as object
    expect(claims).toMatchObject({ acr: '2', amr: ['pwd', 'mfa'] })
    const again = await use(first)
    expect(again.left).toBe('9')
    expect(locationOf(again.answer)).toBe(`${again.login.step}?error=code-wrong`)
    expect(await failuresOf(user)).toMatchObject({ failures: 1 })
  })

  it('warns when three backup codes or fewer are left, and then goes on', async () => {
    const user = await enrolled()
    let login = await user.begin()
    for (const [i, code] of user.codes.slice(0, 7).entries()) {
      login = await user.begin()
      await login.post('method', { method: 'backup-codes' })
      const answer = await login.post('challenge/backup-codes', { code })
      if (i < 6) expect(locationOf(answer)).toContain('code=')
      else expect(locationOf(answer)).toBe(login.step)
    }
    const page = await login.page()
    expect(page.text).toContain('data-page="backup-codes-low"')
    expect(page.text).toContain('3 unused backup codes')
    const on = await login.post('go-on', {})
    expect((await login.redeem(locationOf(on))).status).toBe(200)
  })
})

describe('the set-up', () => {
  it('gives the codes as a file while they are on show, and never after (R4)', async () => {
    const login = await loginOf(randomUUID(), { realm_display_name: 'Demo' }).begin()
    expect((await login.browser.get(`${login.step}/backup-codes.txt`)).status).toBe(303)
    const secret = secretOn((await login.page()).text)
    await login.post('enrol/totp', { code: await codeFor(secret, clock.now) })
    const codes = codesOn((await login.page()).text)
    const file = await login.browser.get(`${login.step}/backup-codes.txt`)
    expect(file.headers).toMatchObject({
      'content-type': 'text/plain; charset=utf-8',
      'content-disposition': 'attachment; filename=backup-codes.txt',
      'cache-control': 'no-store',
    })
    expect(file.text).toBe(['Demo - bob', '', ...codes, ''].join('\r\n'))
    await login.post('saved', { saved: 'on' })
    expect((await login.browser.get(`${login.step}/backup-codes.txt`)).status).toBe(303)
  })

  it('that was left keeps nothing, and the next login begins anew (R6, P10)', async () => {
    const sub = randomUUID()
    const login = await loginOf(sub).begin()
    const secret = secretOn((await login.page()).text)
    await login.post('enrol/totp', { code: await codeFor(secret, clock.now) })
    expect((await app.store.background('demo', sub, 'none')).credentials).toEqual([])
    const next = await loginOf(sub).begin()
    expect(secretOn((await next.page()).text)).not.toBe(secret)
  })

  it('can be left by who asked for it, but not by who must: that page shows no way round (R14)', async () => {
    const must = await loginOf(randomUUID()).begin()
    expect((await must.page()).text).not.toContain('id="cancel"')
    const asked = await loginOf(randomUUID(), { purpose: 'manage' }).begin()
    expect((await asked.page()).text).toContain('id="cancel"')
    const left = new URL(locationOf(await asked.browser.get(`${asked.step}/cancel`)))
    expect(Object.fromEntries(left.searchParams)).toMatchObject({
      error: 'access_denied',
      state: asked.question['state'],
      iss: asked.issuer,
    })
    expect(left.searchParams.has('code')).toBe(false)
  })
})

describe('the pages', () => {
  it('change their language and keep it', async () => {
    const login = await loginOf(randomUUID()).begin()
    expect((await login.page()).text).toContain('<html lang="en"')
    expect((await login.page('?ui_locales=de')).status).toBe(303)
    expect((await login.page()).text).toContain('<html lang="de"')
    expect((await login.page('?ui_locales=xx')).text).toContain('<html lang="de"')
    await login.push({ ui_locales: 'en' })
    expect((await login.page()).text).toContain('<html lang="de"')
  })

  it('refuse a form that another site posted, and count nothing (P9)', async () => {
    const user = await enrolled()
    const login = await user.begin()
    const code = await user.code()
    for (const headers of [
      { origin: 'https://evil.example' },
      { origin: 'null' },
      { 'sec-fetch-site': 'cross-site' },
      { 'sec-fetch-site': 'same-site', origin: app.url },
    ] as Record<string, string>[]) {
      const response = await login.browser
        .post(`${login.step}/challenge/totp`)
        .set(headers)
        .type('form')
        .send({ code })
      expect(response.status).toBe(400)
      expect(response.headers['content-type']).toMatch(/^text\/html/)
    }
    const own = login.browser
      .post(`${login.step}/challenge/totp`)
      .set('sec-fetch-site', 'same-origin')
      .set('origin', app.url)
    expect(locationOf(await own.type('form').send({ code }))).toContain('code=')
  })

  it('are never framed, stored or guessed at, and run no inline script or style, errors too (R24)', async () => {
    const user = await enrolled()
    const [setUp, challenge] = [await loginOf(randomUUID()).begin(), await user.begin()]
    const stranger = supertest(app.url)
    const pages = [
      await setUp.page(),
      await setUp.page('?error=code-wrong'),
      await challenge.page(),
      await challenge.page('?choose'),
      await stranger.get(setUp.step),
      await stranger.get('/realms/demo/step/unknown'),
      await stranger.get('/realms/nobody/step/x'),
      await stranger.get('/nowhere'),
      await stranger.get('/realms/%E0%A4%A/step/x'),
      await stranger.get('/realms/demo/authorize'),
      await stranger.post(`${setUp.step}/saved`).type('form').send('a'.repeat(20_000)),
    ]
    for (const { headers, text } of pages) {
      const policy = String(headers['content-security-policy'])
      expect(policy).toContain("default-src 'none'")
      expect(policy).toContain("frame-ancestors 'none'")
      expect(policy).toContain("script-src 'self'")
      expect(policy).toContain("style-src 'self'")
      expect(policy).not.toContain('unsafe')
      expect(headers).toMatchObject({
        'cache-control': 'no-store',
        'x-content-type-options': 'nosniff',
        'x-frame-options': 'DENY',
        'referrer-policy': 'same-origin',
      })
      expect(headers).not.toHaveProperty('x-powered-by')
      expect(text).toContain('<!doctype html>')
      expect(text).not.toMatch(/<script(?![^>]*\bsrc=)/)
      expect(text).not.toMatch(/<style|\sstyle=|\son[a-z]+=/)
    }
    expect(pages.map(({ status }) => status)).toEqual([200, 200, 200, 200, 403, 404, 404, 404, 400, 400, 413])
  })

  it('show what they are given as text (R24)', async () => {
    const evil = `"><script>alert(1)</script>'{{7*7}}`
    const login = await loginOf(randomUUID(), { preferred_username: evil, realm_display_name: evil }).begin()
    const { text } = await login.page(`?error=${encodeURIComponent(evil)}`)
    expect(text).not.toContain('<script>alert')
    expect(text).toContain('&lt;script&gt;alert')
    expect(text).toContain('{{7*7}}')
  })

  it('never lead to an address that a script would read, from the client that Keycloak names', async () => {
    for (const uri of ['javascript:alert(1)', 'data:text/html,x', 'nonsense']) {
      const login = await loginOf(randomUUID(), { client: { id: 'x', uri } }).begin()
      const { text } = await login.open(supertest.agent(app.url))
      expect(text).toContain('data-page="other-browser"')
      expect(text).not.toContain(uri)
    }
  })

  it('have a style and a script that are packed, and kept while they are the same', async () => {
    const { text } = await (await loginOf(randomUUID()).begin()).page()
    const files = [...text.matchAll(/(?:href|src)="(\/[^"]*\/resources\/[^"]+)"/g)].map(
      ([, path = '']) => path,
    )
    expect(files).toHaveLength(2)
    for (const path of files) {
      const packed = await supertest(app.url).get(path).set('accept-encoding', 'gzip')
      expect(packed.headers).toMatchObject({
        'content-encoding': 'gzip',
        'cache-control': 'public, max-age=31536000, immutable',
        vary: 'Accept-Encoding',
        'x-content-type-options': 'nosniff',
      })
      expect(packed.headers['content-type']).toMatch(/^text\/(css|javascript); charset=utf-8/)
      const plain = await supertest(app.url).get(path).set('accept-encoding', 'identity')
      expect(plain.headers['content-encoding']).toBeUndefined()
      expect(plain.text).toBe(packed.text)
    }
    for (const path of [
      '/realms/demo/resources/x/../../secret',
      '/realms/demo/resources/x/secret.txt',
      '/realms/nobody/resources/x/style.css',
    ]) {
      expect((await supertest(app.url).get(path)).status).toBe(404)
    }
  })
})
