import supertest from 'supertest'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { ROUTES } from '../../src/web/admin/table.ts'
import { PAGES, PROTOCOL } from '../../src/web/server.ts'
import { startPages } from '../support/admin-pages.ts'
import type { PagesWorld } from '../support/admin-pages.ts'
import { ENDPOINTS } from '../support/api.ts'
import { Login } from '../support/login.ts'
import type { FakeRealm } from '../support/realm.ts'

const REALM = '/realms/demo'
const PUBLIC = 'https://tfa.example.com'
const FOREIGN: Record<string, string>[] = [
  { 'Sec-Fetch-Site': 'cross-site' },
  { 'Sec-Fetch-Site': 'same-site', Origin: PUBLIC },
  { 'Sec-Fetch-Site': 'cross-site', Origin: PUBLIC },
  { Origin: 'https://evil.example' },
  { Origin: 'http://tfa.example.com' },
  { Origin: `${PUBLIC}.evil.example` },
  { Origin: 'null' },
]

type Known = [verb: string, path: string]
const pages: Known[] = [
  ...PAGES.map(([verb, path]): Known => [verb, path]),
  ...ROUTES.map(([verb, path]): Known => [verb, `/realms/:realm/admin${path === '/' ? '' : path}`]),
]
const programs: Known[] = [
  ...PROTOCOL.map(([verb, path]): Known => [verb, path]),
  ...ENDPOINTS.map((one): Known => [
    one.verb,
    `/realms/:realm/api/v1${one.path.replaceAll(/\{(\w+)\}/g, ':$1')}`,
  ]),
]

let world: PagesWorld
/** By the names of parameters: what there is, so that most pages are shown and not missed. */
let ids: Record<string, string> = {}
let cookies: Record<string, string> = {}
const set: string[] = []

/** A browser that knows the sidecar by its public address; what it is given is checked at once. */
async function ask(verb: string, path: string, headers: Record<string, string> = {}) {
  const response = await fetch(world.app.url + path, {
    method: verb.toUpperCase(),
    redirect: 'manual',
    headers: {
      cookie: Object.entries(cookies)
        .map(([name, value]) => `${name}=${value}`)
        .join('; '),
      ...(verb === 'post' ? { 'content-type': 'application/x-www-form-urlencoded' } : {}),
      ...headers,
    },
  })
  const given = response.headers.getSetCookie()
  set.push(...given)
  return { status: response.status, headers: response.headers, given, text: await response.text() }
}

const keep = (given: string[]) => {
  for (const cookie of given) {
    const [, name = '', value = ''] = /^([^=]+)=([^;]*)/.exec(cookie) ?? []
    if (value !== '') cookies[name] = value
  }
}

beforeAll(async () => {
  world = await startPages({
    groups: [{ id: 'g-field', path: '/field' }],
    users: [
      { id: 'ann', groups: ['g-field'], methods: ['totp', 'backup-codes'] },
      { id: 'erin', roles: ['tfa-admin'], methods: ['totp'] },
    ],
    environment: { LATCHKEY_HOSTNAME: PUBLIC },
  })
  const { app, realm, clock } = world
  realm.user = {
    sub: 'erin',
    sid: 'sid-of-erin',
    username: 'erin',
    roles: ['tfa-admin'],
    authTime: clock.now,
  }
  await world.verify('erin')
  const begun = await ask('get', `${REALM}/login?to=${REALM}/admin/users`)
  keep(begun.given)
  const back = new URL(await realm.authorize(begun.headers.get('location') ?? ''))
  keep((await ask('get', back.pathname + back.search)).given)
  keep((await ask('get', `${REALM}/admin/users`)).given)

  const asRealm = {
    name: 'demo',
    issuer: realm.issuer,
    sign: async (type: string | undefined, claims: object) => await realm.sign({ ...claims }, type),
  } as unknown as FakeRealm
  const login = new Login(app, asRealm, { sub: 'newcomer', aud: `${PUBLIC}${REALM}` }, () => clock.now)
  await app.policy.saveSettings('demo', { enforcement: 'required' })
  expect((await login.push()).body).toHaveProperty('request_uri')
  const opened = await login.open(supertest.agent(app.url))
  expect(opened.status, opened.text).toBe(303)
  keep(opened.headers['set-cookie'] as unknown as string[])
  ids = {
    realm: 'demo',
    id: String(login.step.split('/').at(-1)),
    method: 'totp',
    userId: 'ann',
    groupId: 'g-field',
    methodId: 'ann-totp',
    hash: 'x',
    file: 'style.css',
  }
})
afterAll(async () => await world.stop())

