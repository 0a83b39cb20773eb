import { randomUUID } from 'node:crypto'
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import { totp } from '../../src/methods/totp/totp.ts'
import { startApp } from '../support/app.ts'
import type { RunningApp } from '../support/app.ts'
import { startApi } from '../support/api.ts'
import type { ApiWorld, Client } from '../support/api.ts'
import { codeFor, codesOn, Login, secretOn } from '../support/login.ts'
import { startMailServer } from '../support/mail.ts'
import type { MailServerDouble } from '../support/mail.ts'
import { freshNumber, inboxOf } from '../support/sms.ts'

/** Names as people, administrators and directories may choose them. */
const NASTY: [what: string, name: string][] = [
  ['a header', 'x\r\nBcc: thief@evil.example\r\nX-Injected: yes'],
  ['a whole message', 'x\r\n\r\n<script>alert(1)</script>\r\n.\r\nMAIL FROM:<thief@evil.example>'],
  ['a line that binds a code', 'x\n\n@evil.example #123456'],
  ['another address', '"x" <thief@evil.example>, y'],
  ['colours of a terminal', '\u001b[31mred\u001b]0;title\u0007\u009b32m'],
  ['line separators', 'a\u2028b\u2029c\u0085d'],
  ['marks of direction', '\u202egpj.exe\u200f\u2066x'],
  ['a template', '{{7*7}}{{{constructor.constructor}}}{0}{code}{realm}{{> layout}}'],
  ['HTML', `"><img src=x onerror=alert(1)>'<b>`],
  ['a formula', `=cmd|' /C calc'!A1;=1+1`],
  ['parameters', 'x?secret=AAAA&issuer=evil:y/../%0d%0a#'],
  ['encoded words', '=?utf-8?Q?=0d=0aBcc:_thief@evil.example?='],
  ['much', 'é'.repeat(255)],
]
const UNPRINTABLE = /[\p{Cc}\u2028\u2029\u202a-\u202e\u2066-\u2069]/u

let world: ApiWorld
let erin: Client
let server: MailServerDouble
/** A sidecar of its own, since a trial's inbox takes mail as well. */
let texting: RunningApp
beforeAll(async () => {
  server = await startMailServer()
  world = await startApi({
    groups: [{ id: 'g-all', path: '/all' }],
    users: [
      { id: 'erin', roles: ['tfa-admin'] },
      ...NASTY.map(([, name], i) => ({ id: `nasty-${i}`, username: name, groups: ['g-all'] })),
    ],
    background: true,
    environment: { LATCHKEY_PRIVATE_HOSTS: '127.0.0.1' },
  })
  erin = await world.as('erin', ['tfa-admin'])
  texting = await startApp({
    keycloakUrl: world.realm.keycloakUrl,
    clock: world.clock,
    environment: { LATCHKEY_DELIVERY: 'inbox' },
  })
  await texting.policy.saveSettings('demo', settingsWith(['sms']))
})
afterAll(async () => {
  await texting.stop()
  await world.stop()
  await server.stop()
})

const settingsWith = (methods: string[], fromName = 'Acme') => ({
  enforcement: 'required' as const,
  methods,
  smsCountries: ['NL'],
  smsPerAddress: 1_000,
  smsTexts: { en: '{realm}: {code} for {minutes} minutes' },
  mail: {
    host: '127.0.0.1',
    port: server.port,
    security: 'none' as const,
    from: 'sso@example.com',
    fromName,
  },
})

/** A login of somebody new whose every name is this one. */
const named = async (name: string, change: Record<string, unknown> = {}, app = world.app) =>
  await new Login(
    app,
    world.realm,
    {
      sub: randomUUID(),
      preferred_username: name,
      realm_display_name: name,
      client: { id: name, name },
      groups: [{ id: 'g-nasty', path: `/${name}` }],
      roles: [name],
      ...change,
    },
    () => world.clock.now,
  ).begin()

const headersOf = (mail: { headers: Map<string, unknown> }) => [...mail.headers.keys()].toSorted()

