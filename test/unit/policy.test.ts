import { describe, expect, it } from 'vitest'
import { explain } from '../../src/core/policy/explain.ts'
import { decide } from '../../src/core/policy/policy.ts'
import type { Enforcement, RealmSettings } from '../../src/core/settings.ts'
import { NOW, settingsOf } from '../support/kit.ts'
import { ALL, base, registry, rule } from '../support/policy.ts'

describe('the policy, case by case', () => {
  it("takes the deeper group's rule of one branch, the weaker one too", () => {
    const result = decide({ ...base, rules: [rule('field', 'required'), rule('north', 'disabled')] })
    expect(result).toMatchObject({
      enforcement: 'disabled',
      because: { rule: 'group', groupId: 'north', path: '/field/north' },
    })
  })

  it('does not take a group for the child of one whose name begins alike', () => {
    const result = decide({ ...base, rules: [rule('field', 'required'), rule('fieldwork', 'disabled')] })
    expect(result.enforcement).toBe('required')
  })

  it('takes the higher priority before depth and strictness', () => {
    const rules = [
      rule('north', 'required'),
      rule('field', 'optional', { priority: 1 }),
      rule('fieldwork', 'required'),
    ]
    expect(decide({ ...base, rules })).toMatchObject({
      enforcement: 'optional',
      because: { groupId: 'field' },
    })
  })

  it('takes the strictest of two branches', () => {
    const rules = [rule('north', 'optional'), rule('fieldwork', 'required')]
    expect(decide({ ...base, rules })).toMatchObject({
      enforcement: 'required',
      because: { groupId: 'fieldwork' },
    })
  })

  it('ignores the rules of groups that the user is not in', () => {
    expect(decide({ ...base, rules: [rule('finance', 'required')] }).because).toEqual({ rule: 'realm' })
  })

  it('allows the methods that every rule in force allows, in the order of the realm', () => {
    const rules = [
      rule('north', 'required', { methods: ['backup-codes', 'totp'] }),
      rule('fieldwork', 'required', { methods: ['passkey', 'totp', 'backup-codes'] }),
    ]
    expect(decide({ ...base, rules }).methods).toEqual(['totp', 'backup-codes'])
  })

  it('blocks where no method that stands alone is left', () => {
    const rules = [
      rule('north', 'required', { methods: ['totp', 'backup-codes'] }),
      rule('fieldwork', 'required', { methods: ['passkey', 'backup-codes'] }),
    ]
    expect(decide({ ...base, rules }).action).toEqual({ do: 'blocked', reason: 'no-method-allowed' })
  })

  it('asks who has a method where Optional, and lets through who has none', () => {
    expect(decide(base).action).toEqual({ do: 'skip' })
    const enrolled = [{ method: 'totp', failures: 99 }]
    expect(decide({ ...base, enrolled })).toMatchObject({
      action: { do: 'challenge', then: 'done' },
      proofs: ['totp'],
    })
  })

  it('asks for a new set-up after 100 failures, even where Optional (R8)', () => {
    const enrolled = [
      { method: 'totp', failures: 100 },
      { method: 'backup-codes', failures: 0 },
    ]
    expect(decide({ ...base, enrolled }).action).toEqual({ do: 'blocked', reason: 'must-be-reset' })
  })

  it('lets the other app answer where one has 100 failures (R8)', () => {
    const enrolled = [
      { method: 'totp', failures: 100 },
      { method: 'totp', failures: 3 },
    ]
    expect(decide({ ...base, enrolled }).action).toEqual({ do: 'challenge', then: 'done' })
  })

  it('takes a method that was switched off as the proof before its replacement is set up', () => {
    const settings = settingsOf({ methods: ['passkey', 'backup-codes'], enforcement: 'required' })
    const enrolled = [
      { method: 'totp', failures: 0 },
      { method: 'backup-codes', failures: 0 },
    ]
    expect(decide({ ...base, settings, enrolled })).toMatchObject({
      action: { do: 'challenge', then: 'enrol' },
      methods: ['passkey', 'backup-codes'],
      proofs: ['totp', 'backup-codes'],
    })
  })

  it('leads to the set-up after the challenge where the user asked to change methods (R17)', () => {
    const claims = { ...base.claims, purpose: 'manage' as const }
    expect(decide({ ...base, claims, enrolled: [{ method: 'totp', failures: 0 }] })).toMatchObject({
      action: { do: 'challenge', then: 'enrol' },
      because: { rule: 'purpose', purpose: 'manage' },
    })
    expect(decide({ ...base, claims }).action).toEqual({ do: 'enrol' })
  })

  it('names the role that requires it before anything else', () => {
    const claims = { ...base.claims, roles: ['user', 'tfa-admin'], level: 2 }
    expect(decide({ ...base, claims, override: 'disabled' }).because).toEqual({
      rule: 'role',
      role: 'tfa-admin',
    })
  })

  it('says what an override overrides, and where that comes from (S3)', () => {
    const rules = [rule('north', 'required', { grace: { days: 3 } })]
    const { because, enforcement, action } = decide({ ...base, rules, override: 'disabled' })
    expect(because).toEqual({
      rule: 'override',
      instead: {
        enforcement: 'required',
        because: { rule: 'group', groupId: 'north', path: '/field/north' },
      },
    })
    expect(action).toEqual({ do: 'skip' })
    expect(explain(enforcement, because)).toBe(
      'Disabled, because an administrator set it for this user; without that: ' +
        'Required, because of the rule for the group /field/north',
    )
  })

  it('knows nothing of methods that this build does not have', () => {
    const settings = settingsOf({ methods: ['telepathy', 'totp'] })
    expect(decide({ ...base, settings }).methods).toEqual(['totp'])
  })

  it('blocks, and never begins anew, where the only method can not be carried out or is not known (R17)', () => {
    const known = new Map(registry)
    const ask = (method: string, enforcement: Enforcement, unavailable: string[]) =>
      decide({
        settings: settingsOf({ enforcement, methods: ['totp', 'passkey', 'future'] }),
        rules: [],
        override: undefined,
        enrolled: [{ method, failures: 0 }],
        claims: { groups: [], roles: [], purpose: 'login', level: 1 },
        registry: known,
        graceStarts: new Map(),
        now: NOW,
        unavailable: new Set(unavailable),
      }).action
    for (const enforcement of ['required', 'optional'] as const) {
      expect(ask('totp', enforcement, ['totp'])).toEqual({ do: 'blocked', reason: 'no-method-allowed' })
      expect(ask('future', enforcement, [])).toEqual({ do: 'blocked', reason: 'no-method-allowed' })
    }
  })
})

