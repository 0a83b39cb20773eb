import { describe, expect, it } from 'vitest'
import { explain } from '../../src/core/policy/explain.ts'
import { decide } from '../../src/core/policy/policy.ts'
import type { PolicyInput, Rule } from '../../src/core/policy/policy.ts'
import { NOW, settingsOf } from '../support/kit.ts'
import { ALL, DAY, base, rule } from '../support/policy.ts'

describe('grace', () => {
  const required = (change: Partial<Rule> = {}) => [rule('north', 'required', change)]
  const days = (count: number) => ({ grace: { days: count } })
  const until = (moment: number) => ({ grace: { until: new Date(moment).toISOString() } })
  const skips = (change: Partial<PolicyInput>) => decide({ ...base, ...change }).action.do === 'enrol-later'

  it('lets a user without a method through until its days are over, from when they first met it (B2)', () => {
    const rules = required(days(14))
    const first = decide({ ...base, rules })
    const end = NOW + 14 * DAY
    expect(first).toMatchObject({
      enforcement: 'required',
      action: { do: 'enrol-later', until: end },
      because: { rule: 'group', groupId: 'north', path: '/field/north', grace: end },
      proofs: [],
      graceStarts: [{ source: 'north', at: NOW }],
    })
    const graceStarts = new Map([['north', NOW]])
    const last = decide({ ...base, rules, graceStarts, now: end - 1 })
    expect(last).toMatchObject({ action: { do: 'enrol-later', until: end } })
    expect(last).not.toHaveProperty('graceStarts')
    const over = decide({ ...base, rules, graceStarts, now: end })
    expect(over.action).toEqual({ do: 'enrol' })
    expect(over.because).toEqual({ rule: 'group', groupId: 'north', path: '/field/north' })
  })

  it('ends for everybody at a moment, whatever zone it is written in', () => {
    const rules = required({ grace: { until: '2027-03-01T00:00:00+02:00' } })
    const end = Date.UTC(2027, 1, 28, 22)
    const during = decide({ ...base, rules, now: end - 1 })
    expect(during.action).toEqual({ do: 'enrol-later', until: end })
    expect(during).not.toHaveProperty('graceStarts')
    expect(decide({ ...base, rules, now: end }).action).toEqual({ do: 'enrol' })
  })

  it('ends where its date begins in the time zone of the realm, with the clock as it is then', () => {
    const ends = (date: string, timeZone: string) => {
      const grace = { until: date }
      const settings = settingsOf({ methods: ALL, enforcement: 'required', grace, timeZone })
      const { action } = decide({ ...base, settings, now: Date.UTC(2026, 0) })
      return action.do === 'enrol-later' ? new Date(action.until).toISOString() : action.do
    }
    expect(ends('2026-12-03', 'UTC')).toBe('2026-12-03T00:00:00.000Z')
    expect(ends('2026-12-03', 'Europe/Berlin')).toBe('2026-12-02T23:00:00.000Z')
    expect(ends('2026-07-03', 'Europe/Berlin')).toBe('2026-07-02T22:00:00.000Z')
    expect(ends('2026-12-03', 'America/Los_Angeles')).toBe('2026-12-03T08:00:00.000Z')
    expect(ends('2026-12-03', 'Asia/Kathmandu')).toBe('2026-12-02T18:15:00.000Z')
    // The clocks of Berlin change that night, after midnight; those of Beirut at midnight, which there is none of then.
    expect(ends('2026-03-29', 'Europe/Berlin')).toBe('2026-03-28T23:00:00.000Z')
    expect(ends('2026-10-25', 'Europe/Berlin')).toBe('2026-10-24T22:00:00.000Z')
    expect(ends('2026-03-29', 'Asia/Beirut')).toBe('2026-03-28T22:00:00.000Z')
    expect(ends('2026-12-03', 'Pacific/Kiritimati')).toBe('2026-12-02T10:00:00.000Z')
  })

  it("is the realm's where its default counts, and not where a rule does", () => {
    const settings = settingsOf({ methods: ALL, enforcement: 'required', ...days(7) })
    expect(decide({ ...base, settings })).toMatchObject({
      action: { do: 'enrol-later' },
      because: { rule: 'realm', grace: NOW + 7 * DAY },
      graceStarts: [{ source: '', at: NOW }],
    })
    expect(skips({ settings, graceStarts: new Map([['', NOW - 7 * DAY]]) })).toBe(false)
    expect(decide({ ...base, settings, rules: required() }).action).toEqual({ do: 'enrol' })
  })

  it('is none where what says so can not be read', () => {
    for (const grace of [{ until: 'soon' }, { until: '2027-03-01T00:00:00' }, { days: 0 }, { days: 1e9 }]) {
      expect(skips({ rules: required({ grace }) }), JSON.stringify(grace)).toBe(false)
    }
  })

  it('is the shortest of rules that tie, and none where one of them gives none', () => {
    const two = (a: Partial<Rule>, b: Partial<Rule>) => [
      rule('north', 'required', a),
      rule('fieldwork', 'required', b),
    ]
    const both = decide({ ...base, rules: two(days(30), days(10)) })
    expect(both.action).toEqual({ do: 'enrol-later', until: NOW + 10 * DAY })
    expect(both.graceStarts?.map(({ source }) => source).toSorted()).toEqual(['fieldwork', 'north'])
    expect(skips({ rules: two(days(30), {}) })).toBe(false)
    expect(skips({ rules: two(days(30), until(NOW - 1)) })).toBe(false)
    // A weaker rule has no say.
    const weaker = [rule('north', 'required', days(30)), rule('fieldwork', 'optional')]
    expect(skips({ rules: weaker })).toBe(true)
  })

  it('is not for who has a method, a requested level, a change of methods, a role or an override (P11, P24)', () => {
    const rules = required(days(14))
    expect(skips({ rules })).toBe(true)
    expect(skips({ rules, claims: { ...base.claims, purpose: 'direct' } })).toBe(true)
    const enrolled = [{ method: 'totp', failures: 0 }]
    expect(decide({ ...base, rules, enrolled }).action).toEqual({ do: 'challenge', then: 'done' })
    const spent = [{ method: 'totp', failures: 100 }]
    expect(decide({ ...base, rules, enrolled: spent }).action).toMatchObject({ do: 'blocked' })
    expect(decide({ ...base, rules, claims: { ...base.claims, level: 2 } })).toMatchObject({
      action: { do: 'enrol' },
      because: { rule: 'level', level: 2 },
    })
    for (const purpose of ['manage', 'enrol'] as const) {
      expect(decide({ ...base, rules, claims: { ...base.claims, purpose } }).action).toEqual({ do: 'enrol' })
    }
    expect(decide({ ...base, rules, claims: { ...base.claims, roles: ['tfa-manager'] } }).action).toEqual({
      do: 'enrol',
    })
    expect(decide({ ...base, rules, override: 'required' }).action).toEqual({ do: 'enrol' })
  })

  it('goes on for who has backup codes only, which are no method of their own (S18)', () => {
    expect(skips({ rules: required(days(14)), enrolled: [{ method: 'backup-codes', failures: 0 }] })).toBe(
      true,
    )
  })

  it('is not given anew to who had a method and lost it: it began when they met the rule (S11)', () => {
    const rules = required(days(14))
    const asked = decide({ ...base, rules, enrolled: [{ method: 'totp', failures: 0 }] })
    expect(asked).toMatchObject({ action: { do: 'challenge' }, graceStarts: [{ source: 'north', at: NOW }] })
    const reset = { ...base, rules, graceStarts: new Map([['north', NOW]]), now: NOW + 20 * DAY }
    expect(decide(reset).action).toEqual({ do: 'enrol' })
  })

  it('waits even where no method is allowed yet, since Required does not act yet', () => {
    expect(skips({ rules: required({ ...days(14), methods: ['backup-codes'] }) })).toBe(true)
  })

  it('is told in words, to the minute (B1)', () => {
    const end = Date.UTC(2027, 1, 28, 22, 5, 59)
    expect(explain('required', { rule: 'realm', grace: end })).toBe(
      "Required, because it is the realm's default, and can be put off until 2027-02-28T22:05Z",
    )
    expect(explain('required', { rule: 'group', groupId: 'g', path: '/field', grace: end })).toBe(
      'Required, because of the rule for the group /field, and can be put off until 2027-02-28T22:05Z',
    )
  })
})
