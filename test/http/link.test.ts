import type { JWTPayload } from 'jose'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { openForReading } from '../../src/adapters/store/database.ts'
import { BASE, startAccount, stepOf } from '../support/account.ts'
import type { AccountWorld, Agent } from '../support/account.ts'
import { Login, codeFor, secretOn } from '../support/login.ts'
import { startMailServer } from '../support/mail.ts'
import type { MailServerDouble } from '../support/mail.ts'
import type { FakeRealm } from '../support/realm.ts'
import { pageName } from '../support/sms.ts'

const MINUTE = 60_000
const HOUR = 60 * MINUTE
let server: MailServerDouble
let world: AccountWorld
let realm: FakeRealm
let people = 0

beforeAll(async () => {
  server = await startMailServer()
  world = await startAccount({ LATCHKEY_PRIVATE_HOSTS: '127.0.0.1' })
  const { issuer, keycloakUrl, sign } = world.realm
  // The realm of the pages signs the questions of logins as well.
  realm = {
    name: 'demo',
    issuer,
    keycloakUrl,
    sign: async (type: string, claims: JWTPayload) => await sign(claims, type),
  } as unknown as FakeRealm
})
afterAll(async () => {
  await world.stop()
  await server.stop()
})
beforeEach(async () => {
  world.clock.now += 2 * HOUR
  await world.settings(byLink())
})

const byLink = (port = server.port) => ({
  enforcement: 'required' as const,
  firstSetUp: 'email-link' as const,
  mail: { host: '127.0.0.1', port, security: 'none' as const, from: 'sso@example.com' },
})

/** Somebody without a method, known to Keycloak, who is signed in wherever our own pages ask. */
function person() {
  people++
  const id = `user-${people}`
  const email = `person-${people}@example.com`
  world.directory.addUser(id, { username: id, email })
  world.realm.user = { sub: id, sid: `sid-${id}`, username: id, roles: [], authTime: world.clock.now }
  return { sub: id, preferred_username: id, email, email_verified: true }
}

const begin = async (change: Record<string, unknown>) =>
  await new Login(world.app, realm, change, () => world.clock.now).begin()
const linkTo = async (email: string, count = 1) => {
  const { text } = await server.mailTo(email, /second step/, count)
  const found = /https?:\/\/\S+\/link\?token=[\w.-]+/.exec(text ?? '')?.[0]
  if (found === undefined) throw new Error(`no link in ${text}`)
  return found.slice(world.app.url.length)
}
const tokenIn = (link: string) => new URLSearchParams(link.split('?')[1]).get('token') ?? ''
const press = async (agent: Agent, link: string) =>
  await world.post(agent, `${BASE}/link`, { token: tokenIn(link) })
/** Presses the link's button in another browser and signs in there; where that led. */
const elsewhere = async (agent: Agent, link: string) => {
  const pressed = await press(agent, link)
  expect(pressed.headers['location']).toMatch(/\/login\?to=.*fresh=1/)
  return await world.open(agent, pressed.headers['location']!)
}
const setUpIn = async (agent: Agent, step: string) => {
  const secret = secretOn((await agent.get(step)).text)
  await world.post(agent, `${step}/enrol/totp`, { code: await codeFor(secret, world.clock.now) })
  const ended = await world.post(agent, `${step}/saved`, { saved: 'on' })
  return { secret, ended, after: await agent.get(step) }
}
const isGone = (response: { status: number; text: string }) =>
  response.status === 410 && pageName(response.text) === 'link-refused'

