import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { Method, Registry } from '../../src/core/method.ts'
import { decide } from '../../src/core/policy.ts'
import type { Claims, Enrolled, Rule } from '../../src/core/policy.ts'
import type { Enforcement } from '../../src/core/settings.ts'
import { registry as real } from '../../src/methods/index.ts'
import { settingsOf } from '../support/kit.ts'

/** The real methods and one that resists phishing, so that there is a choice. */
const registry: Registry = new Map([
  ...real,
  ['passkey', { ...(real.get('totp') as Method), id: 'passkey', amr: 'hwk', level: 3 }],
])
const ALL = ['totp', 'passkey', 'backup-codes']
const LADDER: Enforcement[] = ['disabled', 'optional', 'required']

const anyEnforcement = fc.constantFrom(...LADDER)
const methodSets = fc.constantFrom(['totp'], ['passkey'], ['totp', 'backup-codes'], ALL)

interface Group {
  id: string
  parent: number | undefined
  name: string
}

/** Groups as a forest; names that are each other's beginnings, so that a path is never taken for its neighbour's. */
const forest = fc.array(fc.option(fc.nat(), { nil: undefined }), { maxLength: 6 }).map((parents) =>
  parents.map((parent, i): Group => ({
    id: `g${(i * 5) % 7}`,
    parent: parent === undefined || i === 0 ? undefined : parent % i,
    name: 'x'.repeat(i + 1),
  })),
)

function pathOf(groups: Group[], i: number): string {
  const group = groups[i]!
  return `${group.parent === undefined ? '' : pathOf(groups, group.parent)}/${group.name}`
}

const claimsOf = (groups: Group[]): Claims['groups'] =>
  groups.map(({ id }, i) => ({ id, path: pathOf(groups, i) }))

const scene = fc.record({
  settings: fc
    .record({ enforcement: anyEnforcement, overridesCount: fc.boolean(), methods: methodSets })
    .map(settingsOf),
  groups: forest,
  rules: fc.uniqueArray(
    fc.record({
      groupId: fc.constantFrom('g0', 'g1', 'g2', 'g3', 'g4', 'g5', 'g6'),
      enforcement: anyEnforcement,
      priority: fc.constantFrom(0, 0, 0, 1),
      methods: fc.option(methodSets, { nil: undefined }),
    }),
    { selector: ({ groupId }) => groupId, maxLength: 7 },
  ),
  override: fc.option(anyEnforcement, { nil: undefined }),
  enrolled: fc.array(
    fc.record({ method: fc.constantFrom(...ALL), failures: fc.constantFrom(0, 99, 100, 101) }),
    { maxLength: 4 },
  ),
  roles: fc.constantFrom<string[]>([], ['user'], ['user', 'tfa-admin'], ['tfa-manager'], ['tfa-auditor']),
  purpose: fc.constantFrom<Claims['purpose']>('login', 'login', 'manage', 'enrol'),
  level: fc.constantFrom(1, 1, 2, 3),
})
type Scene = typeof scene extends fc.Arbitrary<infer T> ? T : never

function decided({ groups, roles, purpose, level, rules, ...rest }: Scene) {
  const claims = { groups: claimsOf(groups), roles, purpose, level }
  return decide({ ...rest, rules: rules.map(clean), claims, registry })
}

function clean({ methods, ...rule }: Scene['rules'][number]): Rule {
  return { ...rule, ...(methods === undefined ? {} : { methods }) }
}

const falseFirst = (a: boolean, b: boolean) => Number(a) - Number(b)

const holds = (property: (one: Scene) => void) => fc.assert(fc.property(scene, property), { numRuns: 500 })

