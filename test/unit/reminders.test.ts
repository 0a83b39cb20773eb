import { describe, expect, it } from 'vitest'
import type { RealmPolicy, UserRecord } from '../../src/core/administration/administration.ts'
import { reminderOf, remindsAnybody } from '../../src/core/notices/reminders.ts'
import type { RealmSettings } from '../../src/core/settings.ts'
import { NOW, kitAt, settingsOf } from '../support/kit.ts'

const DAY = 24 * 60 * 60_000
const END = NOW + 14 * DAY
const mail = { host: 'mail.example.com', port: 25, security: 'none' as const, from: 'sso@example.com' }
const policyOf = (change: Partial<RealmSettings> = {}): RealmPolicy => ({
  settings: settingsOf({
    enforcement: 'required',
    grace: { until: new Date(END).toISOString() },
    mail,
    ...change,
  }),
  set: {},
  version: 1,
  rules: [],
  proposals: [],
})
const person = (change: Partial<UserRecord> = {}, user: Partial<UserRecord['user']> = {}): UserRecord => ({
  user: {
    id: 'sam',
    username: 'sam',
    firstName: undefined,
    lastName: undefined,
    email: 'sam@example.com',
    enabled: true,
    federation: undefined,
    ...user,
  },
  goneAt: undefined,
  roles: [],
  groups: [],
  override: undefined,
  methods: [],
  lockedUntil: 0,
  graceStarts: new Map(),
  ...change,
})
const totp = { id: 'c', method: 'totp', label: undefined, createdAt: 0, usedAt: undefined, failures: 0 }
const daysAt = (now: number, who = person(), policy = policyOf()) =>
  reminderOf('demo', who, policy, kitAt(now))?.days

describe('reminders of the end of a grace (B2)', () => {
  it('are due at the days set, the newest of those that were missed, and never after the end', () => {
    expect(daysAt(END - 14 * DAY - 1)).toBeUndefined()
    expect(daysAt(END - 14 * DAY)).toBe(14)
    expect(daysAt(END - 7 * DAY - 1)).toBe(14)
    expect(daysAt(END - 7 * DAY)).toBe(7)
    expect(daysAt(END - DAY)).toBe(1)
    expect(daysAt(END - 1)).toBe(1)
    expect(daysAt(END)).toBeUndefined()
    expect(daysAt(END - 2 * DAY, person(), policyOf({ reminderDays: [1, 3] }))).toBe(3)
  })

  it('go to who has no method, an address and an account that is enabled, and is in grace', () => {
    const at = END - DAY
    expect(daysAt(at, person({ methods: [totp] }))).toBeUndefined()
    expect(daysAt(at, person({}, { email: undefined }))).toBeUndefined()
    expect(daysAt(at, person({}, { enabled: false }))).toBeUndefined()
    expect(daysAt(at, person({ override: 'disabled' }))).toBeUndefined()
    expect(daysAt(at, person({ roles: ['tfa-admin'] }))).toBeUndefined()
  })

  it('wait for a grace by days to begin', () => {
    const policy = policyOf({ grace: { days: 5 } })
    expect(daysAt(NOW, person(), policy)).toBeUndefined()
    expect(daysAt(NOW, person({ graceStarts: new Map([['', NOW - 4 * DAY]]) }), policy)).toBe(1)
  })

  it('say the end, and nothing of an administrator', () => {
    const { message, until } = reminderOf('demo', person(), policyOf({ timeZone: 'Europe/Berlin' }), {
      ...kitAt(END - DAY),
    })!
    expect(until).toBe(END)
    expect(message.notice).toEqual({
      kind: 'set-up-due',
      at: END - DAY,
      until: END,
      timeZone: 'Europe/Berlin',
    })
    expect(message.expiresAt).toBeLessThanOrEqual(END)
  })

  it('are looked for only where somebody could get one', () => {
    expect(remindsAnybody(policyOf())).toBe(true)
    expect(remindsAnybody(policyOf({ grace: undefined }))).toBe(false)
    expect(remindsAnybody(policyOf({ mail: undefined }))).toBe(false)
    expect(remindsAnybody(policyOf({ reminderDays: [] }))).toBe(false)
  })
})
