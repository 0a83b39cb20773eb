import { randomUUID } from 'node:crypto'
import supertest from 'supertest'
import { expect } from 'vitest'
import { ROUTES } from '../../src/web/admin/table.ts'
import type { PagesWorld, Visitor } from './admin-pages.ts'
import { REQUESTS } from './api-requests.ts'
import { ENDPOINTS } from './api.ts'
import type { ApiWorld, Client } from './api.ts'
import { Login, codeFor, secretOn } from './login.ts'
import { inboxOf, smsUsers } from './sms.ts'

const MINUTE = 60_000

/** Does something under a name; who listens knows by it in the course of what a statement was sent. */
export type During = <T>(name: string, does: () => Promise<T>) => Promise<T>

/** What a place of a realm `demo` has that pages and endpoints are about. */
export interface Subjects {
  userId: string
  methodId: string
  deviceId: string
  groupId: string
}

/** Lives through every kind of login, whole, from the question to the token. */
export async function tourLogins(
  world: ApiWorld,
  subs: Iterator<string, unknown>,
  during: During,
): Promise<void> {
  const { app, realm, clock } = world
  const next = () => String(subs.next().value)
  // What would go out by it comes to the inbox.
  const mail = { host: 'mail.example.com', port: 25, security: 'none' as const, from: 'sso@example.com' }
  const settings = {
    enforcement: 'required' as const,
    trustedDays: 30,
    smsCountries: ['NL'],
    mail,
  }
  const loginOf = (sub: string, change: Record<string, unknown> = {}, browser = supertest.agent(app.url)) =>
    new Login(app, realm, { sub, amr: ['pwd'], ...change }, () => clock.now, browser)
  const begin = async (login: Login) => {
    await login.push()
    await login.open()
    await login.page()
    return login
  }
  const redeem = async (login: Login, location: unknown) => {
    const { status, text } = await login.redeem(String(location))
    if (status !== 200) throw new Error(`not redeemed: ${text}`)
  }
  const enrolled = async () => {
    const sub = next()
    const login = await begin(loginOf(sub))
    await login.post('enrol/totp', { code: '000000' })
    const { secret, location } = await login.enrol()
    await redeem(login, location)
    clock.now += MINUTE
    return { sub, code: async () => await codeFor(secret, clock.now) }
  }
  await app.policy.saveSettings('demo', { ...settings, methods: ['totp', 'backup-codes'] })
  await app.policy.saveRule('demo', { groupId: 'g-robots', enforcement: 'disabled', priority: 9 })
  await app.policy.saveRule('demo', {
    groupId: 'g-1',
    enforcement: 'required',
    priority: 0,
    grace: { days: 10 },
  })

  await during('a login that needs nothing', async () => {
    const { status } = await loginOf(next(), { groups: [{ id: 'g-robots', path: '/robots' }] }).push()
    if (status !== 200) throw new Error('something was needed')
  })
  const user = await during('a first login, with a set-up', enrolled)
  await during('a login with a wrong and a right code', async () => {
    const login = await begin(loginOf(user.sub))
    await login.push()
    await login.page('?choose')
    await login.post('challenge/totp', { code: '000000' })
    await login.post('challenge/totp', { code: await user.code() })
    // A second look at a step that ended gives a code in place of the first.
    await redeem(login, (await login.page()).headers['location'])
    await login.page()
    clock.now += MINUTE
  })
  await during('a login with a device that is trusted from then on', async () => {
    const browser = supertest.agent(app.url)
    const first = await begin(loginOf(user.sub, {}, browser))
    const done = await first.post('challenge/totp', { code: await user.code(), trust: 'on' })
    await redeem(first, done.headers['location'])
    const second = loginOf(user.sub, {}, browser)
    await second.push()
    const { headers } = await second.open()
    if (!String(headers['location']).includes('code=')) throw new Error('the device is not trusted')
    await redeem(second, headers['location'])
  })
  await during('a lockout', async () => {
    const locked = await enrolled()
    const login = await begin(loginOf(locked.sub))
    for (let i = 0; i < 6; i++) await login.post('challenge/totp', { code: '000000' })
    await login.page()
  })
  await during('a login by a code of the help desk', async () => {
    const lost = await enrolled()
    const frank = await world.as('frank', ['tfa-manager'])
    const given = await frank('POST', `/users/${lost.sub}/bypass`, { body: { reason: 'lost' } })
    const login = await begin(loginOf(lost.sub))
    await login.post('method', { method: 'help-desk' })
    await login.post('challenge/help-desk', { code: '0000-0000-0000-0000' })
    await login.post('challenge/help-desk', { code: given.json.code })
    await redeem(login, (await login.enrol()).location)
  })
  await during('a login that puts the set-up off, and one that does not', async () => {
    const inGroup = { groups: [{ id: 'g-1', path: '/g-1' }] }
    const login = await begin(loginOf(next(), inGroup))
    const done = await login.post('not-now', {})
    await redeem(login, done.headers['location'])
    const other = await begin(loginOf(next(), inGroup))
    await other.post('set-up', {})
    await redeem(other, (await other.enrol()).location)
  })

  await app.policy.saveSettings('demo', { ...settings, methods: ['sms'] })
  await during('a login by text message', async () => {
    const users = smsUsers(app, realm, clock)
    const { begin: again, phone } = await users.enrolled()
    const login = await again()
    await login.page()
    await login.post('challenge/sms', { code: '000000' })
    clock.now += MINUTE
    await login.post('send', {})
    const done = await login.post('challenge/sms', { code: await users.newest(phone) })
    await redeem(login, done.headers['location'])
  })

  await app.policy.saveSettings('demo', {
    ...settings,
    methods: ['totp', 'backup-codes'],
    firstSetUp: 'email-link',
  })
  await during('a first login by a link', async () => {
    const email = `${randomUUID()}@example.com`
    const login = await begin(loginOf(next(), { email, email_verified: true }))
    await expect.poll(async () => (await inboxOf(app, email)).length).toBe(1)
    const [message] = await inboxOf(app, email)
    const link = /https?:\/\/\S+\/link\?token=[\w.-]+/.exec(message?.text ?? '')?.[0] ?? ''
    await login.browser.get(link.slice(app.url.length))
    const token = new URL(link).searchParams.get('token') ?? ''
    await login.browser.post(`${login.base}/link`).type('form').send({ token })
    secretOn((await login.page()).text)
    await redeem(login, (await login.enrol()).location)
  })
  await app.policy.saveSettings('demo', settings)
}

