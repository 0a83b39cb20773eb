import { describe, expect, it } from 'vitest'
import { checkedSettings, realmSettings, settingsFaults } from '../../src/core/settings.ts'
import type { RealmSettings } from '../../src/core/settings.ts'

const read = (set: Record<string, unknown>) => realmSettings.safeParse(set)
const faults = (set: Record<string, unknown>) =>
  checkedSettings.safeParse(set).error?.issues.map(({ path, message }) => `${path.join('.')}: ${message}`) ??
  []
const textOf = (length: number) => '{code}'.padEnd(length, 'x')
const list = (length: number) => Array.from({ length }, (_, i) => `client-${i}`)

/** Settings that are numbers: the smallest and the largest, and the default. */
const numbers: Record<string, [number, number, number]> = {
  stepSeconds: [120, 1_800, 1_800],
  maxFailures: [1, 20, 5],
  lockoutSeconds: [1, 86_400, 60],
  lockoutMaxSeconds: [1, 604_800, 3_600],
  codeLength: [6, 8, 6],
  codeSeconds: [60, 600, 300],
  resendSeconds: [10, 600, 30],
  smsPerNumber: [1, 1_000, 5],
  smsPerPrefix: [1, 10_000, 20],
  smsPerAddress: [1, 10_000, 20],
  smsPerUser: [1, 1_000, 10],
  smsPerHour: [1, 1_000_000, 1_000],
  smsPerDay: [1, 10_000_000, 5_000],
  smsAlarm: [1, 1_000_000, 50],
  backupCodes: [4, 30, 10],
  backupCodesLow: [0, 30, 3],
  bypassSeconds: [0, 86_400, 3_600],
  auditDays: [1, 3_650, 365],
  trustedDays: [0, 365, 0],
}

/** Everything else: what is taken, what is not. */
const others: Record<string, { default: unknown; takes: unknown[]; refuses: unknown[] }> = {
  enforcement: {
    default: 'optional',
    takes: ['required', 'optional', 'disabled'],
    refuses: ['Required', '', null, 1],
  },
  overridesCount: { default: true, takes: [true, false], refuses: ['true', 1, null] },
  grace: {
    default: undefined,
    takes: [
      { days: 1 },
      { days: 365 },
      { until: '2027-01-31T09:00:00Z' },
      { until: '2027-01-31T09:00:00.5+13:45' },
      { until: '2027-01-31' },
    ],
    refuses: [
      { days: 0 },
      { days: 366 },
      { days: 1.5 },
      { until: '2027-01-31T09:00:00' },
      { until: '2027-02-30T09:00:00Z' },
      { until: '2027-02-30' },
      { days: 1, until: '2027-01-31T09:00:00Z' },
      {},
      7,
    ],
  },
  reminderDays: {
    default: [14, 7, 1],
    takes: [[], [1], [90], Array.from({ length: 10 }, (_, i) => i + 1)],
    refuses: [[0], [91], [1.5], ['1'], 7, Array.from({ length: 11 }, (_, i) => i + 1)],
  },
  timeZone: {
    default: 'UTC',
    takes: ['UTC', 'Europe/Berlin', 'Asia/Kathmandu'],
    refuses: ['', 'Mars/Olympus', 1, null],
  },
  methods: { default: ['totp', 'backup-codes'], takes: [['sms'], []], refuses: ['sms', [1]] },
  selfMethods: {
    default: 'all',
    takes: ['all', [], ['totp'], list(20)],
    refuses: ['none', list(21), [1], null],
  },
  passkeyVerification: {
    default: 'preferred',
    takes: ['required', 'preferred', 'discouraged'],
    refuses: ['never', true, null],
  },
  selfRemoval: { default: true, takes: [true, false], refuses: ['true', 1, null] },
  firstSetUp: {
    default: 'password',
    takes: ['password', 'email-link', 'invitation'],
    refuses: ['link', '', null, true],
  },
  issuerName: {
    default: undefined,
    takes: ['A', 'x'.repeat(64), 'Ümläut & Co'],
    refuses: ['', 'x'.repeat(65), 'a:b'],
  },
  smsCountries: { default: [], takes: [[], ['NL', 'DE']], refuses: [['nl'], ['NLD'], 'NL'] },
  smsProvider: {
    default: 'operator',
    takes: ['operator', 'twilio', 'webhook'],
    refuses: ['inbox', 'none', '', null],
  },
  smsTwilio: {
    default: undefined,
    takes: [
      { accountSid: `AC${'0123456789abcdef'.repeat(2)}`, from: '+15005550006' },
      { accountSid: `AC${'0'.repeat(32)}`, from: `MG${'f'.repeat(32)}` },
    ],
    refuses: [
      { accountSid: `AC${'0'.repeat(31)}`, from: '+15005550006' },
      { accountSid: `AC${'0'.repeat(30)}/x`, from: '+15005550006' },
      { accountSid: `AC${'0'.repeat(32)}`, from: '15005550006' },
      { accountSid: `AC${'0'.repeat(32)}` },
      { accountSid: `AC${'0'.repeat(32)}`, from: '+15005550006', authToken: 'secret' },
    ],
  },
  smsWebhook: {
    default: undefined,
    takes: ['https://sms.example.com/take', 'http://10.0.0.7:8080/'],
    refuses: [
      'ftp://sms.example.com',
      'sms.example.com',
      'https://sms.example.com/take?key=secret',
      'https://user:secret@sms.example.com',
      'https://sms.example.com/#x',
      `https://sms.example.com/${'x'.repeat(500)}`,
      '',
    ],
  },
  smsTexts: {
    default: {},
    takes: [{}, { en: textOf(6), 'pt-BR': textOf(300), 'zh-Hans': '验证码 {code}' }],
    refuses: [{ en: textOf(301) }, { EN: textOf(6) }, { en: 1 }, []],
  },
  mail: {
    default: undefined,
    takes: [
      { host: 'smtp.example.com', port: 587, security: 'starttls', from: 'sso@example.com' },
      {
        host: '192.0.2.1',
        port: 1,
        security: 'tls',
        from: 'a@b.org',
        fromName: 'Acme "SSO"',
        username: 'u',
      },
    ],
    refuses: [
      { host: 'smtp.example.com', port: 587, security: 'starttls' },
      { host: 'a b', port: 587, security: 'starttls', from: 'sso@example.com' },
      { host: 'a', port: 0, security: 'starttls', from: 'sso@example.com' },
      { host: 'a', port: 65_536, security: 'starttls', from: 'sso@example.com' },
      { host: 'a', port: 25, security: 'plain', from: 'sso@example.com' },
      { host: 'a', port: 25, security: 'none', from: 'not an address' },
      { host: 'a', port: 25, security: 'none', from: 'a@b.org', fromName: 'x\r\nBcc: y' },
      { host: 'a', port: 25, security: 'none', from: 'a@b.org', password: 'secret' },
    ],
  },
  apiClients: {
    default: ['latchkey-api'],
    takes: [[], ['a'], list(20), ['x'.repeat(255)]],
    refuses: [list(21), [''], ['x'.repeat(256)], 'a'],
  },
}

