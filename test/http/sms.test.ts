import { randomUUID } from 'node:crypto'
import { decodeJwt } from 'jose'
import supertest from 'supertest'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { startApp } from '../support/app.ts'
import type { Clock, RunningApp } from '../support/app.ts'
import { codeFor, codesOn, secretOn } from '../support/login.ts'
import type { Login } from '../support/login.ts'
import { startRealm } from '../support/realm.ts'
import type { FakeRealm } from '../support/realm.ts'
import {
  codeIn,
  freshNumber,
  inboxOf,
  locationOf,
  otherThan,
  pageName,
  smsUsers,
  toNextHour,
  words,
} from '../support/sms.ts'

const clock: Clock = { now: Date.now() }
let realm: FakeRealm
let app: RunningApp
let users: ReturnType<typeof smsUsers>

beforeAll(async () => {
  realm = await startRealm()
  app = await startApp({
    keycloakUrl: realm.keycloakUrl,
    clock,
    environment: { LATCHKEY_DELIVERY: 'inbox' },
  })
  users = smsUsers(app, realm, clock)
  await app.policy.saveSettings('demo', {
    enforcement: 'required',
    methods: ['sms', 'totp', 'backup-codes'],
    smsCountries: ['NL', 'DE'],
  })
  for (const [groupId, methods] of [
    ['g-finance', ['sms']],
    ['g-saved', ['sms', 'backup-codes']],
    ['g-apps', ['sms', 'totp']],
  ] as const) {
    await app.policy.saveRule('demo', {
      groupId,
      enforcement: 'required',
      methods: [...methods],
      priority: 0,
    })
  }
})
afterAll(async () => {
  await app.stop()
  await realm.stop()
})
// No limit of one test is reached by another.
beforeEach(() => toNextHour(clock))

const inGroup = (id: string) => ({ groups: [{ id, path: `/${id}` }] })
const give = async (login: Login, phone: string, country = 'NL') =>
  await login.post('phone', { country, phone })
const countTo = async (phone: string) => (await inboxOf(app, phone)).length
const total = async () => (await inboxOf(app)).length
const stored = async (sub: string) =>
  (await app.store.background('demo', sub, 'none')).credentials.map(({ method, data }) => ({ method, data }))
const attemptsOf = async (sub: string) => (await app.store.background('demo', sub, 'none')).attempts
const masked = (phone: string) => `+31 ••• ••${phone.slice(-2)}`
const stepOf = async (login: Login) => pageName((await login.page()).text)

