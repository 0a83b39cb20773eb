import { randomUUID } from 'node:crypto'
import { decodeJwt } from 'jose'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { startApp } from '../support/app.ts'
import type { Clock, RunningApp } from '../support/app.ts'
import { Login, codeFor } from '../support/login.ts'
import { startMailServer } from '../support/mail.ts'
import type { MailServerDouble } from '../support/mail.ts'
import { startRealm } from '../support/realm.ts'
import type { FakeRealm } from '../support/realm.ts'
import { otherThan, pageName } from '../support/sms.ts'

const clock: Clock = { now: Date.now() }
let realm: FakeRealm
let server: MailServerDouble
let app: RunningApp

const settings = (port: number) => ({
  enforcement: 'required' as const,
  methods: ['email', 'totp', 'backup-codes'],
  mail: { host: '127.0.0.1', port, security: 'none' as const, from: 'sso@example.com', fromName: 'Acme' },
})

beforeAll(async () => {
  realm = await startRealm()
  server = await startMailServer()
  app = await startApp({
    keycloakUrl: realm.keycloakUrl,
    clock,
    background: true,
    environment: { LATCHKEY_PRIVATE_HOSTS: '127.0.0.1' },
  })
  await app.policy.saveSettings('demo', settings(server.port))
  await app.policy.saveRule('demo', {
    groupId: 'g-mail',
    enforcement: 'required',
    methods: ['email'],
    priority: 0,
  })
})
afterAll(async () => {
  await app.stop()
  await server.stop()
  await realm.stop()
})

let people = 0
const person = () => {
  people++
  return { sub: randomUUID(), email: `person-${people}@example.com` }
}
const byMail = { groups: [{ id: 'g-mail', path: '/mail' }] }
const begin = async (change: Record<string, unknown>) =>
  await new Login(app, realm, change, () => clock.now).begin()
const codeOf = (text: string | undefined) => /\n(\d{6})\n/.exec(text ?? '')?.[1] ?? ''
const codeTo = async (address: string, count: number) =>
  codeOf((await server.mailTo(address, /is your code/, count)).text)

/** Somebody who has proven the address, and the number of mails that it took. */
async function enrolled() {
  const user = person()
  const login = await begin({ ...user, ...byMail })
  await login.post('enrol/email', { code: await codeTo(user.email, 1) })
  clock.now += 60_000
  return user
}

describe('codes by e-mail (S16)', () => {
  it('go to the address that Keycloak has, prove it, and make the method', async () => {
    const user = person()
    const login = await begin({ ...user, ...byMail })
    const { text } = await login.page()
    expect(pageName(text)).toBe('sent-code')
    expect(text).toContain('Confirm your e-mail address')
    expect(text).toContain('p•••@example.com')
    expect(text).not.toContain(user.email)
    const mail = await server.mailTo(user.email)
    expect(mail.subject).toMatch(/^\d{6} is your code for demo$/)
    const done = await login.post('enrol/email', { code: codeOf(mail.text) })
    const { body } = await login.redeem(String(done.headers['location']))
    // RFC 8176 has no value for e-mail, and none is made up (R21).
    expect(decodeJwt(body.id_token as string)).toMatchObject({ acr: '2', amr: ['pwd', 'mfa'] })
  })

  it('go to the proven address at the next login, whatever Keycloak says by then (R25)', async () => {
    const user = await enrolled()
    const before = server.mails.length
    const login = await begin({ ...user, ...byMail, email: 'thief@example.com' })
    const code = await codeTo(user.email, 2)
    expect(
      server.mails.slice(before).flatMap((mail) => [mail.to].flat().map((to) => to?.text)),
    ).not.toContain('thief@example.com')
    const done = await login.post('challenge/email', { code })
    expect(done.headers['location']).toContain('code=')
  })

  it('are good once, for their own purpose, and the newest alone (R3, P12)', async () => {
    const user = await enrolled()
    const first = await begin({ ...user, ...byMail })
    const old = await codeTo(user.email, 2)
    clock.now += 31_000
    await first.post('send', {})
    const fresh = await codeTo(user.email, 3)
    expect((await first.post('challenge/email', { code: old })).headers['location']).toContain('code-wrong')
    expect((await first.post('enrol/email', { code: fresh })).headers['location']).not.toContain('code=')
    expect((await first.post('challenge/email', { code: fresh })).headers['location']).toContain('code=')
    clock.now += 60_000
    const second = await begin({ ...user, ...byMail })
    expect((await second.post('challenge/email', { code: fresh })).headers['location']).toContain(
      'code-wrong',
    )
  })

  it('are none where Keycloak has no address', async () => {
    const login = await begin({ sub: randomUUID(), ...byMail })
    expect(pageName((await login.page()).text)).toBe('blocked')
  })

  it('say so on the page when the server takes none, and count no try', async () => {
    const user = person()
    await app.policy.saveSettings('demo', settings(1))
    const login = await begin({ ...user, ...byMail })
    expect((await login.page()).text).toContain('The code could not be sent.')
    await app.policy.saveSettings('demo', settings(server.port))
    clock.now += 31_000
    login.step = login.step.split('?', 1)[0]!
    await login.post('send', {})
    expect(await codeTo(user.email, 1)).toMatch(/^\d{6}$/)
  })
})

