import { describe, expect, it } from 'vitest'
import type { NoticeKind, Outgoing } from '../../src/core/notices/outbox.ts'
import { createMailWriter } from '../../src/web/render/mail.ts'

const writer = createMailWriter({ themesDir: 'themes', theme: 'keycloak' })
const KINDS: NoticeKind[] = [
  'attempt-failed',
  'locked',
  'method-added',
  'method-removed',
  'methods-reset',
  'backup-code-used',
]
const messageOf = (kind: NoticeKind, change: Partial<Outgoing> = {}): Outgoing => ({
  id: 'm',
  realm: 'demo',
  userId: 'u',
  channel: 'mail',
  to: 'bob@example.com',
  locale: 'en',
  realmDisplayName: 'Acme & Söhne',
  username: '<b>bob</b>',
  notice: {
    kind,
    at: Date.UTC(2026, 10, 24, 16, 5),
    method: 'totp',
    application: '"Payroll" <script>',
    address: '192.0.2.7',
  },
  notBefore: 0,
  expiresAt: 1,
  tries: 1,
  ...change,
})

describe.each(KINDS)('the notice %s', (kind) => {
  it.each(['en', 'de'])('says in %s what, when, where from, and has no key without a text', (locale) => {
    const { subject, text, html, to } = writer.notice(messageOf(kind, { locale }))
    expect(to).toBe('bob@example.com')
    for (const part of [subject, text, html])
      expect(part).not.toMatch(/notice\.|fact\.|method\.|greeting|\{\d\}/)
    for (const fact of ['2026', '192.0.2.7', 'Payroll', 'Authenticator']) {
      expect(text).toContain(fact)
      expect(html).toContain(fact)
    }
  })

  it('escapes what people chose in HTML, and leaves it as it is in plain text', () => {
    const { text, html } = writer.notice(messageOf(kind))
    expect(html).not.toContain('<script>')
    expect(html).not.toContain('<b>bob')
    expect(text).toContain('<b>bob</b>')
    expect(text).toContain('Acme & Söhne')
  })
})

describe('a code by mail', () => {
  const mail = { to: 'bob@example.com', locale: 'de-AT', realmDisplayName: 'Demo', username: 'bob' }

  it('stands in the subject, the text and the page, in the language of the login', () => {
    const { subject, text, html } = writer.code({ ...mail, code: '012345', minutes: 5 })
    expect(subject).toBe('012345 ist Ihr Code für Demo')
    expect(text).toContain('\n012345\n')
    expect(text).toContain('innerhalb von 5 Minuten')
    expect(html).toContain('>012345<')
    expect(html).toContain('lang="de"')
  })
})

describe('a link by mail', () => {
  const url = 'https://mfa.example.com/realms/demo/link?token=abc.def&x=1'
  const mail = { to: 'bob@example.com', realmDisplayName: 'Acme & Söhne', username: '<b>bob</b>', url }

  it.each([
    ['en', 'Set up your second step for Acme & Söhne', 'within 24 hours'],
    ['de', 'Richten Sie Ihren zweiten Schritt für Acme & Söhne ein', 'innerhalb von 24 Stunden'],
  ])(
    'stands on a line of its own in the text and as a button in the page, in %s',
    (locale, subject, hours) => {
      const written = writer.link({ ...mail, locale, hours: 24 })
      expect(written.subject).toBe(subject)
      expect(written.text.split('\n')).toContain(url)
      expect(written.text).toContain(hours)
      expect(written.html).toContain(
        'href="https://mfa.example.com/realms/demo/link?token&#x3D;abc.def&amp;x&#x3D;1"',
      )
      expect(written.html).not.toContain('<b>bob')
      for (const part of [written.text, written.html]) expect(part).not.toMatch(/link\.\w|greeting|\{\d\}/)
    },
  )
})

it('says it is an administrator who removed a method, and raises no alarm', () => {
  const message = messageOf('method-removed')
  const { text } = writer.notice({ ...message, notice: { ...message.notice, byAdministrator: true } })
  expect(text).toContain('An administrator removed it')
  expect(text).not.toContain('somebody else may know your password')
})

it('fits a line for a text message', () => {
  const line = writer.noticeLine(messageOf('locked'))
  expect(line).toMatch(/^Acme & Söhne: Too many wrong codes/)
  expect(line).not.toContain('\n')
})
