import { describe, expect, it } from 'vitest'
import type { UserRecord } from '../../src/core/administration/administration.ts'
import { NO_EFFECTS, changedPolicy, countEffects, whatIf } from '../../src/core/policy/what-if.ts'
import type { PolicyChange } from '../../src/core/policy/what-if.ts'
import { NOW, settingsOf } from '../support/kit.ts'
import { ALL, DAY, registry, rule } from '../support/policy.ts'

const APP = summary('totp')

function summary(method: string) {
  return { id: method, method, label: undefined, createdAt: NOW, usedAt: undefined, failures: 0 }
}

function person(change: Partial<UserRecord> = {}): UserRecord {
  return {
    user: {
      id: 'u1',
      username: 'bob',
      firstName: undefined,
      lastName: undefined,
      email: undefined,
      enabled: true,
      federation: undefined,
    },
    goneAt: undefined,
    roles: undefined,
    groups: [{ id: 'field', path: '/field' }],
    override: undefined,
    methods: [],
    lockedUntil: 0,
    graceStarts: new Map(),
    ...change,
  }
}

const policy = { settings: settingsOf({ methods: ALL }), rules: [rule('field', 'optional')] }
const surroundings = { registry, unavailable: () => new Set<string>(), now: NOW }
const asked = (who: UserRecord, change: PolicyChange) =>
  whatIf(who, policy, changedPolicy(policy, change), surroundings)
const effectsOf = (who: UserRecord, change: PolicyChange) => asked(who, change).effects

describe('what a change would do to a user (B1)', () => {
  it('is nothing where nothing changes', () => {
    for (const methods of [[], [APP]]) {
      const { before, after, effects } = asked(person({ methods }), {})
      expect(effects).toEqual([])
      expect(after).toEqual(before)
    }
  })

  it('tells who would be newly asked, and who of them must set up a method', () => {
    const change = { rules: { save: [rule('field', 'required')] } }
    expect(effectsOf(person(), change)).toEqual(['newly-asked', 'must-set-up'])
    expect(effectsOf(person({ methods: [APP] }), change)).toEqual([])
    expect(effectsOf(person({ groups: [] }), change)).toEqual([])
  })

  it('tells who would be asked no longer', () => {
    const change = { rules: { save: [rule('field', 'disabled')] } }
    expect(effectsOf(person({ methods: [APP] }), change)).toEqual(['no-longer-asked'])
    expect(effectsOf(person(), change)).toEqual([])
  })

  it('tells who must set up another method, since theirs would not be allowed', () => {
    const change = { rules: { save: [rule('field', 'required', { methods: ['passkey'] })] } }
    expect(effectsOf(person({ methods: [APP] }), change)).toEqual(['must-set-up'])
  })

  it('tells who would be in grace, from when they met it or from now', () => {
    const change = { rules: { save: [rule('field', 'required', { grace: { days: 7 } })] } }
    const { after, effects } = asked(person(), change)
    expect(effects).toEqual(['in-grace'])
    expect(after.action).toEqual({ do: 'enrol-later', until: NOW + 7 * DAY })
    const met = person({ graceStarts: new Map([['field', NOW - 8 * DAY]]) })
    expect(effectsOf(met, change)).toEqual(['newly-asked', 'must-set-up'])
  })

  it('tells who would have no way to sign in', () => {
    const change = { rules: { save: [rule('field', 'required', { methods: ['backup-codes'] })] } }
    expect(effectsOf(person(), change)).toEqual(['newly-asked', 'blocked'])
  })

  it('looks at overrides that are given or taken, for the users they are of', () => {
    const give = { overrides: [{ userId: 'u1', enforcement: 'required' as const }] }
    expect(effectsOf(person(), give)).toEqual(['newly-asked', 'must-set-up'])
    expect(effectsOf(person({ user: { ...person().user, id: 'u2' } }), give)).toEqual([])
    const take = { overrides: [{ userId: 'u1', enforcement: undefined }] }
    expect(effectsOf(person({ override: 'required' }), take)).toEqual(['no-longer-asked'])
  })
})

describe('a policy as a change would make it', () => {
  it('has the settings, rules and overrides of the change, and everything else as it was', () => {
    const before = {
      ...policy,
      rules: [rule('field', 'optional'), rule('north', 'required'), rule('x', 'disabled')],
    }
    const after = changedPolicy(before, {
      settings: { enforcement: 'required' },
      rules: { save: [rule('field', 'disabled'), rule('new', 'required')], remove: ['north'] },
    })
    expect(after.settings).toEqual({ ...policy.settings, enforcement: 'required' })
    expect(after.rules.map(({ groupId, enforcement }) => `${groupId} ${enforcement}`).toSorted()).toEqual([
      'field disabled',
      'new required',
      'x disabled',
    ])
    expect(after.overrides.size).toBe(0)
    expect(before.rules).toHaveLength(3)
  })

  it('lets a setting go', () => {
    const before = { ...policy, settings: settingsOf({ grace: { days: 3 } }) }
    expect(changedPolicy(before, { settings: { grace: undefined } }).settings.grace).toBeUndefined()
  })
})

it('counts the users whom each effect touches', () => {
  const people = [['newly-asked', 'must-set-up'], ['newly-asked'], []] as const
  const counts = people.reduce<typeof NO_EFFECTS>(countEffects, NO_EFFECTS)
  expect(counts).toEqual({ ...NO_EFFECTS, 'newly-asked': 2, 'must-set-up': 1 })
  expect(NO_EFFECTS['newly-asked']).toBe(0)
})
