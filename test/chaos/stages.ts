import { randomUUID } from 'node:crypto'
import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { Login, codeFor } from '../support/login.ts'
import { startMailServer } from '../support/mail.ts'
import { questionOf } from '../support/realm.ts'
import type { FakeRealm } from '../support/realm.ts'
import { freshNumber } from '../support/sms.ts'
import { startReceiver } from '../support/sms-receiver.ts'
import { TAKEN, twilioAt } from '../support/sms-twilio.ts'
import { sqlitePlace } from '../support/stores.ts'
import { crowd } from './people.ts'
import { startSidecar } from './sidecar.ts'
import { behindProxy } from './stage.ts'
import type { Ask, Stage } from './stage.ts'

/** A run sends more than a user would. */
const NO_LIMITS = { smsPerAddress: 10_000, smsPerHour: 100_000, smsPerPrefix: 10_000, smsAlarm: 100_000 }

/** PostgreSQL is behind the proxy. @param dbUrl a database of its own */
export async function databaseStage(realm: FakeRealm, dbUrl: string): Promise<Stage> {
  const { proxy, sidecar } = await behindProxy(realm, Number(new URL(dbUrl).port), (port) => {
    const url = new URL(dbUrl)
    url.port = String(port)
    return { dbUrl: url.href }
  })
  const { url } = sidecar
  const people = crowd(url, realm)
  return {
    name: 'PostgreSQL',
    proxy,
    sidecar: () => sidecar,
    isDown: true,
    tells: /"unavailable"/,
    async prepare(clients) {
      const asks = await Promise.all(
        Array.from({ length: clients }, async () => await everyRequest(url, realm)),
      )
      const token = await people.administrator()
      return [...asks.flat(), apiAsk(url, token, '/users', 'refused')]
    },
    isWell: async () => (await people.enrol()).redeemed.length === 1,
    async stop() {
      await sidecar.stop()
      await proxy.stop()
    },
  }
}

/** A request to each endpoint of a login, right in every way. */
async function everyRequest(url: string, realm: FakeRealm): Promise<Ask[]> {
  const people = crowd(url, realm)
  const person = await people.enrol()
  const [pushed, challenged, done] = [
    new Login({ url }, realm, { sub: person.sub }),
    await people.at(person, 'totp'),
    await people.at(person, 'backup-codes'),
  ]
  await pushed.push()
  const backup = await done.post('challenge/backup-codes', { code: person.enrolled?.codes[0] ?? '' })
  const location = String(backup.headers['location'])
  const redemption = await done.redemption(location)
  const step = (login: Login) => `${url}${login.step}`
  const headers = { cookie: challenged.cookie }
  return [
    await pushAsk(url, realm, 'refused'),
    {
      what: 'authorize',
      must: 'refused',
      ask: async (signal) => await fetch(authorizeUrl(pushed), { redirect: 'manual', signal }),
    },
    {
      what: 'the page',
      must: 'answered',
      ask: async (signal) => await fetch(step(challenged), { headers, redirect: 'manual', signal }),
    },
    {
      what: 'a right code',
      must: 'refused',
      ask: async (signal) =>
        await fetch(`${step(challenged)}/challenge/totp`, {
          method: 'POST',
          body: new URLSearchParams({ code: await codeFor(person.enrolled?.secret ?? '', Date.now()) }),
          headers,
          redirect: 'manual',
          signal,
        }),
    },
    {
      what: 'token',
      must: 'refused',
      ask: async (signal) =>
        await fetch(`${url}${done.base}/token`, {
          method: 'POST',
          body: new URLSearchParams(redemption),
          signal,
        }),
    },
  ]
}

async function pushAsk(url: string, realm: FakeRealm, must: Ask['must']): Promise<Ask> {
  const issuer = `${url}/realms/demo`
  const request = await realm.sign('oauth-authz-req+jwt', questionOf(realm, issuer, Date.now()))
  const body = new URLSearchParams({ client_id: realm.issuer, request })
  return {
    what: 'par',
    must,
    ask: async (signal) => await fetch(`${issuer}/par`, { method: 'POST', body, signal }),
  }
}

function apiAsk(url: string, token: string, path: string, must: Ask['must']): Ask {
  const headers = { Authorization: `Bearer ${token}` }
  return {
    what: 'the API',
    must,
    ask: async (signal) => await fetch(`${url}/realms/demo/api/v1${path}`, { headers, signal }),
  }
}

function authorizeUrl({ app, base, realm, decision }: Login): string {
  const query = { client_id: realm.issuer, request_uri: String(decision?.['request_uri']) }
  return `${app.url}${base}/authorize?${new URLSearchParams(query).toString()}`
}

/**
 * Keycloak's back channel is behind the proxy: its keys, its token endpoint and its Admin API. `known`: the sidecar has
 * had the keys before; else it is started anew for each fault.
 */
