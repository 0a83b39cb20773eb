import { createHmac, randomUUID } from 'node:crypto'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { startApp } from '../support/app.ts'
import type { Clock, RunningApp } from '../support/app.ts'
import { startRealm } from '../support/realm.ts'
import type { FakeRealm } from '../support/realm.ts'
import { freshNumber, locationOf, metric, smsUsers, toNextHour, words } from '../support/sms.ts'
import { refusedConnects, startReceiver } from '../support/sms-receiver.ts'
import type { Answer, Received, Receiver } from '../support/sms-receiver.ts'

const SECRET = 'a-secret-of-the-operator'
const clock: Clock = { now: Date.now() }
let realm: FakeRealm
let receiver: Receiver
let app: RunningApp

beforeAll(async () => {
  realm = await startRealm()
  receiver = await startReceiver()
  app = await start(`${receiver.url}/take?tenant=1`)
})
afterAll(async () => {
  await app.stop()
  await receiver.stop()
  await realm.stop()
})
beforeEach(() => toNextHour(clock))

async function start(url: string): Promise<RunningApp> {
  const environment = {
    LATCHKEY_DELIVERY: 'webhook',
    LATCHKEY_SMS_WEBHOOK_URL: url.split('?')[0],
    LATCHKEY_SMS_WEBHOOK_SECRET: SECRET,
  }
  const started = await startApp({ keycloakUrl: realm.keycloakUrl, clock, environment })
  await started.policy.saveSettings('demo', {
    enforcement: 'required',
    methods: ['sms'],
    smsCountries: ['NL'],
  })
  return started
}

async function ask(on = app, phone = freshNumber()) {
  const login = smsUsers(on, realm, clock).loginOf(randomUUID(), { phone_number: phone })
  await login.push()
  const begun = performance.now()
  const opened = await login.open()
  const took = performance.now() - begun
  login.step = locationOf(opened).split('?')[0]!
  return { login, phone, took, query: locationOf(opened).slice(login.step.length) }
}

/** Checks a request as Standard Webhooks say: over `id.timestamp.body`, and fresh. */
function isSigned({ headers, body }: Received, secret = SECRET): boolean {
  const [id, timestamp] = [headers['webhook-id'], headers['webhook-timestamp']]
  if (Math.abs(Number(timestamp) - Date.now() / 1000) > 60) return false
  const signature = createHmac('sha256', secret).update(`${String(id)}.${String(timestamp)}.${body}`)
  return headers['webhook-signature'] === `v1,${signature.digest('base64')}`
}

const idOf = ({ headers }: Received) => String(headers['webhook-id'])
const codeOf = ({ body }: Received) =>
  /#(\d{6})$/.exec((JSON.parse(body) as { text: string }).text)?.[1] ?? ''

describe("a message by the operator's webhook", () => {
  it('is a signed POST of JSON with the number and the text, and nothing else', async () => {
    receiver.answer({ status: 202 })
    const { login, phone, query } = await ask()
    expect(query).toBe('')
    const [request, ...more] = receiver.requests
    if (request === undefined) throw new Error('no request')
    expect(more).toEqual([])
    expect(request).toMatchObject({
      method: 'POST',
      path: '/take',
      headers: { 'content-type': 'application/json' },
    })
    expect(isSigned(request)).toBe(true)
    expect(isSigned(request, 'another')).toBe(false)
    expect(idOf(request)).toMatch(/^msg_[\w-]{36}$/)
    const { to, text, ...rest } = JSON.parse(request.body) as Record<string, string>
    expect([to, rest]).toEqual([phone, {}])
    const code = codeOf(request)
    expect(text).toMatch(new RegExp(`^${code} is your code .*\n\n@127\\.0\\.0\\.1 #${code}$`))
    expect(locationOf(await login.post('enrol/sms', { code }))).toContain('code=')
  })

  it('has an id of its own', async () => {
    receiver.answer({ status: 200 })
    for (let i = 0; i < 3; i++) await ask()
    expect(new Set(receiver.requests.map(idOf)).size).toBe(3)
  })

  it.each<[string, Answer]>([
    ['a fault', { status: 500 }],
    ['a broken connection', 'break'],
    ['silence', 'hang'],
  ])('is tried once more after %s, with the same id, so that it is one message', async (_what, answer) => {
    receiver.answer(answer, { status: 200 })
    const before = await metric(app, 'latchkey_text_messages_total', 'realm="demo",result="sent"')
    const { query, took } = await ask()
    expect(query).toBe('')
    expect(took).toBeLessThan(3_000)
    const [first, second, ...more] = receiver.requests
    if (first === undefined || second === undefined) throw new Error('not tried twice')
    expect(more).toEqual([])
    expect([idOf(second), second.body]).toEqual([idOf(first), first.body])
    expect([isSigned(first), isSigned(second)]).toEqual([true, true])
    expect(await metric(app, 'latchkey_text_messages_total', 'realm="demo",result="sent"')).toBe(before + 1)
  })

  it.each([400, 401, 404, 422, 429])(
    'that is refused with %i is not tried again, and is said to have failed',
    async (status) => {
      receiver.answer({ status })
      const { login, query } = await ask()
      expect(query).toBe('?send=failed')
      expect(receiver.requests).toHaveLength(1)
      expect(words((await login.page(query)).text)).toContain('The code could not be sent.')
    },
  )

  it('is never taken where another address is told', async () => {
    const other = await startReceiver()
    receiver.answer({ status: 307, location: other.url })
    expect((await ask()).query).toBe('?send=failed')
    expect(other.requests).toEqual([])
    await other.stop()
  })

  it('that is never answered fails within three seconds', async () => {
    receiver.answer('hang')
    const { took, query } = await ask()
    expect(query).toBe('?send=failed')
    expect(took).toBeLessThan(3_000)
    expect(new Set(receiver.requests.map(idOf)).size).toBe(1)
    expect(receiver.requests.length).toBeLessThanOrEqual(2)
  })

  it('is tried twice, and no more, where nobody takes the connection', async () => {
    const gone = await startReceiver()
    const other = await start(gone.url)
    await gone.stop()
    let query: string | undefined
    const tries = await refusedConnects(Number(new URL(gone.url).port), async () => {
      query = (await ask(other)).query
    })
    expect([tries, query]).toEqual([2, '?send=failed'])
    await other.stop()
  })
})
