import { randomUUID } from 'node:crypto'
import { once } from 'node:events'
import { Agent, request } from 'node:http'
import type { IncomingMessage } from 'node:http'
import { connect } from 'node:net'
import { afterAll, afterEach, beforeAll, expect, inject, it, vi } from 'vitest'
import { openWay } from '../support/frozen.ts'
import type { Way } from '../support/frozen.ts'
import { Login } from '../support/login.ts'
import { createDatabase } from '../support/postgres.ts'
import type { TestDatabase } from '../support/postgres.ts'
import { questionOf, startRealm } from '../support/realm.ts'
import type { FakeRealm } from '../support/realm.ts'
import { startServer } from '../support/server.ts'
import type { RunningServer } from '../support/server.ts'

// Each starts processes.
vi.setConfig({ testTimeout: 120_000 })

let realm: FakeRealm
let database: TestDatabase
const servers: RunningServer[] = []

beforeAll(async () => {
  realm = await startRealm()
  database = await createDatabase(inject('postgresUrl'))
})
afterEach(async () => {
  await Promise.all(servers.splice(0).map((server) => server.stop()))
})
afterAll(async () => {
  await database.drop()
  await realm.stop()
})

async function start(environment: NodeJS.ProcessEnv = {}, dbUrl = database.url): Promise<RunningServer> {
  const server = await startServer({ keycloakUrl: realm.keycloakUrl, dbUrl, environment })
  servers.push(server)
  return server
}

const readyOf = async (server: RunningServer): Promise<number> =>
  (await fetch(`${server.managementUrl}/health/ready`)).status

const messagesOf = (server: RunningServer) => server.log().map(({ msg }) => msg)

/** A push as the bridge's client sends it; `agent` keeps its connection, or not. */
async function push(
  url: string,
  agent: Agent,
  issuer: string,
  sub: string = randomUUID(),
): Promise<IncomingMessage> {
  const question = questionOf(realm, issuer, Date.now(), { sub, nonce: randomUUID() })
  const signed = await realm.sign('oauth-authz-req+jwt', question)
  const body = new URLSearchParams({ client_id: realm.issuer, request: signed }).toString()
  const headers = {
    'Content-Type': 'application/x-www-form-urlencoded',
    'Content-Length': Buffer.byteLength(body),
  }
  const sent = request(`${url}/realms/demo/par`, { method: 'POST', headers, agent })
  sent.end(body)
  const [response] = (await once(sent, 'response')) as [IncomingMessage]
  response.resume()
  await once(response, 'end')
  return response
}

it('says that it is not ready, still serves until proxies know, then ends with code 0 (B16)', async () => {
  const server = await start({ LATCHKEY_SHUTDOWN_DELAY: '3' })
  const agent = new Agent({ keepAlive: true })
  const before = await push(server.url, agent, `${server.url}/realms/demo`)
  expect(before.headers.connection).toBe('keep-alive')
  server.kill('SIGTERM')
  await expect.poll(async () => await readyOf(server)).toBe(503)
  const after = await push(server.url, agent, `${server.url}/realms/demo`)
  expect(after.statusCode).toBe(200)
  expect(after.headers.connection).toBe('close')
  expect(await server.ended).toBe(0)
  expect(messagesOf(server)).toEqual(expect.arrayContaining(['stopping', 'stopped']))
  agent.destroy()
})