describe('a user without a phone', () => {
  it('is asked for the number, and nothing is sent (S5)', async () => {
    const before = await total()
    const login = await users.loginOf(randomUUID()).begin()
    const { status, text } = await login.page()
    expect([status, pageName(text)]).toEqual([200, 'enrol-phone'])
    expect([...text.matchAll(/<option value="(\w*)"/g)].map(([, code]) => code)).toEqual(['', 'DE', 'NL'])
    expect(/<input[^>]*name="phone"[^>]*>/.exec(text)?.[0]).toMatch(/type="tel".*autocomplete="tel"/)
    expect(text).not.toContain('name="code"')
    expect(await total()).toBe(before)
  })

  it.each([
    ['', 'phone', 'Please enter your phone number.'],
    ['  ', 'phone', 'Please enter your phone number.'],
    ['06 12 ab', 'phone', 'This is not a phone number of the selected country.'],
    ['06 123', 'phone', 'This number is too short'],
    ['06 1234 56789', 'phone', 'This number is too long'],
    ['020 123 4567', 'phone', "This number can't receive text messages."],
    ['+33 6 12 34 56 78', 'country', "Codes can't be sent to the country of this number."],
    ['"><script>alert(1)</script>', 'phone', 'This is not a phone number of the selected country.'],
  ])(
    'is told by the field what is wrong with %j, and finds it as typed, never in a URL (R23)',
    async (phone, field, told) => {
      const before = await total()
      const login = await users.loginOf(randomUUID()).begin()
      const refused = await give(login, phone)
      expect(refused.status).toBe(303)
      const query = locationOf(refused).slice(login.step.length)
      expect(query).toMatch(/^\?error=phone-[a-z-]+$/)
      const { text } = await login.page(query)
      expect(pageName(text)).toBe('enrol-phone')
      expect(text).toContain('<title>Error:')
      const input = new RegExp(`<(?:input|select)[^>]*name="${field}"[^>]*>`).exec(text)?.[0] ?? ''
      expect(input).toContain('aria-invalid="true"')
      expect(input).toContain(`${field}-error`)
      const sentence = new RegExp(`id="${field}-error">([^<]*)`).exec(text)?.[1] ?? ''
      expect(words(sentence)).toContain(told)
      expect(text.match(/class="field-error"/g)).toHaveLength(1)
      const value = phone.replaceAll('"', '&quot;').replaceAll('<', '&lt;').replaceAll('>', '&gt;')
      expect(text).toContain(`name="phone" value="${value}"`)
      expect(text).toMatch(/<option value="NL" selected>/)
      expect(await total()).toBe(before)
      expect(await attemptsOf(String(login.question['sub']))).toMatchObject({ total: 0 })
    },
  )

  it('may select no country that the realm does not send to (R10)', async () => {
    const before = await total()
    const login = await users.loginOf(randomUUID()).begin()
    for (const [country, phone] of [
      ['FR', '06 12 34 56 78'],
      ['GB', '07400 123456'],
      ['', '0612345678'],
      ['nl', '0612345678'],
    ] as const) {
      expect(locationOf(await give(login, phone, country))).toBe(`${login.step}?error=phone-country`)
    }
    expect(await total()).toBe(before)
  })

  it('gets a code that is early in the text and bound to the site, proves it, and is in (R6, R10, P10)', async () => {
    const phone = freshNumber()
    const sub = randomUUID()
    const login = await users.loginOf(sub, { realm_display_name: 'Demo & Co' }).begin()
    const given = await give(login, phone.replace('+31', '0'))
    expect([given.status, locationOf(given)]).toEqual([303, login.step])
    const [message, ...more] = await inboxOf(app, phone)
    expect(more).toEqual([])
    const code = codeIn(message)
    expect(message?.text.split('\n')[0]).toMatch(new RegExp(`^.{0,12}${code} .*Demo & Co`))
    expect(message?.text.split('\n').at(-1)).toBe(`@127.0.0.1 #${code}`)
    const { text } = await login.page()
    expect(pageName(text)).toBe('sent-code')
    expect(words(text)).toContain(`Enter the 6-digit code from the text message to ${masked(phone)}.`)
    for (const full of [phone, phone.slice(3), phone.replace('+31', '0')]) expect(text).not.toContain(full)

    const wrong = await login.post('enrol/sms', { code: otherThan(code) })
    expect(locationOf(wrong)).toBe(`${login.step}?error=code-wrong`)
    expect(words((await login.page('?error=code-wrong')).text)).toContain('This code was not accepted')
    expect(await attemptsOf(sub)).toMatchObject({ failures: 1, total: 1 })
    expect(locationOf(await login.post('enrol/sms', { code: '123' }))).toBe(
      `${login.step}?error=code-missing`,
    )
    expect(await attemptsOf(sub)).toMatchObject({ failures: 1, total: 1 })
    expect(await stored(sub)).toEqual([])

    const done = await login.post('enrol/sms', { code: `${code.slice(0, 3)} ${code.slice(3)}` })
    expect(await stored(sub)).toEqual([{ method: 'sms', data: { phone } }])
    const redeemed = await login.redeem(locationOf(done))
    expect(redeemed.status).toBe(200)
    expect(decodeJwt(String(redeemed.body.id_token))['amr']).toEqual(['pwd', 'sms', 'mfa'])
    expect(await attemptsOf(sub)).toMatchObject({ failures: 0, total: 1 })
  })

  it('gets backup codes after it, where those are allowed, and has nothing before they are saved (S18)', async () => {
    const phone = freshNumber()
    const sub = randomUUID()
    const login = await users.loginOf(sub, inGroup('g-saved')).begin()
    await give(login, phone)
    const proven = await login.post('enrol/sms', { code: await users.newest(phone) })
    expect(locationOf(proven)).toBe(login.step)
    const { text } = await login.page()
    expect(pageName(text)).toBe('enrol-backup-codes')
    expect(codesOn(text)).toHaveLength(10)
    expect(await stored(sub)).toEqual([])
    expect(locationOf(await login.post('saved', { saved: 'on' }))).toContain('code=')
    expect((await stored(sub)).map(({ method }) => method).toSorted()).toEqual(['backup-codes', 'sms'])
    expect(await countTo(phone)).toBe(1)
  })

  it('leaves nothing behind where the set-up is given up, and may begin again (R6)', async () => {
    const phone = freshNumber()
    const sub = randomUUID()
    await give(await users.loginOf(sub).begin(), phone)
    expect(await stored(sub)).toEqual([])
    const again = await users.loginOf(sub).begin()
    expect(await stepOf(again)).toBe('enrol-phone')
    expect(await countTo(phone)).toBe(1)
  })

  it('may take another number while none is proven: the code to the first is dead (R3)', async () => {
    const [first, second] = [freshNumber(), freshNumber()]
    const sub = randomUUID()
    const login = await users.loginOf(sub).begin()
    await give(login, first)
    const old = await users.newest(first)
    const link = /id="change-number" href="([^"]+)"/.exec((await login.page()).text)?.[1]
    expect(link).toBe(`${login.step}?change`)
    expect(pageName((await login.page('?change')).text)).toBe('enrol-phone')
    const early = await give(login, second)
    expect(locationOf(early)).toMatch(/\?send=limited&until=\d+$/)
    expect(await countTo(second)).toBe(0)
    clock.now += 30_000
    expect(locationOf(await give(login, second))).toBe(login.step)
    expect(words((await login.page()).text)).toContain(masked(second))
    const code = await users.newest(second)
    if (old !== code) {
      expect(locationOf(await login.post('enrol/sms', { code: old }))).toContain('error=code-wrong')
    }
    expect(locationOf(await login.post('enrol/sms', { code }))).toContain('code=')
    expect(await stored(sub)).toEqual([{ method: 'sms', data: { phone: second } }])
  })

  it('is locked by wrong codes, and sends nothing in the meantime (R6, R7, P10)', async () => {
    const phone = freshNumber()
    const login = await users.loginOf(randomUUID()).begin()
    await give(login, phone)
    const wrong = otherThan(await users.newest(phone))
    for (let i = 0; i < 5; i++) await login.post('enrol/sms', { code: wrong })
    const locked = await login.page()
    expect([locked.status, pageName(locked.text)]).toEqual([429, 'locked'])
    clock.now += 59_000
    for (const path of ['send', 'phone']) await login.post(path, { country: 'NL', phone })
    expect(await countTo(phone)).toBe(1)
    clock.now += 1_000
    expect(await stepOf(login)).toBe('sent-code')
    await login.post('send', {})
    expect(await countTo(phone)).toBe(2)
  })
})

