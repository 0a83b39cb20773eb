import { spawn } from 'node:child_process'
import type { ChildProcessByStdio } from 'node:child_process'
import { randomBytes, randomUUID } from 'node:crypto'
import { once } from 'node:events'
import type { Readable } from 'node:stream'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { freePort } from '../../scripts/lib/ports.ts'
import { createSealer } from '../../src/adapters/secrets/sealer.ts'
import { openDatabase } from '../../src/adapters/store/database.ts'
import { createLoginStore } from '../../src/adapters/store/login-store.ts'
import { createPolicyStore } from '../../src/adapters/store/policy-store.ts'
import { Login } from '../support/login.ts'
import { startRealm } from '../support/realm.ts'
import type { FakeRealm } from '../support/realm.ts'
import { freshNumber, locationOf, otherThan } from '../support/sms.ts'
import { startReceiver } from '../support/sms-receiver.ts'
import type { Receiver } from '../support/sms-receiver.ts'
import { TAKEN, TWILIO, numberRefused, twilioAt, twilioSignature } from '../support/sms-twilio.ts'
import { dump, sqlitePlace } from '../support/stores.ts'
import type { Place } from '../support/stores.ts'

describe('what a server that sends text messages writes down', () => {
  let realm: FakeRealm
  let twilio: Receiver
  let place: Place
  let server: ChildProcessByStdio<null, Readable, Readable>
  let output = ''
  let metrics = ''
  const locations: string[] = []
  const searches: { status: number; text: string }[] = []
  /** Everything that passed by and must not be found again, by what it is. */
  const secrets = new Map<string, string>()
  const key = randomBytes(32)
  const sub = randomUUID()
  const proven = freshNumber()

  function keep(what: string, value: string): string {
    secrets.set(`${what} ${secrets.size}`, value)
    return value
  }
  /** A number, and the parts of it that somebody would still know it by. */
  function keepNumber(phone: string): string {
    keep('a number', phone)
    keep('a number as typed', phone.slice(3))
    return phone
  }

  beforeAll(async () => {
    realm = await startRealm()
    twilio = await startReceiver()
    twilio.answer(TAKEN)
    place = sqlitePlace()
    const settings = await openDatabase(place.url)
    await createPolicyStore(settings).saveSettings('demo', {
      enforcement: 'required',
      methods: ['sms'],
      smsCountries: ['NL'],
      smsPerAddress: 7,
      smsAlarm: 2,
    })
    await settings.close()
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
        ...twilioAt(twilio.url),
      },
      stdio: ['ignore', 'pipe', 'pipe'],
    })
    for (const stream of [server.stdout, server.stderr]) {
      stream.on('data', (chunk: Buffer) => {
        output += chunk.toString()
      })
    }
    await ready(`http://127.0.0.1:${managementPort}/health/ready`)
    keep('the auth token', TWILIO.authToken)
    keep(
      'the account with the token',
      Buffer.from(`${TWILIO.accountSid}:${TWILIO.authToken}`).toString('base64'),
    )

    const begin = async (user: string, change: Record<string, unknown> = {}) => {
      const login = new Login({ url }, realm, { sub: user, ...change })
      await login.push()
      locations.push(locationOf(await login.open()))
      return login
    }
    const post = async (login: Login, path: string, fields: Record<string, string>) => {
      const response = await login.post(path, fields)
      locations.push(locationOf(response))
      return response
    }
    const sentCode = () => {
      const body = new URLSearchParams(twilio.requests.at(-1)?.body)
      return keep('a code', /#(\d{6})$/.exec(body.get('Body') ?? '')?.[1] ?? 'no code was sent')
    }

    const login = await begin(sub)
    const setUp = login.step
    for (const typed of ['061234', '0201234567', '+33612345678']) {
      await post(login, 'phone', { country: 'NL', phone: keep('a number that was refused', typed) })
    }
    await post(login, 'phone', { country: 'NL', phone: keepNumber(proven).replace('+31', '0') })
    const code = sentCode()
    await post(login, 'enrol/sms', { code: keep('a wrong code', otherThan(code)) })
    await post(login, 'send', {})
    expect(locationOf(await login.post('enrol/sms', { code }))).toContain('code=')
    expect(setUp).not.toContain(proven.slice(3))

    const again = await begin(sub)
    await post(again, 'challenge/sms', { code: keep('a wrong code', otherThan(sentCode())) })
    for (const answer of [
      numberRefused(proven),
      { status: 500, body: { message: proven } },
      'break',
    ] as const) {
      const phone = keepNumber(freshNumber())
      twilio.answer(answer)
      await begin(randomUUID(), { phone_number: phone })
      sentCode()
    }
    // The limit of the address is reached.
    twilio.answer(TAKEN)
    for (let i = 0; i < 4; i++) await begin(randomUUID(), { phone_number: keepNumber(freshNumber()) })

    const report = {
      MessageSid: `SM${'9'.repeat(32)}`,
      MessageStatus: 'undelivered',
      ErrorCode: '30003',
      To: proven,
    }
    for (const signature of [keep('a signature', twilioSignature(`${url}/sms/status`, report)), 'wrong']) {
      await fetch(`${url}/sms/status`, {
        method: 'POST',
        headers: { 'x-twilio-signature': signature },
        body: new URLSearchParams(report),
      })
    }
    const token = await realm.accessToken(Date.now(), { realm_access: { roles: ['tfa-auditor'] } })
    const ask = async (path: string, body?: object) => {
      const response = await fetch(`${url}/realms/demo/api/v1${path}`, {
        headers: {
          Authorization: `Bearer ${keep('a token', token)}`,
          ...(body === undefined ? {} : { 'Content-Type': 'application/json' }),
        },
        ...(body === undefined ? {} : { method: 'POST', body: JSON.stringify(body) }),
      })
      searches.push({ status: response.status, text: await response.text() })
    }
    await ask('/users/search', { search: proven })
    // Nobody is found so, and whoever tries leaves no trace of it.
    await ask(`/users?search=${encodeURIComponent(proven)}`)
    await ask('/users/search', { search: proven, nonsense: proven })
    metrics = await (await fetch(`http://127.0.0.1:${managementPort}/metrics`)).text()
    // Not "exit": what it wrote last is read after that.
    const left = once(server, 'close')
    server.kill('SIGTERM')
    expect(await left).toEqual([0, null])
  }, 60_000)

  afterAll(async () => {
    if (server.exitCode === null) server.kill('SIGKILL')
    await twilio.stop()
    await place.drop()
    await realm.stop()
  })

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

  /** Six digits may stand in a time or an id by chance: only whole numbers count, and no ids of requests. */
  const found = (text: string) => {
    const plain = text.replaceAll(/[\da-f]{8}(?:-[\da-f]{4}){3}-[\da-f]{12}/g, '')
    return [...secrets]
      .filter(([, value]) =>
        /^\d{6}$/.test(value) ? new RegExp(`(?<![\\d.])${value}(?!\\d)`).test(plain) : text.includes(value),
      )
      .map(([what]) => what)
  }

  it('tells of sends that failed, of the alarm and of reports, without number, code or token (R23, P17)', () => {
    const lines = output
      .split('\n')
      .filter((line) => line.startsWith('{'))
      .map((line) => JSON.parse(line) as Record<string, unknown>)
    const withMessage = (text: string) => lines.filter(({ msg }) => msg === text)
    expect(withMessage('a code was not sent').map(({ result }) => result)).toEqual([
      'refused',
      'failed',
      'failed',
    ])
    expect(withMessage('text messages outrun verifications').length).toBeGreaterThan(0)
    expect(withMessage('a text message was reported on')).toMatchObject([
      { sms: { status: 'undelivered', code: '30003' } },
    ])
    expect(found(output)).toEqual([])
  })

  it('keeps what was searched for out of the log, and out of answers (S4, R23)', () => {
    expect(searches.map(({ status }) => status)).toEqual([200, 200, 400])
    expect(output).toContain('/api/v1/users/search')
    expect(found(searches.map(({ text }) => text).join('\n'))).toEqual([])
  })

  it('keeps them out of the metrics (R23, P17)', () => {
    expect(metrics).toContain('latchkey_text_messages_total{realm="demo",result="refused"} 1')
    expect(metrics).toContain('latchkey_text_messages_total{realm="demo",result="failed"} 2')
    expect(found(metrics)).toEqual([])
  })

  it('keeps them out of every address (R23)', () => {
    expect(locations.length).toBeGreaterThan(10)
    expect(locations.some((location) => location.includes('send=failed'))).toBe(true)
    expect(locations.some((location) => location.includes('send=limited'))).toBe(true)
    expect(found(locations.join('\n').replaceAll(/until=\d+/g, ''))).toEqual([])
  })

  it('encrypts the number at rest, for its user alone, and keeps no code (R5, R23)', async () => {
    const database = await openDatabase(place.url)
    const cells = (await dump(database)).filter(({ column }) => !/_at$|_end$/.test(column))
    expect(cells.length).toBeGreaterThan(50)
    expect(found(cells.map(({ text }) => text).join('\n'))).toEqual([])
    const store = createLoginStore(database, createSealer([{ id: 'k1', key }]))
    expect((await store.background('demo', sub, 'x')).credentials).toMatchObject([
      { data: { phone: proven } },
    ])
    const other = randomUUID()
    await database.db.updateTable('credential').set({ user_id: other }).where('user_id', '=', sub).execute()
    const copied = (await store.background('demo', other, 'x')).credentials.filter(
      ({ method }) => method === 'sms',
    )
    expect(copied.length).toBeGreaterThan(0)
    for (const one of copied) {
      expect(one).toMatchObject({ data: undefined, unreadable: expect.any(String) as string })
    }
    await database.close()
  })
})