it('drops no login while one of two servers behind a proxy stops (B16)', async () => {
  const first = await start()
  const second = await start({ LATCHKEY_HOSTNAME: first.url })
  const issuer = `${first.url}/realms/demo`
  const agent = new Agent({ keepAlive: true })
  const over = new AbortController()
  let served = 0
  /** As proxies do: away from who is not ready, and elsewhere where a connection gave no byte. */
  const client = async () => {
    while (!over.signal.aborted) {
      const response = await push(first.url, agent, issuer).catch(async (error: NodeJS.ErrnoException) => {
        expect(['ECONNREFUSED', 'ECONNRESET']).toContain(error.code)
        return await push(second.url, agent, issuer)
      })
      expect(response.statusCode).toBe(200)
      served++
    }
  }
  const clients = Promise.all(Array.from({ length: 8 }, client))
  try {
    await expect.poll(() => served, { timeout: 30_000 }).toBeGreaterThan(20)
    first.kill('SIGTERM')
    expect(await first.ended).toBe(0)
    const then = served
    await expect.poll(() => served, { timeout: 30_000 }).toBeGreaterThan(then + 20)
  } finally {
    over.abort()
    await clients
  }
  const requests = first.log().filter(({ msg }) => String(msg).startsWith('request'))
  expect(new Set(requests.map(({ res }) => (res as { status: number }).status))).toEqual(new Set([200]))
  agent.destroy()
})

it('goes on with a step at another server, where one stopped in the middle of it (B16)', async () => {
  const first = await start()
  const second = await start({ LATCHKEY_HOSTNAME: first.url })
  const login = new Login({ url: first.url }, realm, { purpose: 'manage' })
  await login.begin()
  expect((await login.page()).text).toContain('id="secret"')
  first.kill('SIGTERM')
  expect(await first.ended).toBe(0)
  const answer = await login.postRaw('enrol/totp', { code: '000000' }, second.url)
  expect(answer.status).toBe(303)
  expect(answer.headers.get('location')).toContain('error=code-wrong')
})

/** A server whose database can be made to hang. */
async function startOverWay(environment: NodeJS.ProcessEnv): Promise<{ server: RunningServer; way: Way }> {
  const url = new URL(database.url)
  const way = await openWay(Number(url.port))
  url.port = String(way.port)
  return { server: await start({ LATCHKEY_SHUTDOWN_DELAY: '0', ...environment }, url.href), way }
}

it('waits for requests, and neither for kept connections nor for those that browsers opened for later (B16)', async () => {
  const { server, way } = await startOverWay({})
  const issuer = `${server.url}/realms/demo`
  const agent = new Agent({ keepAlive: true })
  await Promise.all([push(server.url, agent, issuer), push(server.url, agent, issuer)])
  const ahead = connect(Number(new URL(server.url).port), '127.0.0.1')
  await once(ahead, 'connect')
  const closed = once(ahead, 'close')
  way.freeze()
  const sub = randomUUID()
  const underWay = push(server.url, agent, issuer, sub)
  await expect.poll(() => way.held(), { timeout: 10_000 }).toContain(sub)
  server.kill('SIGTERM')
  await closed
  way.thaw()
  const answer = await underWay
  expect(answer.statusCode).toBe(200)
  expect(answer.headers.connection).toBe('close')
  expect(await server.ended).toBe(0)
  agent.destroy()
  await way.stop()
})

it('ends with code 1, and says so, where something does not end in time (B16)', async () => {
  const { server, way } = await startOverWay({ LATCHKEY_SHUTDOWN_TIMEOUT: '2' })
  way.freeze()
  const sub = randomUUID()
  const hanging = push(server.url, new Agent(), `${server.url}/realms/demo`, sub).catch(() => 'cut off')
  await expect.poll(() => way.held(), { timeout: 10_000 }).toContain(sub)
  server.kill('SIGTERM')
  expect(await server.ended).toBe(1)
  expect(messagesOf(server)).toContain('not stopped in time: what was under way is cut off')
  expect(await hanging).toBe('cut off')
  await way.stop()
})

it('ends at once with a second signal (B16)', async () => {
  const server = await start({ LATCHKEY_SHUTDOWN_DELAY: '300' })
  server.kill('SIGTERM')
  await expect.poll(async () => await readyOf(server)).toBe(503)
  server.kill('SIGTERM')
  expect(await server.ended).toBe('SIGTERM')
})
