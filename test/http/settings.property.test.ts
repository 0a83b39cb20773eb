import { randomUUID } from 'node:crypto'
import fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { registry } from '../../src/methods/index.ts'
import { realmSettings } from '../../src/core/settings.ts'
import { startApi } from '../support/api.ts'
import type { ApiWorld, Client } from '../support/api.ts'
import { Login } from '../support/login.ts'

const NAMES = Object.keys(realmSettings.shape)
const METHODS = [...registry.keys()]
const MARK = '<i-was-here>'
const name = fc.oneof(
  fc.constantFrom('Acme', MARK, '{{7*7}}', '{0}', 'x\r\ny', '\u2028', '\u202e', '😀'.repeat(30), '\0', ' ', '=cmd', '\ud800'),
  fc.string({ unit: 'binary', maxLength: 20 }),
) // prettier-ignore
const some = (...of: string[]) => fc.subarray(of, { minLength: 1 })
const likely: Record<string, fc.Arbitrary<unknown>> = {
  enforcement: fc.constantFrom('required', 'required', 'optional', 'disabled'),
  methods: some(...METHODS),
  selfMethods: fc.oneof(fc.constant('all'), some(...METHODS)),
  grace: fc.oneof(
    fc.record({ days: fc.constantFrom(0, 1, 365, 366) }),
    fc.record({
      until: fc.constantFrom(
        '2026-02-30', '2026-12-31', '0000-01-01', '0001-01-01', '9999-12-31', '2027-01-01T00:00:00Z',
        '9999-12-31T23:59:59.999999999-23:59', '2026-03-29T02:30:00+01:00', '2026-01-01T24:00:00Z', '',
      ),
    }),
  ), // prettier-ignore
  timeZone: fc.constantFrom(
    'UTC', 'utc', 'Europe/Berlin', 'Pacific/Kiritimati', 'Pacific/Apia', '+05:30', 'Etc/GMT+12', 'CET', 'x', '__proto__',
  ), // prettier-ignore
  firstSetUp: fc.constantFrom('password', 'email-link', 'invitation'),
  issuerName: name,
  smsTexts: fc.dictionary(
    fc.constantFrom('en', 'de', 'pt-BR', 'zh-Hans', 'constructor', '__proto__', 'xx'),
    name.map((text) => `${text}{code}`),
    { maxKeys: 3 },
  ),
  smsCountries: fc.array(
    fc.oneof(
      fc.constantFrom('NL', 'DE', 'XX', 'AA', 'ZZ', 'EU', 'AQ', 'UK', '001'),
      fc.string({ maxLength: 3 }),
    ),
    { maxLength: 4 },
  ),
  mail: fc.record(
    {
      host: fc.constantFrom('127.0.0.1', 'localhost', '::1', 'mail.example.invalid', '...', ':'),
      port: fc.constantFrom(1, 65_535),
      security: fc.constantFrom('none', 'tls', 'starttls'),
      from: fc.constantFrom('sso@example.com', 'a@b.c'),
      fromName: name,
      username: name,
    },
    { requiredKeys: ['host', 'port', 'security', 'from'] },
  ),
  smsProvider: fc.constantFrom('operator', 'twilio', 'webhook'),
  smsWebhook: fc.constantFrom(
    'https://127.0.0.1:1/x',
    'https://x.example.invalid',
    'http://[::1]/',
    'https://-',
  ),
  reminderDays: fc.array(fc.integer({ min: 1, max: 90 }), { maxLength: 10 }),
}
const number = fc.oneof(
  fc.constantFrom(0, 1, 2, 4, 5, 6, 8, 10, 30, 60, 120, 365, 600, 1_800, 3_600, 86_400, 604_800, -1, 0.5),
  fc.boolean(),
)
/** Most of it in order, so that whole objects of it are. */
const patch = fc
  .subarray(
    NAMES.filter((one) => one !== 'apiClients'),
    { maxLength: 6 },
  )
  .chain((names) => fc.record(Object.fromEntries(names.map((one) => [one, likely[one] ?? number]))))

describe('settings that the API takes', () => {
  let world: ApiWorld
  let erin: Client
  beforeAll(async () => {
    world = await startApi({
      users: [{ id: 'erin', roles: ['tfa-admin'] }],
      environment: { LATCHKEY_DELIVERY: 'inbox' },
    })
    erin = await world.as('erin', ['tfa-admin'])
  })
  afterAll(async () => await world.stop())

  const saved = async (body: Record<string, unknown>) => {
    await world.app.policy.saveSettings('demo', {})
    const { status, text } = await erin('PATCH', '/settings', { body, headers: { 'If-Match': '*' } })
    expect(status, text).toBeLessThan(500)
    return status === 200
  }

  /** Somebody new signs in, and looks at every way that is offered. */
  async function signIn(change: Record<string, unknown> = {}): Promise<void> {
    const user = { sub: randomUUID(), email: 'bob@example.com', email_verified: true, ...change }
    const login = new Login(world.app, world.realm, user, () => world.clock.now)
    const pushed = await login.push()
    expect(pushed.status, pushed.text).toBeLessThan(300)
    if (login.decision?.['request_uri'] === undefined) return
    expect((await login.open()).status).toBe(303)
    login.step = login.step.split('?', 1)[0]!
    for (const method of ['', ...METHODS]) {
      if (method !== '') expect((await login.post('method', { method })).status).toBeLessThan(500)
      const page = await login.page()
      expect(page.status, `${method}: ${page.text}`).toBeLessThan(500)
      expect(page.text).not.toContain(MARK)
    }
  }

  it('give login pages that work, each of them alone (P21)', { timeout: 60_000 }, async () => {
    let taken = 0
    for (const one of NAMES.filter((known) => known !== 'apiClients')) {
      for (const value of fc.sample(likely[one] ?? number, { numRuns: 8, seed: 7 })) {
        const more = {
          methods: ['totp', 'sms', 'backup-codes'],
          smsCountries: ['NL'],
          enforcement: 'required',
        }
        if (!(await saved({ ...more, [one]: value }))) continue
        taken++
        if (likely[one] !== undefined) await signIn()
      }
    }
    expect(taken).toBeGreaterThan(60)
  })

  it('and a code that is no country is refused, and breaks no page where it was once taken (P21)', async () => {
    const before = { enforcement: 'required' as const, methods: ['sms'], smsCountries: ['XX', 'NL'] }
    expect(await saved({ methods: ['sms'], smsCountries: ['XX'] })).toBe(false)
    await world.app.policy.saveSettings('demo', before)
    await signIn()
  })

  it('and give them together (P21)', { timeout: 60_000 }, async () => {
    let taken = 0
    await fc.assert(
      fc.asyncProperty(patch, async (body) => {
        if (!(await saved({ enforcement: 'required', ...body }))) return
        taken++
        await signIn({ phone_number: '+31612345678' })
      }),
      { numRuns: 40 },
    )
    expect(taken).toBeGreaterThan(5)
  })
})
