import { randomUUID } from 'node:crypto'
import { afterAll, beforeAll, beforeEach, expect, it } from 'vitest'
import { startApp } from '../support/app.ts'
import type { RunningApp } from '../support/app.ts'
import { startRealm } from '../support/realm.ts'
import type { FakeRealm } from '../support/realm.ts'
import {
  freshNumber,
  inboxOf,
  locationOf,
  pageName,
  smsUsers,
  toNextHour,
  words,
  metric,
} from '../support/sms.ts'
import { startReceiver } from '../support/sms-receiver.ts'
import { twilioAt } from '../support/sms-twilio.ts'

const clock = { now: Date.now() }
let realm: FakeRealm
let app: RunningApp
let users: ReturnType<typeof smsUsers>
beforeAll(async () => {
  realm = await startRealm()
  app = await startApp({ keycloakUrl: realm.keycloakUrl, clock, environment: { LATCHKEY_DELIVERY: 'inbox' } })
  users = smsUsers(app, realm, clock)
  await app.policy.saveSettings('demo', {
    enforcement: 'required',
    methods: ['sms'],
    smsCountries: ['NL', 'DE'],
  })
  await app.policy.saveRule('demo', {
    groupId: 'g-apps',
    enforcement: 'required',
    methods: ['sms', 'totp'],
    priority: 0,
  })
  await app.policy.saveSettings('demo', {
    enforcement: 'required',
    methods: ['sms', 'totp'],
    smsCountries: ['NL', 'DE'],
  })
  await app.policy.saveRule('demo', {
    groupId: 'g-finance',
    enforcement: 'required',
    methods: ['sms'],
    priority: 0,
  })
})
afterAll(async () => {
  await app.stop()
  await realm.stop()
})
beforeEach(() => toNextHour(clock))
const apps = { groups: [{ id: 'g-apps', path: '/apps' }] }

it('a number that an administrator set is not replaced by a posted form: password alone must not choose the destination (R25, R10)', async () => {
  const [phone, mine] = [freshNumber(), freshNumber()]
  const sub = randomUUID()
  const login = await users.known(phone, sub)
  clock.now += 30_000
  await login.post('phone', { country: 'NL', phone: mine })
  expect(await inboxOf(app, mine)).toEqual([])
})
it('and even proves and stores it', async () => {
  const [phone, mine] = [freshNumber(), freshNumber()]
  const sub = randomUUID()
  const login = await users.known(phone, sub)
  clock.now += 30_000
  await login.post('phone', { country: 'NL', phone: mine })
  const [m] = await inboxOf(app, mine)
  if (m) await login.post('enrol/sms', { code: /#(\d{6})$/.exec(m.text)![1]! })
  expect((await app.store.background('demo', sub, 'x')).credentials.map((own) => own.data)).toEqual([])
})
it('a country named like a property of every object is refused, not an error page', async () => {
  const login = await users.loginOf(randomUUID()).begin()
  for (const country of ['__proto__', 'toString', 'constructor']) {
    const r = await login.post('phone', { country, phone: '0612345678' })
    expect([country, r.status]).toEqual([country, 303])
  }
})
it('choosing text messages again does not send before the pause ends', async () => {
  const { phone, begin } = await users.enrolled()
  const login = await begin()
  const before = (await inboxOf(app, phone)).length
  for (let i = 0; i < 5; i++) await login.post('method', { method: 'sms' })
  expect((await inboxOf(app, phone)).length - before).toBe(0)
})
it('choosing another method and back in a set-up does not send before the pause ends', async () => {
  const phone = freshNumber()
  const login = await users.loginOf(randomUUID(), { phone_number: phone, ...apps }).begin()
  for (let i = 0; i < 4; i++) {
    await login.post('method', { method: 'sms' })
    await login.post('method', { method: 'totp' })
  }
  expect((await inboxOf(app, phone)).length).toBe(1)
})
it('after a lock that a login met at its start, the page does not speak of a message that was never sent', async () => {
  const { phone, begin } = await users.enrolled()
  const one = await begin()
  for (let i = 0; i < 5; i++) await one.post('challenge/sms', { code: '424242' })
  const before = (await inboxOf(app, phone)).length
  const two = await begin()
  clock.now += 60_000
  const { text } = await two.page()
  expect((await inboxOf(app, phone)).length > before || !/from the text message/.test(words(text))).toBe(true)
})
it('an overtaken first set-up that turns into a challenge sends its code', async () => {
  const phone = freshNumber()
  const sub = randomUUID()
  const [one, two] = [await users.known(phone, sub), await users.known(phone, sub)]
  const msgs = await inboxOf(app, phone)
  const code = (message: { text: string } | undefined) => /#(\d{6})$/.exec(message?.text ?? '')?.[1] ?? ''
  await one.post('enrol/sms', { code: code(msgs[1]) })
  const before = (await inboxOf(app, phone)).length
  await two.post('enrol/sms', { code: code(msgs[0]) })
  const { text } = await two.page()
  expect([pageName(text), (await inboxOf(app, phone)).length]).toEqual(['sent-code', before + 1])
})
it('an overtaken first set-up sends no code to a number that is typed (R17)', async () => {
  const sub = randomUUID()
  const phone = freshNumber()
  const mine = freshNumber()
  const two = await users.loginOf(sub).begin()
  const one = await users.known(phone, sub)
  await one.post('enrol/sms', { code: await users.newest(phone) })
  await two.post('phone', { country: 'NL', phone: mine })
  expect(await inboxOf(app, mine)).toEqual([])
})
it('an account SID that is none is refused at start', async () => {
  const receiver = await startReceiver()
  const environment = twilioAt(receiver.url, { LATCHKEY_TWILIO_ACCOUNT_SID: 'XX123' })
  await expect(startApp({ keycloakUrl: realm.keycloakUrl, environment })).rejects.toThrow(
    'LATCHKEY_TWILIO_ACCOUNT_SID must begin with AC',
  )
  await receiver.stop()
})

it('the alarm sounds too where the provider takes none of the messages', async () => {
  const r = await startReceiver()
  r.answer({ status: 500 })
  const other = await startApp({ keycloakUrl: realm.keycloakUrl, clock, environment: twilioAt(r.url) })
  await other.policy.saveSettings('demo', {
    enforcement: 'required',
    methods: ['sms'],
    smsCountries: ['NL'],
    smsAlarm: 3,
  })
  for (let i = 0; i < 4; i++) await smsUsers(other, realm, clock).known()
  const n = await metric(other, 'latchkey_text_message_alarms_total', 'realm="demo"')
  await other.stop()
  await r.stop()
  expect(n).toBeGreaterThan(0)
})
it('a number with a space before its plus is taken; one with the marks that contacts apps copy too', async () => {
  for (const typed of [' +31612345001', '\u202a+31612346001\u202c']) {
    const login = await users.loginOf(randomUUID()).begin()
    expect(locationOf(await login.post('phone', { country: 'NL', phone: typed }))).toBe(login.step)
  }
})
it('a fixed number of a country that is not allowed does not let the password choose another (R25)', async () => {
  const login = await users.loginOf(randomUUID(), { phone_number: '+33612345678' }).begin()
  expect(pageName((await login.page()).text)).not.toBe('enrol-phone')
})
