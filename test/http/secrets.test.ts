import { spawn } from 'node:child_process'
import type { ChildProcessByStdio } from 'node:child_process'
import { randomBytes, randomUUID } from 'node:crypto'
import { once } from 'node:events'
import type { Readable } from 'node:stream'
import { decodeJwt } from 'jose'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { createSealer } from '../../src/adapters/secrets/sealer.ts'
import { openDatabase } from '../../src/adapters/store/database.ts'
import { createLoginStore } from '../../src/adapters/store/login-store.ts'
import { freePort } from '../../scripts/lib/ports.ts'
import { Login, codeFor, secretOn, codesOn } from '../support/login.ts'
import { startRealm } from '../support/realm.ts'
import type { FakeRealm } from '../support/realm.ts'
import { dump, sqlitePlace } from '../support/stores.ts'
import type { Place } from '../support/stores.ts'

describe('what a server writes down', () => {
  let realm: FakeRealm
  let place: Place
  let server: ChildProcessByStdio<null, Readable, Readable>
  let output = ''
  let metrics = ''
  /** Everything that passed by and must not be found again, by what it is. */
  const secrets = new Map<string, string>()
  const key = randomBytes(32)

  beforeAll(async () => {
    realm = await startRealm()
    place = sqlitePlace()
    const [port, managementPort] = [await freePort(), await freePort()]
    const url = `http://127.0.0.1:${port}`
    server = spawn(process.execPath, ['src/cli.ts', 'serve'], {
      env: {
        PATH: process.env['PATH'],
        LATCHKEY_HOSTNAME: url,
        LATCHKEY_HTTP_PORT: String(port),
        LATCHKEY_MANAGEMENT_PORT: String(managementPort),
        LATCHKEY_DB_URL: place.url,
        LATCHKEY_KEYCLOAK_URL: realm.keycloakUrl,
        LATCHKEY_REALMS: 'demo',
        LATCHKEY_ENCRYPTION_KEYS: `k1:${key.toString('base64')}`,
        LATCHKEY_LOG_FORMAT: 'json',
      },
      stdio: ['ignore', 'pipe', 'pipe'],
    })
    for (const stream of [server.stdout, server.stderr]) {
      stream.on('data', (chunk: Buffer) => {
        output += chunk.toString()
      })
    }
    secrets.set('the encryption key', key.toString('base64'))
    await ready(`http://127.0.0.1:${managementPort}/health/ready`)

    const now = { ms: Date.now() }
    const sub = randomUUID()
    const begin = async () => {
      // Everything but the server's own handle is there to play a login against.
      const login = new Login(
        { url },
        realm,
        { sub, preferred_username: 'zachary-quux', purpose: 'manage' },
        () => now.ms,
      )
      await login.push()
      keep('a request_uri', String(login.decision?.['request_uri']))
      keep('a state', String(login.question['state']))
      await login.open()
      keep('a cookie', login.cookie.split('=')[1]!)
      return login
    }
    const first = await begin()
    const page = await first.page()
    const secret = keep('the secret', secretOn(page.text))
    keep('the secret in groups', /id="secret"[^>]*>([^<]+)</.exec(page.text)![1]!)
    keep('a wrong code', '918273')
    await first.post('enrol/totp', { code: '918273', label: 'a label' })
    const proof = keep('an app code', await codeFor(secret, now.ms))
    await first.post('enrol/totp', { code: proof })
    const codes = codesOn((await first.page()).text)
    for (const code of codes) keep('a backup code', code)
    await first.browser.get(`${first.step}/backup-codes.txt`)
    const location = String((await first.post('saved', { saved: 'on' })).headers['location'])
    keep('an authorization code', new URL(location).searchParams.get('code')!)
    const assertion = keep('a client assertion', await first.assertion())
    const redeemed = await first.redeem(location, { client_assertion: assertion })
    expect(redeemed.status).toBe(200)
    keep('an id_token', String(redeemed.body.id_token))
    keep('an access token', String(redeemed.body.access_token))
    await first.redeem(location)

    const second = await begin()
    await second.post('method', { method: 'backup-codes' })
    await second.post('challenge/backup-codes', { code: codes[0]! })
    // What goes wrong is logged with its reason: no reason may hold what was sent.
    const broken = keep(
      'a forged request object',
      await realm.sign('oauth-authz-req+jwt', second.question, { key: 'stranger' }),
    )
    await second.pushRaw(broken)
    await second.pushRaw(keep('nonsense in place of one', `eyJ${randomUUID()}`))
    await fetch(`${url}/realms/demo/authorize?client_id=x&request_uri=${keep('a query', randomUUID())}`)
    await fetch(`${url}/realms/demo/step/none?code=${keep('a query', randomUUID())}`)
    await fetch(`${url}/realms/demo/token`, {
      method: 'POST',
      body: new URLSearchParams({ code: keep('a code', randomUUID()) }),
    })
    metrics = await (await fetch(`http://127.0.0.1:${managementPort}/metrics`)).text()

    const left = once(server, 'exit')
    server.kill('SIGTERM')
    expect(await left).toEqual([0, null])
  }, 60_000)

  afterAll(async () => {
    if (server.exitCode === null) server.kill('SIGKILL')
    await place.drop()
    await realm.stop()
  })

  function keep(what: string, value: string): string {
    secrets.set(`${what} ${secrets.size}`, value)
    return value
  }

  async function ready(address: string): Promise<void> {
    for (let i = 0; i < 200; i++) {
      if (server.exitCode !== null) throw new Error(`the server ended: ${output}`)
      const up = await fetch(address).then(
        ({ ok }) => ok,
        () => false,
      )
      if (up) return
      await new Promise((resolve) => setTimeout(resolve, 50))
    }
    throw new Error(`the server did not come up: ${output}`)
  }

  const found = (text: string) =>
    [...secrets].filter(([, value]) => text.includes(value)).map(([what]) => what)

  it('keeps every code, secret, token and address with one out of the log (R23, P17)', () => {
    const lines = output.split('\n').filter((line) => line.startsWith('{'))
    expect(lines.length).toBeGreaterThan(15)
    for (const line of lines) expect(JSON.parse(line)).toHaveProperty('time')
    expect(lines.join()).toContain('/enrol/totp')
    expect(found(output)).toEqual([])
    expect(output).not.toMatch(/eyJ[\w-]{10,}\.eyJ/)
    expect(output).not.toContain('zachary-quux')
  })

  it('keeps them out of the metrics (R23, P17)', () => {
    expect(metrics).toContain('process_cpu')
    expect(found(metrics)).toEqual([])
    expect(metrics).not.toContain('zachary-quux')
  })

  it('keeps them out of every table, the audit among them, and the user name with them (R5, R23, P26)', async () => {
    const database = await openDatabase(place.url)
    const cells = await dump(database)
    const audit = cells
      .filter(({ table, column }) => table === 'audit' && column === 'event')
      .map(({ text }) => text)
    expect(new Set(audit)).toEqual(
      new Set(['decision.needed', 'enrolment.failed', 'enrolment.succeeded', 'challenge.succeeded']),
    )
    const shown = cells.flatMap(({ table, column, text }) =>
      found(text).map((what) => `${table}.${column}: ${what}`),
    )
    expect(shown).toEqual([])
    expect(cells.filter(({ text }) => text.includes('zachary-quux'))).toEqual([])

    // And yet it is all there, for who has the key.
    const userId = cells.find(({ table, column }) => table === 'credential' && column === 'user_id')!.text
    const store = createLoginStore(database, createSealer([{ id: 'k1', key }]))
    const { credentials } = await store.background('demo', userId, 'none')
    expect(credentials.map(({ method }) => method).toSorted()).toEqual(['backup-codes', 'totp'])
    await database.close()
  })

  it('saw a login that was a login', () => {
    const token = [...secrets].find(([what]) => what.startsWith('an id_token'))?.[1] ?? ''
    expect(decodeJwt(token)).toMatchObject({ acr: '2', amr: ['pwd', 'otp', 'mfa'] })
  })
})