export async function keycloakStage(realm: FakeRealm, known: boolean): Promise<Stage> {
  const [place, keycloak] = [sqlitePlace(), await startBackchannel(realm)]
  const { proxy, sidecar: first } = await behindProxy(realm, keycloak.port, (port) => ({
    dbUrl: place.url,
    more: { LATCHKEY_KEYCLOAK_BACKCHANNEL_URL: `http://127.0.0.1:${port}`, LATCHKEY_WORKER: 'false' },
  }))
  let sidecar = first
  const { url } = sidecar
  const people = crowd(url, realm)
  const token = await people.administrator()
  // What Keycloak says late is still what it says.
  const askForUser = () => apiAsk(url, token, `/users/${randomUUID()}`, known ? 'answered' : 'refused')
  return {
    name: known ? "Keycloak's Admin API, its keys known" : "Keycloak's keys",
    proxy,
    sidecar: () => sidecar,
    isDown: false,
    tells: /"unavailable"/,
    async prepare(clients) {
      if (!known) {
        await sidecar.stop()
        sidecar = await startSidecar(sidecar.environment)
      }
      const asks = Array.from({ length: clients }, async () => [
        await pushAsk(url, realm, known ? 'goes on' : 'refused'),
        askForUser(),
      ])
      return (await Promise.all(asks)).flat()
    },
    async isWell() {
      const { status } = await askForUser().ask(AbortSignal.timeout(10_000))
      return status === 200 && (await people.enrol()).redeemed.length === 1
    },
    async stop() {
      await sidecar.stop()
      await proxy.stop()
      await keycloak.stop()
      await place.drop()
    },
  }
}

/** Stands in for what the sidecar asks Keycloak itself: tokens that are soon over, and users. */
async function startBackchannel(realm: FakeRealm) {
  const { jwk } = await realm.publicKey()
  const token = await realm.sign('JWT', { sub: 'service-account' })
  const server = createServer((request, response) => {
    const path = request.url ?? ''
    const say = (body: unknown) =>
      response.setHeader('Content-Type', 'application/json').end(JSON.stringify(body))
    if (path.endsWith('/certs')) say({ keys: [jwk] })
    else if (path.endsWith('/token')) say({ access_token: token, expires_in: 1 })
    else if (path.includes('/users/') && !/\/(groups|role-mappings|credentials)/.test(path)) {
      const id = path.split('/').at(-1)?.split('?')[0]
      say({ id, username: id, enabled: true })
    } else say([])
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return {
    port: (server.address() as AddressInfo).port,
    async stop() {
      server.closeAllConnections()
      server.close()
      await once(server, 'close')
    },
  }
}

/** The provider of text messages is behind the proxy. */
export async function smsStage(realm: FakeRealm, provider: 'webhook' | 'twilio'): Promise<Stage> {
  const [place, receiver] = [sqlitePlace(), await startReceiver()]
  receiver.answer(provider === 'twilio' ? TAKEN : { status: 202 })
  const { proxy, sidecar } = await behindProxy(realm, Number(new URL(receiver.url).port), (port) => ({
    dbUrl: place.url,
    more:
      provider === 'twilio'
        ? twilioAt(`http://127.0.0.1:${port}`)
        : {
            LATCHKEY_DELIVERY: 'webhook',
            LATCHKEY_SMS_WEBHOOK_URL: `http://127.0.0.1:${port}/take`,
            LATCHKEY_SMS_WEBHOOK_SECRET: 'a-secret-of-the-operator',
          },
    realm: {
      methods: ['sms'],
      smsCountries: ['NL'],
      ...NO_LIMITS,
    },
  }))
  const begin = () => messageAsk(sidecar.url, realm, { phone_number: freshNumber() })
  return {
    name: `the provider of text messages (${provider})`,
    proxy,
    sidecar: () => sidecar,
    isDown: false,
    tells: /text message failed/,
    prepare: async (clients) => await Promise.all(Array.from({ length: clients }, begin)),
    async isWell() {
      const before = receiver.requests.length
      const { headers } = await (await begin()).ask(AbortSignal.timeout(10_000))
      return receiver.requests.length > before && !/send=/.test(headers.get('location') ?? 'send=')
    },
    async stop() {
      await sidecar.stop()
      await proxy.stop()
      await receiver.stop()
      await place.drop()
    },
  }
}

/** The realm's mail server is behind the proxy. */
export async function mailStage(realm: FakeRealm): Promise<Stage> {
  const [place, server] = [sqlitePlace(), await startMailServer()]
  const { proxy, sidecar } = await behindProxy(realm, server.port, (port) => ({
    dbUrl: place.url,
    more: { LATCHKEY_PRIVATE_HOSTS: '127.0.0.1' },
    realm: {
      methods: ['email'],
      ...NO_LIMITS,
      mail: { host: '127.0.0.1', port, security: 'none', from: 'sso@example.com' },
    },
  }))
  const begin = async (email = `${randomUUID()}@example.com`) =>
    await messageAsk(sidecar.url, realm, { email, email_verified: true })
  return {
    name: 'the mail server',
    proxy,
    sidecar: () => sidecar,
    isDown: false,
    tells: /mail failed/,
    prepare: async (clients) => await Promise.all(Array.from({ length: clients }, async () => await begin())),
    async isWell() {
      const email = `${randomUUID()}@example.com`
      const { headers } = await (await begin(email)).ask(AbortSignal.timeout(10_000))
      if (/send=/.test(headers.get('location') ?? 'send=')) return false
      await server.mailTo(email)
      return true
    },
    async stop() {
      await sidecar.stop()
      await proxy.stop()
      await server.stop()
      await place.drop()
    },
  }
}

/** Opens a first login whose step begins with a message. */
async function messageAsk(url: string, realm: FakeRealm, claims: Record<string, unknown>): Promise<Ask> {
  const login = new Login({ url }, realm, { sub: randomUUID(), ...claims })
  await login.push()
  return {
    what: 'the first message',
    must: 'answered',
    ask: async (signal) => await fetch(authorizeUrl(login), { redirect: 'manual', signal }),
  }
}
