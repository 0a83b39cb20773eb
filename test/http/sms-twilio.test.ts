import { randomUUID } from 'node:crypto'
import { DatabaseSync } from 'node:sqlite'
import supertest from 'supertest'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { startApp } from '../support/app.ts'
import type { Clock, RunningApp } from '../support/app.ts'
import type { Login } from '../support/login.ts'
import { startRealm } from '../support/realm.ts'
import type { FakeRealm } from '../support/realm.ts'
import { freshNumber, locationOf, metric, pageName, smsUsers, toNextHour, words } from '../support/sms.ts'
import { refusedConnects, startReceiver } from '../support/sms-receiver.ts'
import type { Answer, Receiver } from '../support/sms-receiver.ts'
import { TAKEN, TWILIO, numberRefused, twilioAt, twilioSignature } from '../support/sms-twilio.ts'

const clock: Clock = { now: Date.now() }
let realm: FakeRealm
let twilio: Receiver
let app: RunningApp

beforeAll(async () => {
  realm = await startRealm()
  twilio = await startReceiver()
  app = await start(twilioAt(twilio.url))
})
afterAll(async () => {
  await app.stop()
  await twilio.stop()
  await realm.stop()
})
beforeEach(() => toNextHour(clock))

async function start(environment: NodeJS.ProcessEnv): Promise<RunningApp> {
  const started = await startApp({ keycloakUrl: realm.keycloakUrl, clock, environment })
  await started.policy.saveSettings('demo', {
    enforcement: 'required',
    methods: ['sms'],
    smsCountries: ['NL'],
  })
  return started
}

/** Opens a login of a user whose number is set; what the browser was told, and how long it took. */
async function ask(on = app, phone = freshNumber()) {
  const login = smsUsers(on, realm, clock).loginOf(randomUUID(), { phone_number: phone })
  await login.push()
  const begun = performance.now()
  const opened = await login.open()
  const took = performance.now() - begun
  login.step = locationOf(opened).split('?')[0]!
  return { login, phone, took, status: opened.status, query: locationOf(opened).slice(login.step.length) }
}

const codeOf = (body: string) => /#(\d{6})$/.exec(new URLSearchParams(body).get('Body') ?? '')?.[1] ?? ''
const results = async (result: string) =>
  await metric(app, 'latchkey_text_messages_total', `realm="demo",result="${result}"`)

async function expectSaid(login: Login, query: string) {
  expect(query).toBe('?send=failed')
  const { status, text } = await login.page(query)
  expect([status, pageName(text)]).toEqual([200, 'sent-code'])
  expect(text).toContain('id="send-error"')
  expect(words(text)).toContain('The code could not be sent. Ask for a new one.')
  expect(text).toContain('id="resend"')
}

describe("a message by Twilio's client", () => {
  it('is posted to the account, by its token, with the number, the text and where to report to', async () => {
    twilio.answer(TAKEN)
    const before = await results('sent')
    const { login, phone, query } = await ask()
    expect(query).toBe('')
    const [request, ...more] = twilio.requests
    expect(more).toEqual([])
    expect(request).toMatchObject({
      method: 'POST',
      path: `/2010-04-01/Accounts/${TWILIO.accountSid}/Messages.json`,
      headers: { 'content-type': 'application/x-www-form-urlencoded' },
    })
    const basic = Buffer.from(`${TWILIO.accountSid}:${TWILIO.authToken}`).toString('base64')
    expect(request?.headers.authorization).toBe(`Basic ${basic}`)
    const { Body, ...fields } = Object.fromEntries(new URLSearchParams(request?.body))
    expect(fields).toEqual({ To: phone, From: TWILIO.from, StatusCallback: `${app.url}/sms/status` })
    const code = codeOf(request?.body ?? '')
    expect(Body).toMatch(new RegExp(`^${code} is your code .*\n\n@127\\.0\\.0\\.1 #${code}$`))
    expect(locationOf(await login.post('enrol/sms', { code }))).toContain('code=')
    expect(await results('sent')).toBe(before + 1)
  })

  it('names a messaging service in place of a number, where one is set', async () => {
    const service = `MG${'1'.repeat(32)}`
    const other = await start(twilioAt(twilio.url, { LATCHKEY_TWILIO_FROM: service }))
    twilio.answer(TAKEN)
    await ask(other)
    const fields = Object.fromEntries(new URLSearchParams(twilio.requests[0]?.body))
    expect(fields).toMatchObject({ MessagingServiceSid: service })
    expect(fields).not.toHaveProperty('From')
    await other.stop()
  })

  it.each<[string, Answer, string]>([
    ['the number', numberRefused('+31600000000'), 'refused'],
    ['the token', { status: 401, body: { code: 20_003, message: 'Authenticate', status: 401 } }, 'failed'],
    ['so many', { status: 429, body: { code: 20_429, message: 'Too Many Requests', status: 429 } }, 'failed'],
    ['nothing but has a fault', { status: 500, body: { message: 'oops' } }, 'failed'],
    ['what a proxy before it can not carry', { status: 502 }, 'failed'],
    ['to be where it was', { status: 307, location: 'https://elsewhere.example/' }, 'failed'],
    ['the connection half-way', 'break', 'failed'],
  ])(
    'that Twilio refuses (%s) is said to have failed, and is not tried again',
    async (_what, answer, result) => {
      twilio.answer(answer)
      const before = await results(result)
      const { login, query } = await ask()
      await expectSaid(login, query)
      expect(twilio.requests).toHaveLength(1)
      expect(await results(result)).toBe(before + 1)
      // The next one is taken, after the pause.
      twilio.answer(TAKEN)
      clock.now += 30_000
      expect(locationOf(await login.post('send', {}))).toBe(login.step)
      const code = codeOf(twilio.requests[0]!.body)
      expect(locationOf(await login.post('enrol/sms', { code }))).toContain('code=')
    },
  )

  it('that is never answered fails within three seconds, and is not sent twice', async () => {
    twilio.answer('hang')
    const { login, query, took } = await ask()
    expect(took).toBeLessThan(3_000)
    await expectSaid(login, query)
    expect(twilio.requests).toHaveLength(1)
  })

  it('that was typed for a number that is refused leaves the way to another number', async () => {
    twilio.answer(numberRefused('+31600000000'))
    const login = await smsUsers(app, realm, clock).loginOf(randomUUID()).begin()
    const phone = freshNumber()
    const response = await login.post('phone', { country: 'NL', phone })
    const query = locationOf(response).slice(login.step.length)
    await expectSaid(login, query)
    const { text } = await login.page(query)
    expect(text).toContain('id="change-number"')
    expect(text).not.toContain(phone.slice(3))
    expect(pageName((await login.page('?change')).text)).toBe('enrol-phone')
  })

  it('is tried twice, and no more, where nobody takes the connection', async () => {
    const gone = await startReceiver()
    const other = await start(twilioAt(gone.url))
    await gone.stop()
    let asked: Awaited<ReturnType<typeof ask>> | undefined
    const tries = await refusedConnects(Number(new URL(gone.url).port), async () => {
      asked = await ask(other)
    })
    expect(tries).toBe(2)
    expect(asked?.took).toBeLessThan(3_000)
    await expectSaid(asked!.login, asked!.query)
    await other.stop()
  })
})