describe.each(NASTY)('a name that is %s', (_what, name) => {
  it('adds nothing to mail: neither a header nor a recipient nor a line (R24)', async () => {
    await world.app.policy.saveSettings('demo', settingsWith(['email']))
    const [plainTo, to] = [`${randomUUID()}@example.com`, `${randomUUID()}@example.com`]
    await named('bob', { email: plainTo, email_verified: true })
    const plain = await server.mailTo(plainTo)
    const login = await named(name, { email: to, email_verified: true })
    const mail = await server.mailTo(to)
    expect(headersOf(mail)).toEqual(headersOf(plain))
    expect([mail.to].flat().flatMap((list) => list?.value ?? [])).toMatchObject([{ address: to }])
    expect(mail.from?.value).toMatchObject([{ address: 'sso@example.com', name: 'Acme' }])
    expect(mail.subject).not.toMatch(/[\p{Cc}\p{Zl}\p{Zp}]/u)
    expect(mail.subject).toMatch(/^\d{6} is your code for /)
    expect(mail.text?.split('\n')).toHaveLength(plain.text?.split('\n').length ?? 0)
    expect(String(mail.html)).not.toMatch(/<img src=x|<script>|<b>'|<b>$/)
    const { text } = await login.page()
    expect(text).not.toMatch(/<img src=x|<script>alert/)
    const code = /\n(\d{6})\n/.exec(mail.text ?? '')?.[1] ?? ''
    const done = await login.post('enrol/email', { code })
    expect(done.headers['location']).toContain('code=')
    const notice = await server.mailTo(to, /was added/)
    expect(headersOf(notice)).toEqual(headersOf(plain))
    expect(notice.text).toMatch(/\nApplication: .*\nNetwork|\nApplication: .*\n/)
    expect(notice.text).not.toContain('\nBcc:')
    expect(notice.text).not.toContain('\n@evil.example')
  })

  it('adds no line to a text message, whose code stays bound to this site (R3)', async () => {
    const phone = freshNumber()
    await named(name, { phone_number: phone }, texting)
    const [message] = await inboxOf(texting, phone)
    const lines = message?.text.split(/[\n\r\u2028\u2029\u0085]/) ?? []
    expect(lines).toHaveLength(3)
    expect(lines[1]).toBe('')
    expect(lines[2]).toMatch(/^@127\.0\.0\.1 #\d{6}$/)
  })

  it('stays one part of the key URI, and one line of the file of codes (R1)', async () => {
    await world.app.policy.saveSettings('demo', settingsWith(['totp', 'backup-codes']))
    const login = await named(name)
    const secret = secretOn((await login.page()).text)
    await login.post('enrol/totp', { code: await codeFor(secret, world.clock.now), label: name })
    const codes = codesOn((await login.page()).text)
    const file = await login.browser.get(`${login.step}/backup-codes.txt`)
    expect(file.headers['content-disposition']).toBe('attachment; filename=backup-codes.txt')
    expect(file.text.split('\r\n')).toHaveLength(codes.length + 3)
    expect(file.text).not.toMatch(/[\u2028\u2029\u0085]/)
    const account = { realm: 'demo', userId: 'u', username: name, issuer: name }
    const shown = totp.showEnrolment({ secret, lastStep: 0 }, account)
    const uri = shown.kind === 'totp' ? String(shown.uri) : ''
    expect(uri).toMatch(/^otpauth:\/\/totp\/[\w%.!~*'()-]+:[\w%.!~*'()-]+\?[\w%.!~*'()=&-]+$/)
    const query = [...new URL(uri).searchParams]
    expect(query.map(([key]) => key)).toEqual(['secret', 'issuer', 'algorithm', 'digits', 'period'])
    expect(query[1]?.[1]).toBe(name.replaceAll(':', ' ').slice(0, name.startsWith('é') ? 100 : undefined))
  })
})

describe('the audit as a file', () => {
  it('keeps whatever was written as a reason or a name in its own cell, and runs none of it (R23)', async () => {
    for (const [i, [, name]] of NASTY.entries()) {
      const body = { enforcement: 'optional', reason: name.slice(0, 200) }
      const answer = await erin('PUT', `/users/nasty-${i}/override`, {
        body,
        headers: { 'If-None-Match': '*' },
      })
      expect(answer.status, answer.text).toBeLessThan(500)
    }
    const { status, text, headers } = await erin('GET', '/audit/export?format=csv')
    expect(status).toBe(200)
    expect(headers.get('content-disposition')).toMatch(/^attachment; filename="audit-demo-[\d-]+\.csv"$/)
    expect(text).toContain('cmd|')
    expect(text).not.toMatch(/(^|[,;\t\n]"?)[=+@]/m)
    for (const line of (await erin('GET', '/audit/export?format=jsonl')).text.trimEnd().split('\n'))
      expect(() => JSON.parse(line) as unknown).not.toThrow()
  })
})

describe('the log', () => {
  it('is one JSON object a line, with nothing that a terminal acts on, whatever came in (R23)', async () => {
    const before = world.app.written.length
    for (const [, name] of NASTY) {
      const path = encodeURIComponent(name)
      await fetch(`${world.app.url}/realms/${path}/account`, {
        headers: { 'X-Request-Id': encodeURIComponent(name), 'User-Agent': path },
      })
      await erin('PUT', '/users/nasty-1/override', { body: { [name]: 1, enforcement: name } })
      await erin('GET', `/users?status=${path}&${path}=1`)
      await erin('GET', `/users/${path}`)
      await named(name, { purpose: name, [name]: name, acr_values: name }).catch(() => {})
    }
    // What another program says of a fault may name anything.
    for (const [, name] of NASTY) {
      const user = vi.spyOn(world.directory, 'user').mockRejectedValueOnce(new Error(name))
      expect((await erin('POST', '/users/nobody/unlock')).status).toBe(500)
      user.mockRestore()
    }
    const lines = world.app.written.slice(before)
    expect(lines.length).toBeGreaterThan(NASTY.length * 4)
    for (const line of lines) {
      expect(line.endsWith('\n')).toBe(true)
      expect(line.slice(0, -1)).not.toMatch(UNPRINTABLE)
      expect(() => JSON.parse(line) as unknown).not.toThrow()
    }
    // Some of it is there, or this would look at nothing.
    expect(lines.join('')).toContain('{{7*7}}')
  })
})
