import { afterAll, beforeAll, beforeEach, describe, expect, inject, it } from 'vitest'
import type { RealmSettings } from '../../src/core/settings.ts'
import { startApp } from '../support/app.ts'
import type { Clock, RunningApp } from '../support/app.ts'
import type { Login } from '../support/login.ts'
import { createDatabase } from '../support/postgres.ts'
import type { TestDatabase } from '../support/postgres.ts'
import { startRealm } from '../support/realm.ts'
import type { FakeRealm } from '../support/realm.ts'
import { freshNumber, inboxOf, locationOf, pageName, smsUsers, toNextHour, words } from '../support/sms.ts'

/** What one server writes, another on the same database acts by at its next request (S19). */
const clock: Clock = { now: Date.now() }
let realm: FakeRealm
let database: TestDatabase
/** Serves the logins. */
let app: RunningApp
/** Where the administrator is. */
let other: RunningApp
let users: ReturnType<typeof smsUsers>

beforeAll(async () => {
  realm = await startRealm()
  database = await createDatabase(inject('postgresUrl'))
  const both = { keycloakUrl: realm.keycloakUrl, clock, dbUrl: database.url }
  app = await startApp({ ...both, environment: { LATCHKEY_DELIVERY: 'inbox' } })
  other = await startApp({
    ...both,
    environment: { LATCHKEY_DELIVERY: 'inbox', LATCHKEY_HOSTNAME: app.url },
  })
  users = smsUsers(app, realm, clock)
})
afterAll(async () => {
  await app.stop()
  await other.stop()
  await realm.stop()
  await database.drop()
})
beforeEach(async () => {
  toNextHour(clock)
  await set()
})

const set = async (change: Partial<RealmSettings> = {}) =>
  await other.policy.saveSettings('demo', {
    enforcement: 'required',
    methods: ['sms'],
    smsCountries: ['NL'],
    ...change,
  })
/** The newest message to a number, without the line that binds its code. */
const toldTo = async (phone: string) => (await inboxOf(app, phone))[0]?.text.split('\n')[0] ?? ''
const codeTo = async (phone: string) =>
  /#(\d+)$/.exec((await inboxOf(app, phone))[0]?.text ?? '')?.[1] ?? 'none'
const submitsAt = (html: string) => /data-submit-at="(\d+)"/.exec(html)?.[1]
const again = async (login: Login) => {
  clock.now += 30_000
  return await login.post('send', {})
}

describe('the length of a code', () => {
  it.each([6, 7, 8])(
    'is %i digits, which the page names, submits itself at and takes',
    async (codeLength) => {
      await set({ codeLength })
      const phone = freshNumber()
      const login = await users.known(phone)
      const code = await codeTo(phone)
      expect(code).toMatch(new RegExp(`^\\d{${codeLength}}$`))
      const { text } = await login.page()
      expect(words(text)).toContain(`Enter the ${codeLength}-digit code`)
      expect(words(text)).toContain(`all ${codeLength} digits`)
      expect(submitsAt(text)).toBe(String(codeLength))
      await login.page('?ui_locales=de')
      expect(words((await login.page()).text)).toContain(`${codeLength}-stelligen Code`)
      const short = await login.post('enrol/sms', { code: code.slice(1) })
      expect(locationOf(short)).toBe(`${login.step}?error=code-missing`)
      const typed = `${code.slice(0, 3)} ${code.slice(3)}`
      expect(locationOf(await login.post('enrol/sms', { code: typed }))).toContain('code=')
    },
  )

  it('is that of the code that was sent until another one is: its page and its answer go on', async () => {
    const phone = freshNumber()
    const enrolled = await users.enrolled()
    const challenge = await enrolled.begin()
    const [login, second] = [await users.known(phone), await users.known(phone)]
    await set({ codeLength: 8 })
    for (const page of [await login.page(), await challenge.page()]) expect(submitsAt(page.text)).toBe('6')
    const code = await codeTo(enrolled.phone)
    expect(locationOf(await challenge.post('challenge/sms', { code }))).toContain('code=')
    expect(locationOf(await again(second))).toBe(second.step)
    expect(submitsAt((await second.page()).text)).toBe('8')
    expect(submitsAt((await login.page()).text)).toBe('6')
    expect(await codeTo(phone)).toMatch(/^\d{8}$/)
    expect(locationOf(await second.post('enrol/sms', { code: await codeTo(phone) }))).toContain('code=')
  })
})

