import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { linesOf, startPages } from '../support/admin-pages.ts'
import type { PagesWorld, Visitor } from '../support/admin-pages.ts'
import { startMailServer } from '../support/mail.ts'

const PASSWORD = 'pa55-of-the-mail-server'
const NUMBER = '+31687654321'
const MINUTE = 60_000

describe('the pages of mail and text messages', () => {
  let world: PagesWorld
  let erin: Visitor

  beforeEach(async () => {
    world = await startPages({
      users: [
        { id: 'erin', roles: ['tfa-admin'], methods: ['totp'] },
        { id: 'grace', roles: ['tfa-auditor'], methods: ['totp'] },
      ],
      environment: { LATCHKEY_PRIVATE_HOSTS: '127.0.0.1' },
    })
    erin = await world.as('erin', ['tfa-admin'])
  })
  afterEach(async () => {
    await world.stop()
  })

  const settings = async (set: Parameters<typeof world.app.policy.saveSettings>[1]) =>
    await world.app.policy.saveSettings('demo', set)
  const mailAt = (port: number) =>
    ({ host: '127.0.0.1', port, security: 'none', from: 'a@b.org', username: 'acme' }) as const

  it('set, change and remove the password of the mail server, and never show it (S16, R23)', async () => {
    await settings({ mail: mailAt(25) })
    expect((await erin.get('/settings')).html).toMatch(/id="state-mail-password".*?Not set/s)
    const page = await erin.get('/settings/secrets/mail-password')
    expect(page.html).toMatch(
      /<input[^>]* name="secret" type="password" autocomplete="new-password"[^>]* value=""/,
    )
    const saved = await erin.post('/settings/secrets/mail-password', { secret: PASSWORD })
    expect(saved.to).toBe('/settings?done=secret-saved#group-mail')
    const after = [
      await erin.get('/settings'),
      await erin.get('/settings/secrets/mail-password'),
      await erin.get('/audit'),
    ]
    expect(after[0]?.html).toMatch(/id="state-mail-password".*?Set</s)
    for (const { html } of after) expect(html).not.toContain(PASSWORD)
    expect(linesOf(await erin.get('/settings/secrets/mail-password/remove'))).toContain(
      'Nothing will be left of this: Password of the mail server.',
    )
    const removed = await erin.post('/settings/secrets/mail-password/remove')
    expect(removed.to).toBe('/settings?done=secret-removed#group-mail')
    expect(await world.app.admin.secretsSet('demo')).toEqual([])
  })

  it('say next to the field what a secret must be, and give back nothing that was typed', async () => {
    for (const [name, secret] of [
      ['mail-password', ''],
      ['sms-webhook-secret', 'too-short-secret'.slice(1)],
      ['twilio-auth-token', 'x'.repeat(256)],
    ] as const) {
      const page = await erin.post(`/settings/secrets/${name}`, { secret })
      expect(page.status).toBe(400)
      expect(page.html).toMatch(/<input[^>]* name="secret"[^>]* value=""[^>]* aria-invalid="true"/)
      if (secret !== '') expect(page.html).not.toContain(secret)
    }
    expect((await erin.get('/settings/secrets/another')).status).toBe(404)
  })

  it('carry neither a secret nor a number into an address when the second factor is not fresh (R17, R23)', async () => {
    world.clock.now += 6 * MINUTE
    for (const [path, form] of [
      ['/settings/secrets/mail-password', { secret: PASSWORD }],
      ['/settings/sms-test', { recipient: NUMBER }],
    ] as const) {
      const asked = await erin.post(path, form)
      expect(asked.status).toBe(303)
      expect(decodeURIComponent(asked.to)).not.toContain(PASSWORD)
      expect(decodeURIComponent(asked.to)).not.toContain(NUMBER)
    }
    expect(await world.app.admin.secretsSet('demo')).toEqual([])
  })

  it('send a test mail, and say what became of it in words: a wrong password, then one that is right (S17)', async () => {
    const server = await startMailServer({
      disabledCommands: ['STARTTLS'],
      allowInsecureAuth: true,
      onAuth: ({ password }, _session, done) =>
        password === PASSWORD ? done(null, { user: 'acme' }) : done(new Error('no')),
    })
    await settings({ mail: mailAt(server.port) })
    const test = async () => {
      const sent = await erin.post('/settings/mail-test', { recipient: 'erin@example.com' })
      expect(sent.to).toBe('/settings/mail-test')
      return linesOf(await erin.get(sent.to))
    }
    await erin.post('/settings/secrets/mail-password', { secret: 'wrong' })
    const failed = await test()
    expect(failed).toContain('The message did not go out.')
    expect(failed).toContain('the server did not take the user name and password (status 535)')
    expect(failed).toContain(`127.0.0.1, port ${server.port}, No encryption, from a@b.org`)
    world.clock.now += 1_000
    await erin.post('/settings/secrets/mail-password', { secret: PASSWORD })
    expect(await test()).toContain(
      'The mail server took the message. Look whether it arrives. Newest test, by erin,',
    )
    expect((await server.mailTo('erin@example.com')).subject).toBe('Mail of demo arrives')
    await server.stop()
  })

  it('say next to the field what is wrong with where a test is to go, and when a limit stands (R10)', async () => {
    await settings({ smsCountries: ['NL'], smsPerNumber: 1, mail: mailAt(1) })
    const errorOf = async (path: string, recipient: string) => {
      const page = await erin.post(path, { recipient })
      return [page.status, /id="field-recipient-error">([^<]*)</.exec(page.html)?.[1]]
    }
    expect(await errorOf('/settings/sms-test', '+4915112345678')).toEqual([
      400,
      'This must be of a country that text messages go to: NL.',
    ])
    expect(await errorOf('/settings/mail-test', 'nobody')).toEqual([400, 'This must be an e-mail address.'])
    await erin.post('/settings/sms-test', { recipient: NUMBER })
    expect(linesOf(await erin.get('/settings/sms-test'))).toContain(
      'nobody sends text messages for this realm',
    )
    expect(await errorOf('/settings/sms-test', NUMBER)).toEqual([
      400,
      'A limit on text messages stands. Try again later, or look at the limits.',
    ])
  })

  it('show an auditor which secrets are set, without a way to change or to test anything', async () => {
    await settings({
      mail: mailAt(25),
      smsCountries: ['NL'],
      smsProvider: 'webhook',
      smsWebhook: 'https://sms.example.com/',
    })
    await erin.post('/settings/secrets/mail-password', { secret: PASSWORD })
    const grace = await world.as('grace', ['tfa-auditor'])
    const { html } = await grace.get('/settings')
    expect(html).toMatch(
      /id="state-mail-password".*?Set<.*?id="state-sms-webhook-secret"|id="state-sms-webhook-secret".*?Not set<.*?id="state-mail-password"/s,
    )
    expect(html).not.toMatch(
      /settings\/(secrets|mail-test|sms-test)|<button[^>]*type="submit"[^>]*>(Set|Continue)/,
    )
    for (const path of ['secrets/mail-password', 'secrets/mail-password/remove', 'mail-test', 'sms-test']) {
      expect((await grace.get(`/settings/${path}`)).status, path).toBe(403)
      expect((await grace.post(`/settings/${path}`, { secret: 'x', recipient: NUMBER })).status, path).toBe(
        403,
      )
    }
    expect(await world.app.admin.secretsSet('demo')).toEqual(['mail-password'])
  })

  it('show what happened over time on the overview, and in numbers', async () => {
    expect(linesOf(await erin.get(''))).toContain('No logins yet in this time.')
    const day = (days: number) => world.clock.now - days * 86_400_000
    const entry = (event: string, at: number, detail: object) =>
      ({ event, realm: 'demo', userId: 'ann', at, detail }) as never
    await world.app.admin.commit({
      realm: 'demo',
      audit: [
        entry('challenge.succeeded', day(0), { method: 'totp' }),
        entry('challenge.succeeded', day(0), { method: 'totp' }),
        entry('challenge.succeeded', day(1), { method: 'sms' }),
        entry('code.sent', day(1), { channel: 'sms' }),
        entry('code.sent', day(1), { channel: 'sms' }),
        entry('decision.not-needed', day(40), {}),
      ],
    })
    world.app.start()
    await expect
      .poll(async () => linesOf(await erin.get('')), { timeout: 20_000, interval: 500 })
      .toMatch(/Text message 1 +App 2 +None needed 0/)
    const { html } = await erin.get('')
    expect(html).toMatch(/<rect class="series series-totp"/)
    expect(html).toMatch(/<rect class="series series-unanswered"/)
    expect(linesOf({ html })).toMatch(/Code given back 1 +Without an answer 1/)
    expect(linesOf(await erin.get('?days=90'))).toMatch(/Text message 1 +App 2 +None needed 1/)
  })
})