describe('a first set-up by e-mail link (S10)', () => {
  it('sends the link after the password, and the page says where to, in part', async () => {
    const user = person()
    const login = await begin(user)
    const { text } = await login.page()
    expect(pageName(text)).toBe('link-sent')
    expect(text).toContain('p•••@example.com')
    expect(text).not.toContain(user.email)
    const mail = await server.mailTo(user.email)
    expect(mail.subject).toBe('Set up your second step for demo')
    const link = await linkTo(user.email)
    expect(mail.html).toContain(tokenIn(link))
    // Nothing but the mail has the token (R23).
    const entries = await auditOf(user.sub)
    expect(entries.map(({ event }) => event)).toContain('link.sent')
    expect(JSON.stringify(entries)).not.toContain(tokenIn(link).split('.')[1])
    expect(text).not.toContain(tokenIn(link))
    await login.page()
    expect(server.mails.filter(({ to }) => [to].flat()[0]?.text === user.email)).toHaveLength(1)
  })

  it('goes straight on in the browser whose login waits, and then signs in with what was set up', async () => {
    const user = person()
    const login = await begin(user)
    const link = await linkTo(user.email)
    const page = await login.browser.get(link)
    expect(page.text).toContain('begins in this browser')
    const pressed = await press(login.browser, link)
    expect(pressed.headers['location']).toBe(login.step.split('?')[0])
    const { location } = await login.enrol()
    const { body } = await login.redeem(location)
    expect(body.id_token).toBeDefined()
    expect((await auditOf(user.sub)).map(({ event }) => event)).toContain('link.used')
  })

  it('opened by whatever reads the mail changes nothing (P8)', async () => {
    const user = person()
    const login = await begin(user)
    const link = await linkTo(user.email)
    for (let i = 0; i < 3; i++) {
      const scanned = await world.browser().get(link)
      expect(pageName(scanned.text)).toBe('link')
      expect(scanned.headers['set-cookie']).toBeUndefined()
    }
    expect(pageName((await login.page()).text)).toBe('link-sent')
    expect((await world.browser().head(link)).status).toBe(405)
    await press(login.browser, link)
    expect(pageName((await login.page()).text)).toBe('enrol-totp')
  })

  it('asks for the password in another browser, sets up there, and the login that waits is challenged (R30)', async () => {
    const user = person()
    const login = await begin(user)
    const phone = world.browser()
    const step = stepOf(await elsewhere(phone, await linkTo(user.email)))
    expect(world.realm.asked.at(-1)?.get('max_age')).toBe('300')
    // Not before a method is there.
    expect(pageName((await login.page()).text)).toBe('link-sent')
    const { secret, after } = await setUpIn(phone, step)
    expect(after.headers['location']).toBe(`${BASE}/link/done`)
    expect(pageName((await phone.get(`${BASE}/link/done`)).text)).toBe('link-done')

    const challenge = await login.page()
    expect(pageName(challenge.text)).toBe('challenge-totp')
    expect((await login.post('challenge/totp', { code: '000000' })).headers['location']).toContain(
      'code-wrong',
    )
    world.clock.now += MINUTE
    const right = await login.post('challenge/totp', { code: await codeFor(secret, world.clock.now) })
    expect(right.headers['location']).toContain('code=')
  })

  it('needs no second link where the other browser’s own login is asked for a method too', async () => {
    const user = person()
    const login = await begin(user)
    const link = await linkTo(user.email)
    const other = new Login(world.app, realm, user, () => world.clock.now)
    const pressed = await press(other.browser, link)
    expect(pressed.headers['location']).toContain('/login?')
    await other.begin()
    expect(pageName((await other.page()).text)).toBe('enrol-totp')
    await other.enrol()
    const done = await world.open(other.browser, `${BASE}/link/set-up`)
    expect(done.headers['location']).toBe(`${BASE}/link/done`)
    expect(pageName((await login.page()).text)).toBe('challenge-totp')
    expect(
      server.mails.filter(
        ({ to, subject }) => /second step/.test(subject ?? '') && [to].flat()[0]?.text === user.email,
      ),
    ).toHaveLength(1)
  })

  it('is refused when it was used, in the same browser and in another (R19, P8)', async () => {
    const user = person()
    const login = await begin(user)
    const link = await linkTo(user.email)
    await press(login.browser, link)
    await login.page()
    for (const agent of [login.browser, world.browser()]) {
      expect(isGone(await agent.get(link))).toBe(true)
      const again = await press(agent, link)
      expect(isGone(again)).toBe(true)
      expect(again.text).toContain('/account/')
    }
  })

  it('is refused after 24 hours, also where it was opened before (R19)', async () => {
    const user = person()
    await begin(user)
    const link = await linkTo(user.email)
    world.clock.now += 24 * HOUR - MINUTE
    world.realm.user = { ...world.realm.user, authTime: world.clock.now }
    const early = world.browser()
    const pressed = await press(early, link)
    world.clock.now += MINUTE
    expect(isGone(await world.browser().get(link))).toBe(true)
    expect(isGone(await world.open(early, pressed.headers['location']!))).toBe(true)
  })

  it('is refused for another user, who reads what to do, and stays good for its own (R19)', async () => {
    const user = person()
    await begin(user)
    const link = await linkTo(user.email)
    const own = world.realm.user
    const stranger = person()
    const browser = world.browser()
    const refused = await elsewhere(browser, link)
    expect(refused.status).toBe(403)
    expect(refused.text).toContain('sent to another user')
    expect(refused.text).toContain(`action="${BASE}/logout"`)
    // In their own login the link is as good as none: they are sent one of their own.
    const login = new Login(world.app, realm, stranger, () => world.clock.now)
    await press(login.browser, link)
    await login.begin()
    expect(pageName((await login.page()).text)).toBe('link-sent')
    await linkTo(stranger.email)
    world.realm.user = own
    stepOf(await elsewhere(world.browser(), link))
  })

  it('is replaced by the next one, which comes after a pause (R10, R19)', async () => {
    const user = person()
    const login = await begin(user)
    const first = await linkTo(user.email)
    expect((await login.post('send', {})).headers['location']).toContain('send=limited')
    world.clock.now += 31_000
    expect((await login.post('send', {})).headers['location']).toBe(login.step.split('?')[0])
    const second = await linkTo(user.email, 2)
    expect(isGone(await press(login.browser, first))).toBe(true)
    await press(login.browser, second)
    expect(pageName((await login.page()).text)).toBe('enrol-totp')
  })

  it('is sent no more often than the limits say, whatever login asks (R10)', async () => {
    await world.settings({ ...byLink(), smsPerUser: 2 })
    const user = person()
    await begin(user)
    await begin(user)
    const third = await begin(user)
    const { text } = await third.page(third.step.includes('?') ? '' : '?x')
    expect(text).toContain('No more e-mails can be sent for now.')
  })

  it('opens one set-up when two browsers use it at the same moment', async () => {
    const user = person()
    await begin(user)
    const link = await linkTo(user.email)
    const browsers = [world.browser(), world.browser(), world.browser()]
    const ready = await Promise.all(
      browsers.map(async (agent) => (await press(agent, link)).headers['location']!),
    )
    const led = await Promise.all(browsers.map(async (agent, i) => await world.open(agent, ready[i]!)))
    expect(led.filter(({ status }) => status === 303)).toHaveLength(1)
    expect(led.filter(isGone)).toHaveLength(2)
  })

  it.each([
    ['no address', { email: undefined }, 'no confirmed e-mail address'],
    ['an address that nobody confirmed', { email_verified: false }, 'no confirmed e-mail address'],
  ])('ends on a page that says so where there is %s (R25)', async (_, change, words) => {
    const login = await begin({ ...person(), ...change })
    const { text } = await login.page()
    expect(pageName(text)).toBe('blocked')
    expect(text).toContain(words)
  })

  it('says so where the mail server takes none, and sends when it does again', async () => {
    const user = person()
    await world.settings(byLink(1))
    const login = await begin(user)
    expect((await login.page()).text).toContain('The e-mail could not be sent.')
    await world.settings(byLink())
    world.clock.now += 31_000
    login.step = login.step.split('?')[0]!
    await login.post('send', {})
    expect(await linkTo(user.email)).toContain('token=')
  })

  it('ends on a page that says so without a mail server', async () => {
    await world.settings({ enforcement: 'required', firstSetUp: 'email-link' })
    const login = await begin(person())
    expect((await login.page()).text).toContain('no e-mail can be sent from here')
  })

  it('is asked of our own pages too, and the one that waits there goes on by a code (R26)', async () => {
    await world.settings({ ...byLink(), enforcement: 'optional' })
    const user = person()
    const desk = world.browser()
    expect((await world.open(desk, `${BASE}/account`)).status).toBe(200)
    const step = stepOf(await world.post(desk, `${BASE}/account/set-up`, { method: 'totp' }))
    expect(pageName((await desk.get(step)).text)).toBe('link-sent')
    const phone = world.browser()
    const there = stepOf(await elsewhere(phone, await linkTo(user.email)))
    const { secret } = await setUpIn(phone, there)
    expect(pageName((await desk.get(step)).text)).toBe('challenge-totp')
    world.clock.now += MINUTE
    await world.post(desk, `${step}/challenge/totp`, { code: await codeFor(secret, world.clock.now) })
    expect((await desk.get(step)).headers['location']).toBe(`${BASE}/account?done=set-up`)
  })
})