describe("Twilio's report of a message", () => {
  const HOSTNAME = 'https://tfa.example.com'
  const URL_OF_REPORT = `${HOSTNAME}/sms/status`
  const fields = {
    MessageSid: `SM${'0'.repeat(32)}`,
    MessageStatus: 'delivered',
    To: '+31612345678',
    From: TWILIO.from,
  }
  let published: RunningApp
  beforeAll(async () => {
    published = await start(twilioAt(twilio.url, { LATCHKEY_HOSTNAME: HOSTNAME }))
  })
  afterAll(async () => await published.stop())

  const report = async (signature: string | undefined, body: string | Record<string, string> = fields) => {
    const request = supertest(published.url).post('/sms/status').type('form')
    if (signature !== undefined) request.set('X-Twilio-Signature', signature)
    return await request.send(body)
  }
  /** Every row of every table. */
  const everything = () => {
    const file = new DatabaseSync(published.config.dbUrl.slice('sqlite:'.length), { readOnly: true })
    const tables = file.prepare("select name from sqlite_master where type = 'table' order by 1").all()
    const rows = tables.map(({ name }) => file.prepare(`select * from "${String(name)}"`).all())
    file.close()
    return JSON.stringify(rows)
  }

  it('is taken with its signature over the public address, and changes nothing', async () => {
    const before = everything()
    for (const status of ['delivered', 'failed', 'undelivered', 'x'.repeat(500)]) {
      const body = { ...fields, MessageStatus: status, ErrorCode: '30003' }
      const response = await report(twilioSignature(URL_OF_REPORT, body), body)
      expect([response.status, response.text]).toEqual([204, ''])
      expect(response.headers['set-cookie']).toBeUndefined()
    }
    expect(everything()).toBe(before)
  })

  it.each<[string, string | undefined, (string | Record<string, string>)?]>([
    ['no signature', undefined],
    ['an empty one', ''],
    ['one that is none', 'x'],
    ['one by another token', twilioSignature(URL_OF_REPORT, fields, 'another')],
    ['one over another address', twilioSignature('http://127.0.0.1/sms/status', fields)],
    ['one over other fields', twilioSignature(URL_OF_REPORT, { ...fields, MessageStatus: 'failed' })],
    ['a field more than was signed', twilioSignature(URL_OF_REPORT, fields), { ...fields, ErrorCode: '1' }],
    ['nothing in it', twilioSignature(URL_OF_REPORT, fields), ''],
    ['a list in it', twilioSignature(URL_OF_REPORT, fields), 'MessageStatus=a&MessageStatus=b'],
  ])('is refused with %s', async (_what, signature, body = fields) => {
    const before = everything()
    const response = await report(signature, body)
    expect(response.status).toBe(400)
    expect(response.headers['content-type']).toMatch(/^application\/json/)
    for (const told of [fields.To, TWILIO.authToken, fields.MessageSid])
      expect(response.text).not.toContain(told)
    expect(everything()).toBe(before)
  })

  it('is no page to open, and is refused as anything but a form', async () => {
    expect((await supertest(published.url).get('/sms/status')).status).toBe(404)
    const json = await supertest(published.url)
      .post('/sms/status')
      .set('X-Twilio-Signature', twilioSignature(URL_OF_REPORT, fields))
      .send(fields)
    expect(json.status).toBe(400)
    expect((await report('x', `a=${'b'.repeat(20_000)}`)).status).toBe(413)
  })
})