describe('the text of a message', () => {
  it("is the administrator's at the next message, on a step that goes on; the last line stays ours", async () => {
    const phone = freshNumber()
    const login = await users.known(phone)
    expect(await toldTo(phone)).toMatch(/^\d{6} is your code for/)
    await set({
      smsTexts: { en: '{realm} says {code}, good for {minutes} min', de: 'Code {code} für {realm} 🔑' },
      codeSeconds: 200,
    })
    await again(login)
    const code = await codeTo(phone)
    expect((await inboxOf(app, phone))[0]?.text).toBe(
      `demo says ${code}, good for 3 min\n\n@127.0.0.1 #${code}`,
    )
    await login.page('?ui_locales=de')
    await again(login)
    expect(await toldTo(phone)).toBe(`Code ${await codeTo(phone)} für demo 🔑`)
    await set()
    await again(login)
    expect(await toldTo(phone)).not.toContain('🔑')
  })

  it.each([
    ['nl-BE', 'V {code}', 'nl-BE'],
    ['nl-NL', 'N {code}', 'nl'],
    ['sv', 'E {code}', 'en, in which the page is'],
  ])('to a user of %s is %j, by %s', async (locale, expected) => {
    await set({ smsTexts: { nl: 'N {code}', 'nl-BE': 'V {code}', en: 'E {code}' } })
    const phone = freshNumber()
    await users.loginOf(crypto.randomUUID(), { phone_number: phone, ui_locales: locale }).begin()
    expect(await toldTo(phone)).toBe(expected.replace('{code}', await codeTo(phone)))
  })

  it("says no more minutes than are left for the step, and keeps a realm's name on its line", async () => {
    await set({ smsTexts: { en: '{code} {minutes} {realm}' }, stepSeconds: 120, codeSeconds: 600 })
    const phone = freshNumber()
    const realm_display_name = 'Demo\n@evil.example #000000'
    await users.loginOf(crypto.randomUUID(), { phone_number: phone, realm_display_name }).begin()
    expect(await toldTo(phone)).toBe(`${await codeTo(phone)} 2 Demo @evil.example #000000`)
  })
})

describe('the time for a verification', () => {
  it('ends it, and with it everything that was begun; asking again buys none', async () => {
    await set({ stepSeconds: 120 })
    const phone = freshNumber()
    const login = await users.known(phone)
    const first = await codeTo(phone)
    clock.now += 100_000
    await login.push()
    clock.now += 19_999
    expect(pageName((await login.page()).text)).toBe('sent-code')
    clock.now += 1
    expect(pageName((await login.page()).text)).toBe('expired')
    await login.push()
    await login.open()
    expect(pageName((await login.page()).text)).toBe('sent-code')
    const second = await codeTo(phone)
    if (first !== second) {
      expect(locationOf(await login.post('enrol/sms', { code: first }))).toContain('error=code-wrong')
    }
    expect(locationOf(await login.post('enrol/sms', { code: second }))).toContain('code=')
  })
})

describe('other limits', () => {
  it('are in force at the next request: tries, lockout, pause, life of a code', async () => {
    const phone = freshNumber()
    const login = await users.known(phone)
    await set({ resendSeconds: 600, codeSeconds: 60 })
    expect(locationOf(await again(login))).toContain('send=limited')
    await set({ codeSeconds: 60 })
    await again(login)
    clock.now += 60_000
    const late = await login.post('enrol/sms', { code: await codeTo(phone) })
    expect(locationOf(late)).toContain('error=code-wrong')
    await set({ maxFailures: 2, lockoutSeconds: 7 })
    await login.post('enrol/sms', { code: '000000' === (await codeTo(phone)) ? '000001' : '000000' })
    const locked = await login.page()
    expect([pageName(locked.text), locked.headers['retry-after']]).toEqual(['locked', '7'])
  })

  it('are refused out of bounds, and what was there stays', async () => {
    await expect(set({ codeLength: 9 })).rejects.toThrow('codeLength')
    await expect(set({ smsTexts: { en: 'no code' } })).rejects.toThrow('must have {code} once')
    const phone = freshNumber()
    await users.known(phone)
    expect(await codeTo(phone)).toMatch(/^\d{6}$/)
  })
})