describe('a first set-up by invitation (S9)', () => {
  beforeEach(async () => {
    await world.settings({ enforcement: 'required', firstSetUp: 'invitation' })
  })

  it('ends on a page that says whom to ask where nobody invited the user', async () => {
    const login = await begin(person())
    const { text } = await login.page()
    expect(pageName(text)).toBe('blocked')
    expect(text).toContain('ask your administrator to invite you by e-mail')
    expect((await login.post('enrol/totp', { code: '000000' })).headers['location']).toBe(login.step)
  })

  it('opens where the user came by an administrator’s mail, and the answer says that it set up', async () => {
    const login = await begin({ ...person(), invited: true, amr: [] })
    const { location } = await login.enrol()
    const { body } = await login.redeem(location)
    const [, claims = ''] = String(body.id_token).split('.')
    expect(JSON.parse(Buffer.from(claims, 'base64url').toString())).toMatchObject({
      amr: ['otp'],
      set_up: true,
    })
  })

  it('offers no set-up in the user’s own pages, and refuses one that is asked for all the same', async () => {
    await world.settings({ firstSetUp: 'invitation' })
    person()
    const desk = world.browser()
    const page = await world.open(desk, `${BASE}/account`)
    expect(page.text).not.toContain('id="turn"')
    expect(page.text).toContain('id="only-set-up"')
    expect((await world.post(desk, `${BASE}/account/set-up`, { method: 'totp' })).status).toBe(403)
  })
})

async function auditOf(userId: string) {
  const database = openForReading(world.app.config.dbUrl)
  try {
    return await database.db.selectFrom('audit').selectAll().where('user_id', '=', userId).execute()
  } finally {
    await database.close()
  }
}