describe('a user whose number an administrator set', () => {
  it('gets the code without being asked, and is offered no other number (R25)', async () => {
    const phone = freshNumber()
    const sub = randomUUID()
    const login = await users.known(phone, sub)
    expect(await countTo(phone)).toBe(1)
    const { text } = await login.page()
    expect(pageName(text)).toBe('sent-code')
    expect(words(text)).toContain(masked(phone))
    expect(text).not.toContain('change-number')
    expect(pageName((await login.page('?change')).text)).toBe('sent-code')
    expect(await stored(sub)).toEqual([])
    expect(locationOf(await login.post('enrol/sms', { code: await users.newest(phone) }))).toContain('code=')
    expect(await stored(sub)).toEqual([{ method: 'sms', data: { phone } }])
  })

  it('gets it when text messages are chosen, where there is a choice', async () => {
    const phone = freshNumber()
    const login = await users.loginOf(randomUUID(), { phone_number: phone, ...inGroup('g-apps') }).begin()
    expect(await stepOf(login)).toBe('select-method')
    expect(await countTo(phone)).toBe(0)
    await login.post('method', { method: 'sms' })
    expect(await countTo(phone)).toBe(1)
    expect(await stepOf(login)).toBe('sent-code')
  })
})

describe('a login with a proven number', () => {
  it('sends one code at authorize, to the stored number; nothing else sends one more (R3, R10)', async () => {
    const { sub, phone } = await users.enrolled()
    const login = users.loginOf(sub)
    const before = await total()
    await login.push()
    expect(await total()).toBe(before)
    await login.open()
    expect(await total()).toBe(before + 1)
    const code = await users.newest(phone)
    const { text } = await login.page()
    expect(words(text)).toContain(`Enter the 6-digit code from the text message to ${masked(phone)}.`)
    expect(text).not.toContain(phone.slice(3))
    expect(text).not.toContain('change-number')
    for (const query of ['', '', '?change', '?choose', '?error=code-wrong', '?send=failed'])
      await login.page(query)
    await login.open()
    await login.push()
    await login.open()
    await login.open(supertest.agent(app.url))
    await login.page()
    expect(await total()).toBe(before + 1)
    expect(locationOf(await login.post('challenge/sms', { code }))).toContain('code=')
  })

  it('goes nowhere else, whatever the request says (R10)', async () => {
    const { sub, phone } = await users.enrolled()
    const other = freshNumber()
    const login = users.loginOf(sub, { phone_number: other })
    await login.push()
    const request_uri = String(login.decision?.['request_uri'])
    const opened = await login.browser
      .get(`${login.base}/authorize`)
      .query({ client_id: realm.issuer, request_uri, phone: other, to: other, phone_number: other })
    login.step = locationOf(opened)
    const fields = { country: 'NL', phone: other, to: other, phone_number: other, destination: other }
    await login.post('phone', fields)
    await login.post('method', { method: 'sms', ...fields })
    clock.now += 30_000
    await login.post('send', fields)
    await login.post('challenge/sms', { code: '000000', ...fields })
    await login.post('enrol/sms', { code: '000000', ...fields })
    await login.page(`?change&phone=${encodeURIComponent(other)}`)
    expect(await countTo(other)).toBe(0)
    expect(await countTo(phone)).toBeGreaterThanOrEqual(3)
    expect(await stored(sub)).toEqual([{ method: 'sms', data: { phone } }])
  })

  it('sends again after the pause and not before it; then the first code is dead (R3)', async () => {
    const { phone, begin } = await users.enrolled()
    const login = await begin()
    const first = await users.newest(phone)
    clock.now += 12_000
    const early = await login.post('send', {})
    const query = locationOf(early).slice(login.step.length)
    expect(query).toBe(`?send=limited&until=${clock.now + 18_000}`)
    const page = await login.page(query)
    expect(page.text).toContain('id="send-error"')
    expect(words(page.text)).toContain('You can ask for a new code in 18 seconds.')
    expect(page.text).toMatch(/<button[^>]*id="resend"[^>]*data-countdown="18"/)
    expect(await countTo(phone)).toBe(2)
    clock.now += 18_000
    expect(locationOf(await login.post('send', {}))).toBe(login.step)
    expect(await countTo(phone)).toBe(3)
    const second = await users.newest(phone)
    if (first !== second) {
      expect(locationOf(await login.post('challenge/sms', { code: first }))).toContain('error=code-wrong')
    }
    expect(locationOf(await login.post('challenge/sms', { code: second }))).toContain('code=')
  })

  it('takes a code once, in its own login, in its time, and answers alike where not (R3, R11)', async () => {
    const { sub, phone, begin } = await users.enrolled()
    const one = await begin()
    const a = await users.newest(phone)
    const two = await begin()
    const b = await users.newest(phone)
    const three = await begin()
    const c = await users.newest(phone)
    const answers: unknown[] = []
    const refuse = async (login: Login, code: string) => {
      const { status, text, headers } = await login.post('challenge/sms', { code })
      const location = locationOf({ headers }).replace(login.step, '')
      answers.push({ status, location, text: text.replaceAll(login.step, '') })
    }
    if (a !== b) await refuse(two, a)
    expect(locationOf(await two.post('challenge/sms', { code: b }))).toContain('code=')
    if (b !== c) await refuse(three, b)
    await refuse(three, otherThan(a, b, c))
    clock.now += 300_000
    await refuse(one, a)
    expect(new Set(answers.map((answer) => JSON.stringify(answer))).size).toBe(1)
    expect(answers[0]).toMatchObject({ status: 303, location: '?error=code-wrong' })
    expect((await attemptsOf(sub)).total).toBe(answers.length)
  })

  it('takes no code of a set-up, and a set-up takes none of a login (R3, P12)', async () => {
    const { sub, phone, begin } = await users.enrolled()
    const login = await begin()
    const code = await users.newest(phone)
    // Somebody else sets the same number up at the same time.
    const setUp = await users.known(phone)
    const enrolling = await users.newest(phone)
    if (code === enrolling) return
    expect(locationOf(await login.post('challenge/sms', { code: enrolling }))).toContain('error=code-wrong')
    expect(locationOf(await setUp.post('enrol/sms', { code }))).toContain('error=code-wrong')
    expect(locationOf(await login.post('enrol/sms', { code }))).toBe(login.step)
    expect(await stored(sub)).toHaveLength(1)
    expect(await stored(String(setUp.question['sub']))).toEqual([])
  })

  it('is locked by wrong codes of any method, and a right one does not count in the meantime (R7, R8, P2)', async () => {
    const { sub, phone, begin } = await users.enrolled()
    const login = await begin()
    const code = await users.newest(phone)
    for (let i = 0; i < 2; i++) await login.post('challenge/sms', { code: otherThan(code) })
    const other = await begin()
    for (let i = 0; i < 2; i++)
      await other.post('challenge/sms', { code: otherThan(await users.newest(phone)) })
    // A new code gives no new tries.
    clock.now += 30_000
    await other.post('send', {})
    const newest = await users.newest(phone)
    await other.post('challenge/sms', { code: otherThan(newest) })
    const page = await other.page()
    expect([page.status, page.headers['retry-after']]).toEqual([429, '60'])
    expect(locationOf(await other.post('challenge/sms', { code: newest }))).toBe(other.step)
    expect(await attemptsOf(sub)).toMatchObject({ failures: 5, total: 5 })
    const before = await countTo(phone)
    const third = await begin()
    await third.post('send', {})
    expect((await third.page()).status).toBe(429)
    expect(await countTo(phone)).toBe(before)
    clock.now += 60_000
    expect(locationOf(await other.post('challenge/sms', { code: newest }))).toContain('code=')
  })
})