describe('the user is told (S21, R18)', () => {
  const subjects = (address: string) =>
    server.mails
      .filter((mail) => [mail.to].flat().some((to) => to?.text === address))
      .map(({ subject }) => subject)

  it('of a method that was added, once, with time and application, and of no backup codes beside it', async () => {
    const user = person()
    const login = await begin({ ...user, client: { id: 'payroll', name: 'Payroll' } })
    await login.post('method', { method: 'totp' })
    await login.enrol()
    const mail = await server.mailTo(user.email)
    expect(mail.subject).toBe('A way to sign in was added to your account')
    expect(mail.text).toMatch(/Method: Authenticator app\nApplication|Application: Payroll/)
    expect(mail.text).toContain('127.0.0.1')
    expect(subjects(user.email)).toHaveLength(1)
  })

  it('of a failed second factor once in a burst, later, and of the lockout at once', async () => {
    const user = person()
    const setUp = await begin(user)
    await setUp.post('method', { method: 'totp' })
    const { secret } = await setUp.enrol()
    await server.mailTo(user.email)
    clock.now += 60_000
    const login = await begin(user)
    const wrong = otherThan(await codeFor(secret, clock.now))
    for (let i = 0; i < 5; i++) await login.post('challenge/totp', { code: wrong })
    expect((await server.mailTo(user.email, /wrong codes/)).subject).toBe(
      'Too many wrong codes for your account',
    )
    clock.now += 121_000
    const late = await server.mailTo(user.email, /could not finish/)
    expect(late.subject).toBe('Somebody could not finish signing in to your account')
    expect(subjects(user.email)).toHaveLength(3)
  })

  it('of no failure where the right code came a moment later', async () => {
    const user = person()
    const setUp = await begin(user)
    await setUp.post('method', { method: 'totp' })
    const { secret, codes } = await setUp.enrol()
    await server.mailTo(user.email)
    clock.now += 60_000
    const login = await begin(user)
    await login.post('challenge/totp', { code: otherThan(await codeFor(secret, clock.now)) })
    await login.post('challenge/totp', { code: await codeFor(secret, clock.now) })
    clock.now += 10 * 60_000
    // What is due goes in order: the notice of a backup code arrives, so the other one is not on its way.
    const again = await begin(user)
    await again.post('method', { method: 'backup-codes' })
    await again.post('challenge/backup-codes', { code: codes[0]! })
    expect((await server.mailTo(user.email, /backup code/)).subject).toBe(
      'A backup code was used for your account',
    )
    expect(subjects(user.email)).toHaveLength(2)
  })

  it('later and once where the mail server was away, and no login waits for it', async () => {
    const user = person()
    await app.policy.saveSettings('demo', settings(1))
    const login = await begin(user)
    await login.post('method', { method: 'totp' })
    const { location } = await login.enrol()
    expect(location).toContain('code=')
    await app.policy.saveSettings('demo', settings(server.port))
    const arrived = server.mailTo(user.email)
    const forward = setInterval(() => (clock.now += 30_000), 100)
    expect((await arrived).subject).toBe('A way to sign in was added to your account')
    clearInterval(forward)
    expect(subjects(user.email)).toHaveLength(1)
  })
})