/** What lists and logs are narrowed by, beside what their tables ask for. */
const NARROWED: Record<string, string[]> = {
  'get /users': [
    ...['enrolled', 'not-enrolled', 'required-not-enrolled', 'exempt', 'locked'].map(
      (one) => `status=${one}`,
    ),
    ...['required', 'optional', 'disabled'].map((one) => `enforcement=${one}`),
    'first=5000',
    'method=totp',
    'group=g-7',
    'search=user-777',
    'search=nobody',
  ],
  'get /audit': [
    'user=USER',
    'event=code.sent',
    'actor=erin',
    'from=2026-12-01&to=2026-12-02',
    'event=sync.confirmed',
  ],
  'get /figures': ['days=364'],
}

/** Asks every endpoint of the API. */
export async function tourApi(world: ApiWorld, userId: string, during: During): Promise<void> {
  const ask = async (client: Client, line: string, query = '') => {
    const { path, ask: sent } = (await REQUESTS[line]?.(world, userId)) ?? { path: '' }
    const verb = line.split(' ', 1).join('').toUpperCase() as Parameters<Client>[0]
    await during(`${line}${query}`, async () => {
      const { status, text } = await client(verb, path + query, sent)
      if (status >= 500) throw new Error(`${line}${query}: ${status} ${text}`)
    })
  }
  const erin = await world.as('erin', ['tfa-admin'])
  const heidi = await world.as('heidi')
  for (const { verb, path } of ENDPOINTS) {
    const line = `${verb} ${path}`
    await ask(erin, line)
    for (const query of NARROWED[line] ?? []) await ask(erin, line, `?${query.replace('USER', userId)}`)
  }
  for (const query of ['', '?status=enrolled', '?search=user']) await ask(heidi, 'get /users', query)
  const { json } = await erin('GET', '/audit')
  await ask(erin, 'get /audit', `?after=${json.next}`)
}

/** Opens and posts to every page of administrators. */
export async function tourPages(world: PagesWorld, subjects: Subjects, during: During): Promise<void> {
  const boss = await world.as('boss', ['tfa-admin'])
  const harry = await world.as('harry')
  const form = {
    reason: 'why',
    enforcement: 'optional',
    search: 'user-77',
    username: randomUUID(),
    secret: 'x'.repeat(20),
  }
  const at = (path: string) =>
    path.replaceAll(/:(\w+)/g, (_, name: string) => Reflect.get(subjects, name) ?? 'mail-password')
  const open = async (who: Visitor, verb: 'get' | 'post', path: string, query = '') =>
    await during(`${verb} /admin${path}${query}`, async () => {
      const page = verb === 'get' ? await who.get(at(path) + query) : await who.post(at(path), form)
      if (page.status >= 500) throw new Error(`${path}: ${page.status}`)
    })
  for (const [verb, path] of ROUTES.toSorted(([a], [b]) => (a < b ? -1 : 1))) await open(boss, verb, path)
  for (const [of, path] of [
    ['get /users', '/users'],
    ['get /audit', '/audit'],
  ] as const) {
    for (const query of NARROWED[of] ?? []) {
      await open(boss, 'get', path, `?${query.replace('USER', subjects.userId)}`)
    }
  }
  await open(harry, 'get', '/users')
  await during('the user’s own pages', async () => {
    const { cookies } = boss
    for (const path of ['', '/off', `/methods/${subjects.methodId}/rename`]) {
      const headers = {
        cookie: Object.entries(cookies())
          .map(([name, value]) => `${name}=${value}`)
          .join('; '),
      }
      const { status } = await fetch(`${world.app.url}/realms/demo/account${path}`, {
        headers,
        redirect: 'manual',
      })
      if (status >= 500) throw new Error(`account${path}: ${status}`)
    }
  })
}
