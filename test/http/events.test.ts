import { randomUUID } from 'node:crypto'
import supertest from 'supertest'
import { afterAll, beforeAll, beforeEach, expect, it } from 'vitest'
import type { Hints, SyncControl } from '../../src/core/sync/sync.ts'
import { NEVER_SYNCED } from '../../src/core/sync/sync.ts'
import { startApp } from '../support/app.ts'
import type { RunningApp } from '../support/app.ts'
import { startRealm } from '../support/realm.ts'
import type { FakeRealm } from '../support/realm.ts'

let realm: FakeRealm
let app: RunningApp
let told: Hints[] = []
const taken = new Set<string>()

const sync: SyncControl = {
  state: async () => NEVER_SYNCED,
  run: async () => {},
  async hint(_realm, hints, { jti }) {
    if (taken.has(jti)) return 'replayed'
    taken.add(jti)
    told.push(hints)
    return 'kept'
  },
}

beforeAll(async () => {
  realm = await startRealm()
  app = await startApp({ keycloakUrl: realm.keycloakUrl, sync })
})
afterAll(async () => {
  await app.stop()
  await realm.stop()
})
beforeEach(() => {
  told = []
})

async function post(
  change: Record<string, unknown> = {},
  options: { type?: string; key?: 'stranger'; fields?: Record<string, string> } = {},
) {
  const iat = Math.floor(Date.now() / 1000)
  const own = { iss: realm.issuer, aud: `${app.url}/realms/demo`, iat, exp: iat + 60, jti: randomUUID() }
  const claims = { ...own, users: ['u1'], groups: ['g1'], full: false, ...change }
  const event = await realm.sign(
    options.type ?? 'latchkey-event+jwt',
    Object.fromEntries(Object.entries(claims).filter(([, value]) => value !== undefined)),
    options.key === undefined ? {} : { key: options.key },
  )
  return await supertest(app.url)
    .post('/realms/demo/events')
    .type('form')
    .send({ client_id: realm.issuer, event, ...options.fields })
}

it('B8: takes credentials that were deleted, and whether their users administer', async () => {
  const deleted = [{ user: 'u2', credential: 'c1' }]
  expect((await post({ deleted, administrators: ['u2'] })).status).toBe(202)
  expect(told).toEqual([{ users: ['u1'], groups: ['g1'], full: false, administrators: ['u2'], deleted }])
  expect((await post({ deleted, administrators: ['u3'] })).status).toBe(400)
  for (const wrong of [
    {},
    [{ user: 'u' }],
    [{ user: '', credential: 'c' }],
    [{ user: 'u', credential: 1 }],
  ]) {
    expect((await post({ deleted: wrong })).status).toBe(400)
  }
})

it('takes a signed message, and answers with nothing', async () => {
  const response = await post({
    users: ['u1', 'f:3f:someone'],
    groups: ['g1'],
    full: true,
    administrators: ['u1'],
  })
  expect(response.status).toBe(202)
  expect(response.text).toBe('')
  expect(told).toEqual([
    { users: ['u1', 'f:3f:someone'], groups: ['g1'], full: true, administrators: ['u1'] },
  ])
  await post()
  expect(told.at(-1)).toEqual({ users: ['u1'], groups: ['g1'], full: false })
  const metrics = await supertest(app.management).get('/metrics')
  expect(metrics.text).toMatch(/latchkey_sync_hints_total\{realm="demo"\} [1-9]/)
})

it('takes a message once', async () => {
  const jti = randomUUID()
  expect((await post({ jti })).status).toBe(202)
  const again = await post({ jti })
  expect(again.status).toBe(400)
  expect(again.body).toEqual({ error: 'invalid_request', error_description: 'jti was used before' })
  expect(told).toHaveLength(1)
})

it.each<[string, Record<string, unknown>, Parameters<typeof post>[1]?]>([
  ['another typ', {}, { type: 'oauth-authz-req+jwt' }],
  ["a stranger's key", {}, { key: 'stranger' }],
  ['another audience', { aud: 'https://elsewhere.example' }],
  ['two audiences', { aud: ['https://elsewhere.example'] }],
  ['another issuer', { iss: 'https://elsewhere.example' }],
  ['a life of more than a minute', { exp: Math.floor(Date.now() / 1000) + 120 }],
  ['an age', { iat: 1, exp: 61 }],
  ['no jti', { jti: undefined }],
  ['no users', { users: undefined }],
  ['more than 500 users', { users: Array.from({ length: 501 }, (_, i) => `u${i}`) }],
  ['more than 500 groups', { groups: Array.from({ length: 501 }, (_, i) => `g${i}`) }],
  ['an empty id', { users: [''] }],
  ['an endless id', { users: ['x'.repeat(321)] }],
  ['a NUL in an id', { groups: ['a\0b'] }],
  ['no full', { full: undefined }],
  ['a text for full', { full: 'true' }],
  ['administrators who are not among the users', { administrators: ['u2'] }],
])('refuses a message with %s', async (_, change, options) => {
  const response = await post(change, options)
  expect(response.status).toBe(400)
  expect(response.body).toMatchObject({ error: 'invalid_request' })
  expect(told).toEqual([])
})

it('refuses another client, and a realm that it does not answer for', async () => {
  const other = await post({}, { fields: { client_id: 'https://elsewhere.example' } })
  expect([other.status, other.body.error]).toEqual([401, 'invalid_client'])
  const unknown = await supertest(app.url).post('/realms/nope/events').type('form').send({})
  expect([unknown.status, unknown.body.error]).toEqual([404, 'invalid_request'])
  expect(told).toEqual([])
})

it("says that it can't tell while the realm's keys are not to be had", async () => {
  const cold = await startApp({ keycloakUrl: realm.keycloakUrl, sync })
  realm.answer('broken')
  try {
    const event = await realm.sign('latchkey-event+jwt', {})
    const response = await supertest(cold.url)
      .post('/realms/demo/events')
      .type('form')
      .send({ client_id: realm.issuer, event })
    expect([response.status, response.body.error]).toEqual([503, 'temporarily_unavailable'])
  } finally {
    realm.answer('keys')
    await cold.stop()
  }
})