describe('trying another way', () => {
  it('goes from the text message to the app and back, and each takes its own code only', async () => {
    const phone = freshNumber()
    const sub = randomUUID()
    const first = await users.loginOf(sub, inGroup('g-finance')).begin()
    await give(first, phone)
    await first.post('enrol/sms', { code: await users.newest(phone) })
    toNextHour(clock)
    // The app is added by the way that asks for the first method before (R17).
    const adding = await users.loginOf(sub, { ...inGroup('g-apps'), purpose: 'manage' }).begin()
    await adding.post('challenge/sms', { code: await users.newest(phone) })
    await adding.post('method', { method: 'totp' })
    const secret = secretOn((await adding.page()).text)
    expect(locationOf(await adding.post('enrol/totp', { code: await codeFor(secret, clock.now) }))).toContain(
      'code=',
    )
    toNextHour(clock)

    const login = await users.loginOf(sub, inGroup('g-apps')).begin()
    const code = await users.newest(phone)
    const before = await countTo(phone)
    const choice = await login.page('?choose')
    expect(pageName(choice.text)).toBe('select-method')
    expect(words(choice.text)).toContain(masked(phone))
    expect(choice.text).not.toContain(phone.slice(3))
    await login.post('method', { method: 'totp' })
    expect(await stepOf(login)).toBe('challenge-totp')
    expect(await countTo(phone)).toBe(before)
    expect(locationOf(await login.post('challenge/sms', { code }))).toBe(login.step)
    // What was sent stays sent: neither coming back nor choosing it again sends another.
    for (let i = 0; i < 3; i++) await login.post('method', { method: 'sms' })
    expect(await stepOf(login)).toBe('sent-code')
    expect(await countTo(phone)).toBe(before)
    await login.post('method', { method: 'totp' })
    const shownByApp = await codeFor(secret, clock.now + 30_000)
    await login.post('method', { method: 'sms' })
    expect(locationOf(await login.post('challenge/totp', { code: shownByApp }))).toBe(login.step)
    expect(locationOf(await login.post('challenge/sms', { code }))).toContain('code=')
  })

  it('goes from the number page to the app in a set-up, and a number that was given is not kept', async () => {
    const phone = freshNumber()
    const sub = randomUUID()
    const login = await users.loginOf(sub, inGroup('g-apps')).begin()
    await login.post('method', { method: 'sms' })
    expect(await stepOf(login)).toBe('enrol-phone')
    await give(login, phone)
    expect((await login.page()).text).toContain('id="try-another-way"')
    await login.post('method', { method: 'totp' })
    const secret = secretOn((await login.page()).text)
    expect(locationOf(await login.post('enrol/sms', { code: await users.newest(phone) }))).toBe(login.step)
    expect(locationOf(await login.post('enrol/totp', { code: await codeFor(secret, clock.now) }))).toContain(
      'code=',
    )
    expect((await stored(sub)).map(({ method }) => method)).toEqual(['totp'])
  })
})

describe('without anybody to send', () => {
  it('text messages are no method, and the inbox is not there', async () => {
    const other = await startApp({ keycloakUrl: realm.keycloakUrl, clock })
    await other.policy.saveSettings('demo', {
      enforcement: 'required',
      methods: ['sms', 'totp'],
      smsCountries: ['NL'],
    })
    const login = await smsUsers(other, realm, clock).loginOf(randomUUID()).begin()
    expect(pageName((await login.page()).text)).toBe('enrol-totp')
    expect((await supertest(other.url).get('/dev/inbox.json')).status).toBe(404)
    expect((await supertest(other.url).get('/dev/inbox')).status).toBe(404)
    expect((await supertest(other.url).post('/sms/status')).status).toBe(404)
    await other.stop()
  })
})