describe('what users may set up by themselves (S12)', () => {
  const manage = { ...base.claims, purpose: 'manage' as const }
  const app = [{ method: 'totp', failures: 0 }]
  const allowing = (selfMethods: 'all' | string[], change: Partial<RealmSettings> = {}) =>
    settingsOf({ methods: ALL, selfMethods, ...change })

  it('is what the realm lists, after a proof by any method', () => {
    const all = decide({ ...base, claims: manage, enrolled: app, settings: allowing('all') })
    expect(all.methods).toEqual(ALL)
    const some = decide({ ...base, claims: manage, enrolled: app, settings: allowing(['passkey']) })
    expect(some).toMatchObject({
      action: { do: 'challenge', then: 'enrol' },
      methods: ['passkey'],
      proofs: ['totp'],
    })
    const codes = decide({ ...base, claims: manage, enrolled: app, settings: allowing(['backup-codes']) })
    expect(codes).toMatchObject({ action: { do: 'challenge', then: 'enrol' }, methods: ['backup-codes'] })
  })

  it.each([[[]], [['telepathy']]])('is nothing where the realm lists %j', (listed: string[]) => {
    const settings = allowing(listed)
    const blocked = { do: 'blocked', reason: 'not-by-yourself' }
    expect(decide({ ...base, claims: manage, enrolled: app, settings }).action).toEqual(blocked)
    expect(decide({ ...base, claims: manage, settings }).action).toEqual(blocked)
  })

  it('leaves alone what a login enforces, and what somebody else asked for', () => {
    const settings = allowing([], { enforcement: 'required' })
    expect(decide({ ...base, settings }).action).toEqual({ do: 'enrol' })
    expect(decide({ ...base, settings, claims: manage }).action).toEqual({ do: 'enrol' })
    const enrol = { ...base.claims, purpose: 'enrol' as const }
    expect(decide({ ...base, settings, claims: enrol, enrolled: app })).toMatchObject({
      action: { do: 'challenge', then: 'enrol' },
      methods: ALL,
    })
    // The app is switched off: a login would make its user set up another method.
    const switched = allowing([], { enforcement: 'required', methods: ['passkey', 'backup-codes'] })
    for (const claims of [base.claims, manage]) {
      expect(decide({ ...base, settings: switched, claims, enrolled: app })).toMatchObject({
        action: { do: 'challenge', then: 'enrol' },
        methods: ['passkey', 'backup-codes'],
        proofs: ['totp'],
      })
    }
  })
})

describe('a level that an application asks for (B7)', () => {
  const app = [{ method: 'totp', failures: 0 }]
  const asked = (level: number, change: Partial<typeof base> = {}, settings: Partial<RealmSettings> = {}) =>
    decide({
      ...base,
      settings: settingsOf({ methods: ALL, ...settings }),
      enrolled: app,
      ...change,
      claims: { ...base.claims, level },
    })

  it('2 is answered by any second factor', () => {
    expect(asked(2)).toMatchObject({ action: { do: 'challenge', then: 'done' }, proofs: ['totp'] })
  })

  it('3 is answered by a passkey alone, not by a backup code beside it', () => {
    const enrolled = [...app, { method: 'passkey', failures: 0 }, { method: 'backup-codes', failures: 0 }]
    const result = asked(3, { enrolled })
    expect(result).toMatchObject({ action: { do: 'challenge', then: 'done' }, proofs: ['passkey'] })
  })

  it('3 makes who has an app prove it, and then set up a passkey and nothing less', () => {
    expect(asked(3)).toMatchObject({
      action: { do: 'challenge', then: 'enrol' },
      proofs: ['totp'],
      methods: ['passkey'],
      because: { rule: 'level', level: 3 },
    })
  })

  it('3 lets who has nothing set up a passkey with its backup codes, and nothing less', () => {
    const result = asked(3, { enrolled: [] })
    expect(result).toMatchObject({ action: { do: 'enrol' }, methods: ['passkey', 'backup-codes'] })
  })

  it('gets nobody a method that they may not set up by themselves, and asks for those that they have (S12)', () => {
    const blocked = { do: 'blocked', reason: 'not-by-yourself' }
    expect(asked(3, {}, { selfMethods: ['totp'] }).action).toEqual(blocked)
    expect(asked(3, {}, { selfMethods: [] }).action).toEqual(blocked)
    expect(asked(2, {}, { selfMethods: [] }).action).toEqual({ do: 'challenge', then: 'done' })
  })

  it('is refused where the realm has nothing that reaches it', () => {
    expect(asked(3, {}, { methods: ['totp', 'backup-codes'] }).action).toEqual({
      do: 'blocked',
      reason: 'no-method-allowed',
    })
  })
})