const at = (path: string) => {
  const own = path.includes('/account/methods/') ? { ...ids, id: 'erin-totp' } : ids
  return path.replaceAll(/:(\w+)/g, (_, name: string) => own[name] ?? 'x')
}

function expectGuarded(headers: Headers, path: string): void {
  const policy = headers.get('content-security-policy') ?? ''
  for (const part of ["default-src 'none'", "frame-ancestors 'none'", "base-uri 'none'"])
    expect(policy).toContain(part)
  expect(policy).not.toMatch(/unsafe|\*|https?:/)
  expect(Object.fromEntries(headers)).toMatchObject({
    'x-frame-options': 'DENY',
    'x-content-type-options': 'nosniff',
    'referrer-policy': 'same-origin',
    'cross-origin-opener-policy': 'same-origin',
    'cross-origin-resource-policy': 'same-origin',
    'strict-transport-security': expect.stringContaining('max-age='),
  })
  expect(headers.has('x-powered-by')).toBe(false)
  expect(headers.has('access-control-allow-origin')).toBe(false)
  const isKept = path.includes('/resources/') || path.endsWith('/jwks')
  expect(headers.get('cache-control')).toMatch(isKept ? /^public, max-age=/ : /^no-store$/)
}

describe('the tables', () => {
  it('name every route that the server has beside those mounted as a whole (R24)', () => {
    const { stack } = (world.app.web as unknown as { router: { stack: { route?: { path: string } }[] } })
      .router
    const routes = new Set(stack.flatMap(({ route }) => (route === undefined ? [] : [route.path])))
    const known = new Set([...PROTOCOL, ...PAGES].map(([, path]) => path))
    expect(routes).toEqual(known)
  })

  it('have something to show for most of their pages, so that these tests look at more than errors', async () => {
    const shown = await Promise.all(
      pages.map(async ([verb, path]) => (verb === 'get' ? (await ask(verb, at(path))).status : 0)),
    )
    expect(shown.filter((status) => status === 200).length).toBeGreaterThan(15)
  })
})

describe.each([...pages, ...programs])('%s %s', (verb, path) => {
  it('is never framed, never stored but as a resource or a key, and open to no other origin (R24)', async () => {
    for (const headers of [{}, { Origin: 'https://evil.example' }, { cookie: '' }] as Record<
      string,
      string
    >[]) {
      const answer = await ask(verb, at(path), headers)
      expect(answer.status).toBeLessThan(500)
      expectGuarded(answer.headers, path)
    }
    for (const other of ['head', 'options']) {
      const answer = await ask(other, at(path), {
        Origin: 'https://evil.example',
        'Access-Control-Request-Method': verb.toUpperCase(),
      })
      expect(answer.status).toBeLessThan(500)
      expect(answer.headers.has('access-control-allow-origin')).toBe(false)
      expect(answer.headers.get('content-security-policy')).toContain("frame-ancestors 'none'")
    }
  })
})

describe.each(pages.filter(([verb]) => verb === 'post'))('a form of another site to %s %s', (verb, path) => {
  it('is refused before anything is looked at, and gives no cookie (R15, P9)', async () => {
    for (const headers of FOREIGN) {
      const { status, given, text } = await ask(verb, at(path), headers)
      expect([status, given], JSON.stringify(headers)).toEqual([400, []])
      expect(text).toContain('data-page="error"')
    }
  })
})

describe.each(programs.filter(([verb]) => verb !== 'get'))('a cookie at %s %s', (verb, path) => {
  it('opens nothing: what programs call asks for a token or a signature (P9)', async () => {
    const { status, given } = await ask(verb, at(path))
    expect([400, 401]).toContain(status)
    expect(given).toEqual([])
  })
})

describe('a form of our own', () => {
  it.each<Record<string, string>>([{ 'Sec-Fetch-Site': 'same-origin' }, { Origin: PUBLIC }])(
    'is taken: %j',
    async (headers) => {
      expect((await ask('post', `${REALM}/step/${ids['id']}/method`, headers)).status).toBe(303)
    },
  )
})

describe('every cookie that was set', () => {
  it('is out of reach for scripts, other sites and other hosts (R15)', async () => {
    await ask('post', `${REALM}/logout`, { 'Sec-Fetch-Site': 'same-origin' })
    const names = set.map((cookie) => /^__Host-lk-[a-z]+-/.exec(cookie)?.[0])
    expect(new Set(names).size).toBeGreaterThan(2)
    for (const cookie of set) {
      expect(cookie).toMatch(/^__Host-lk-[\w-]+=/)
      const attributes = cookie.split('; ').slice(1)
      expect(attributes).toEqual(expect.arrayContaining(['Path=/', 'HttpOnly', 'Secure', 'SameSite=Lax']))
      expect(cookie).not.toMatch(/domain=/i)
    }
  })
})
