import { randomUUID } from 'node:crypto'
import supertest from 'supertest'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { startApp } from '../support/app.ts'
import type { RunningApp } from '../support/app.ts'
import { Login } from '../support/login.ts'
import { startRealm } from '../support/realm.ts'
import type { FakeRealm } from '../support/realm.ts'

let realm: FakeRealm
let app: RunningApp

beforeAll(async () => {
  realm = await startRealm()
  app = await startApp({ keycloakUrl: realm.keycloakUrl })
  // Nobody sends: each try leaves a warning from deep below.
  const mail = { host: '127.0.0.1', port: 9, security: 'none' as const, from: 'sso@example.com' }
  await app.policy.saveSettings('demo', { enforcement: 'required', methods: ['email', 'totp'], mail })
})
afterAll(async () => {
  await app.stop()
  await realm.stop()
})

const linesOf = (id: unknown) => app.log.filter(({ requestId }) => requestId === id)

/** The lines of a request, once its own is there: it is written when the connection knows of the end. */
async function linesWith(id: unknown, msg: string): Promise<Record<string, unknown>[]> {
  await expect.poll(() => linesOf(id).map((line) => line['msg'])).toContain('request completed')
  const lines = linesOf(id)
  expect(lines.map((line) => line['msg'])).toContain(msg)
  return lines
}

it('takes the id that the caller gives, answers with it, and has it in every line of the request (B16)', async () => {
  const id = randomUUID()
  const response = await supertest(app.url)
    .post('/realms/demo/par')
    .set('X-Request-Id', id)
    .type('form')
    .send({ client_id: 'nobody' })
  expect(response.headers['x-request-id']).toBe(id)
  const lines = await linesWith(id, 'refused')
  expect(lines.map(({ msg, why }) => [msg, typeof why])).toEqual([
    ['refused', 'string'],
    ['request completed', 'undefined'],
  ])
})

it.each(['short', 'x'.repeat(65), 'with space', 'a"b{}<script>', 'line\tbreak'])(
  'makes one of its own in place of %j, which is no id (B16, R23)',
  async (given) => {
    const response = await supertest(app.url).get('/realms/demo/jwks').set('X-Request-Id', given)
    expect(response.headers['x-request-id']).toMatch(/^[\w-]{36}$/)
    expect(JSON.stringify(app.log)).not.toContain(JSON.stringify(given).slice(1, -1))
  },
)

it('has it in warnings from deeper parts, also after a body was read (B16)', async () => {
  const login = new Login(app, realm, { sub: randomUUID(), email: 'a@example.com', email_verified: true })
  await login.begin()
  const chosen = await login.post('method', { method: 'email' })
  const id = chosen.headers['x-request-id']
  const lines = await linesWith(id, 'mail failed')
  expect(lines.map(({ msg }) => msg)).toContain('a code was not sent')
})

it('names the step in the lines of Keycloak and of the browser, so that one leads to the other (B16)', async () => {
  const id = randomUUID()
  const login = new Login(app, realm, { sub: randomUUID() })
  const signed = await realm.sign('oauth-authz-req+jwt', login.question)
  await supertest(app.url)
    .post('/realms/demo/par')
    .set('X-Request-Id', id)
    .type('form')
    .send({ client_id: realm.issuer, request: signed })
  await login.begin()
  const [pushed] = await linesWith(id, 'request completed')
  expect(pushed).toMatchObject({ step: expect.stringMatching(/^[\w-]{22}$/), res: { status: 201 } })
  expect(login.step.endsWith(`/step/${String(pushed?.['step'])}`)).toBe(true)
  const page = await login.page()
  const [shown] = await linesWith(page.headers['x-request-id'], 'request completed')
  expect(shown).toMatchObject({ step: pushed?.['step'], req: { path: login.step } })
})

it('shows it on error pages (B16)', async () => {
  const id = randomUUID()
  const { text } = await supertest(app.url).get(`/realms/demo/${id}`).set('X-Request-Id', id)
  expect(text.split(id)).toHaveLength(2)
  expect((await linesWith(id, 'refused')).map(({ msg }) => msg)).toContain('request completed')
})

it('gives requests at the same time their own (B16)', async () => {
  const ids = Array.from({ length: 20 }, () => randomUUID())
  await Promise.all(
    ids.map((id) =>
      supertest(app.url)
        .post('/realms/demo/token')
        .set('X-Request-Id', id)
        .type('form')
        .send({ grant_type: 'x' }),
    ),
  )
  for (const id of ids) expect(await linesWith(id, 'refused')).toHaveLength(2)
})