describe('the policy, whatever the rules', () => {
  it('does not care in which order rules, groups and credentials come', () => {
    fc.assert(
      fc.property(scene, fc.nat(), (one, seed) => {
        const claims = {
          groups: claimsOf(one.groups),
          roles: one.roles,
          purpose: one.purpose,
          level: one.level,
        }
        const { settings, override } = one
        const rest = { settings, override, registry }
        const turn = <T>(list: T[]) =>
          [...list.slice(seed % (list.length + 1)), ...list.slice(0, seed % (list.length + 1))].toReversed()
        const rules = one.rules.map(clean)
        const straight = decide({ ...rest, rules, enrolled: one.enrolled, claims })
        const turned = decide({
          ...rest,
          rules: turn(rules),
          enrolled: turn(one.enrolled),
          claims: { ...claims, groups: turn(claims.groups), roles: turn(claims.roles) },
        })
        expect({ ...turned, proofs: turned.proofs.toSorted() }).toEqual({
          ...straight,
          proofs: straight.proofs.toSorted(),
        })
      }),
      { numRuns: 500 },
    )
  })

  it('never asks fewer where the realm is stricter', () => {
    holds((one) => {
      const asks = LADDER.map((value) => {
        const { action } = decided({ ...one, settings: { ...one.settings, enforcement: value } })
        return action.do !== 'skip'
      })
      expect(asks).toEqual(asks.toSorted(falseFirst))
    })
  })

  it('never asks fewer where one rule is stricter and no rule changes the methods', () => {
    fc.assert(
      fc.property(scene, fc.nat(), (one, pick) => {
        fc.pre(one.rules.length > 0)
        const rules = one.rules.map((rule) => ({ ...rule, methods: undefined }))
        const asks = LADDER.map((value) => {
          const changed = rules.map((rule, i) =>
            i === pick % rules.length ? { ...rule, enforcement: value } : rule,
          )
          return decided({ ...one, rules: changed }).action.do !== 'skip'
        })
        expect(asks).toEqual(asks.toSorted(falseFirst))
      }),
      { numRuns: 500 },
    )
  })

  it('lets an override win wherever overrides count and no tfa role is held', () => {
    holds((one) => {
      fc.pre(one.override !== undefined && !one.roles.some((role) => role.startsWith('tfa-')))
      const result = decided({ ...one, purpose: 'login', level: 1 })
      if (one.settings.overridesCount) {
        expect(result).toMatchObject({ enforcement: one.override, because: { rule: 'override' } })
      } else {
        expect(result).toEqual(decided({ ...one, purpose: 'login', level: 1, override: undefined }))
      }
    })
  })

  it('changes nothing but the path it names where a group is renamed', () => {
    fc.assert(
      fc.property(scene, fc.nat(), (one, pick) => {
        fc.pre(one.groups.length > 0)
        const at = pick % one.groups.length
        const renamed = one.groups.map((group, i) => (i === at ? { ...group, name: 'a new name' } : group))
        const [before, after] = [decided(one), decided({ ...one, groups: renamed })].map((result) => ({
          ...result,
          because: { ...result.because, path: '' },
        }))
        expect(after).toEqual(before)
      }),
      { numRuns: 500 },
    )
  })

  it('always requires it of a holder of a tfa role, whatever override, rules and realm say (R28)', () => {
    holds((one) => {
      const result = decided({ ...one, roles: ['user', 'tfa-auditor'] })
      expect(result.enforcement).toBe('required')
      expect(result.action.do).not.toBe('skip')
    })
  })

  it('asks where a level above the password is requested or methods are to be changed, even where Disabled', () => {
    holds((one) => {
      expect(decided({ ...one, level: one.level === 1 ? 2 : one.level }).action.do).not.toBe('skip')
      expect(decided({ ...one, purpose: 'manage' }).action.do).not.toBe('skip')
    })
  })

  it('never takes a proof below the requested level for the end of the step', () => {
    holds((one) => {
      const { action, proofs } = decided({ ...one, level: 3 })
      if (action.do === 'challenge' && action.then === 'done') expect(proofs).toEqual(['passkey'])
    })
  })

  it('never offers a credential with 100 failures, nor backup codes alone (R8)', () => {
    holds((one) => {
      const { proofs } = decided(one)
      for (const id of proofs) {
        expect(one.enrolled.some(({ method, failures }) => method === id && failures < 100)).toBe(true)
      }
      if (proofs.length > 0) expect(proofs).not.toEqual(['backup-codes'])
    })
  })

  it('never lets somebody with a method that works or must be reset make a first set-up on the password (R17)', () => {
    holds((one) => {
      fc.pre(one.enrolled.some(({ method }) => method !== 'backup-codes'))
      expect(decided(one).action.do).not.toBe('enrol')
    })
  })

  it('allows only what the realm allows', () => {
    holds((one) => {
      for (const id of decided(one).methods) expect(one.settings.methods).toContain(id)
    })
  })
})

describe('the policy, case by case', () => {
  const base = {
    settings: settingsOf({ methods: ALL }),
    rules: [] as Rule[],
    override: undefined,
    enrolled: [] as Enrolled[],
    claims: {
      groups: [
        { id: 'field', path: '/field' },
        { id: 'north', path: '/field/north' },
        { id: 'fieldwork', path: '/fieldwork' },
      ],
      roles: [],
      purpose: 'login' as const,
      level: 1,
    },
    registry,
  }
  const rule = (groupId: string, enforcement: Enforcement, change: Partial<Rule> = {}): Rule => ({
    groupId,
    enforcement,
    priority: 0,
    ...change,
  })

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
        unavailable: new Set(unavailable),
      }).action
    for (const enforcement of ['required', 'optional'] as const) {
      expect(ask('totp', enforcement, ['totp'])).toEqual({ do: 'blocked', reason: 'no-method-allowed' })
      expect(ask('future', enforcement, [])).toEqual({ do: 'blocked', reason: 'no-method-allowed' })
    }
  })
})