describe("a realm's settings", () => {
  it('are all in these tables', () => {
    expect([...Object.keys(numbers), ...Object.keys(others)].toSorted()).toEqual(
      Object.keys(realmSettings.shape).toSorted(),
    )
  })

  it('have a default each, by which nothing is at fault, and a sentence', () => {
    const all = realmSettings.parse({})
    expect(settingsFaults(all)).toEqual([])
    for (const [name, [, , value]] of Object.entries(numbers)) expect(all).toHaveProperty(name, value)
    for (const [name, { default: value }] of Object.entries(others)) {
      expect(all[name as keyof RealmSettings], name).toEqual(value)
    }
    for (const [name, schema] of Object.entries(realmSettings.shape)) {
      expect(schema.description, name).toMatch(/^[A-Z].*\.$/)
    }
  })

  it.each(Object.entries(numbers))('%s takes its bounds and nothing beside them: %j', (name, [min, max]) => {
    for (const value of [min, max]) expect(read({ [name]: value }).data).toHaveProperty(name, value)
    for (const value of [min - 1, max + 1, min + 0.5, String(min), null, Number.NaN]) {
      expect(read({ [name]: value }).error?.issues.map(({ path }) => path)).toEqual([[name]])
    }
  })

  it.each(Object.entries(others))('%s takes what it should, and names itself where not', (name, table) => {
    for (const value of table.takes) expect(read({ [name]: value }).data).toHaveProperty(name, value)
    for (const value of table.refuses) {
      const paths = read({ [name]: value }).error?.issues.map(({ path }) => path[0]) ?? []
      expect(new Set(paths), JSON.stringify(value)).toEqual(new Set([name]))
    }
  })

  it('are refused where a lockout could not reach its length, or every set of codes would warn', () => {
    expect(faults({ lockoutSeconds: 3_600 })).toEqual([])
    expect(faults({ lockoutSeconds: 3_601 })).toEqual([
      'lockoutMaxSeconds: must be at least lockoutSeconds, which is 3601',
    ])
    expect(faults({ lockoutSeconds: 61, lockoutMaxSeconds: 60 })).toHaveLength(1)
    expect(faults({ backupCodes: 4, backupCodesLow: 3 })).toEqual([])
    expect(faults({ backupCodes: 4, backupCodesLow: 4 })).toEqual([
      'backupCodesLow: must be less than backupCodes, which is 4',
    ])
  })

  it('that contradict each other can still be read, so that nobody is locked out by them', () => {
    expect(read({ lockoutSeconds: 3_601, backupCodes: 4, backupCodesLow: 30 }).success).toBe(true)
  })
})

it('e-mail codes are allowed only where a mail server is set, which can then not be taken away', () => {
  const mail = { host: 'smtp.example.com', port: 587, security: 'starttls', from: 'sso@example.com' }
  expect(faults({ methods: ['email'] })).toEqual([
    'methods: must have no e-mail codes while no mail server is set (mail)',
  ])
  expect(faults({ methods: ['email'], mail })).toEqual([])
})

it('a first set-up by e-mail link is allowed only where a mail server is set (S10)', () => {
  const mail = { host: 'smtp.example.com', port: 587, security: 'starttls', from: 'sso@example.com' }
  expect(faults({ firstSetUp: 'email-link' })).toEqual([
    'firstSetUp: must not be email-link while no mail server is set (mail)',
  ])
  expect(faults({ firstSetUp: 'email-link', mail })).toEqual([])
  expect(faults({ firstSetUp: 'invitation' })).toEqual([])
})
