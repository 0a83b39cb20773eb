import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { decide, isNeeded } from '../../src/core/policy/policy.ts'
import type { Because, Claims, Decision, Enrolled, Grace, Rule } from '../../src/core/policy/policy.ts'
import type { Enforcement } from '../../src/core/settings.ts'
import { NOW, settingsOf } from '../support/kit.ts'
import { ALL, DAY, registry } from '../support/policy.ts'

const LADDER: Enforcement[] = ['disabled', 'optional', 'required']

/** Required more often than the others, since most of what can go wrong goes wrong there. */
const anyEnforcement = fc.constantFrom(...LADDER, 'required' as const)
const methodSets = fc.constantFrom(['totp'], ['passkey'], ['totp', 'backup-codes'], ALL)

const endingIn = (offset: number) => ({ until: new Date(NOW + offset).toISOString() })
/** Running and over. */
const READABLE: Grace[] = [
  { days: 1 },
  { days: 30 },
  { days: 365 },
  endingIn(DAY),
  endingIn(5 * DAY),
  endingIn(-DAY),
]
const graceOf = (some: Grace[]) => fc.option(fc.constantFrom(...some), { nil: undefined })

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
    .record({
      enforcement: anyEnforcement,
      overridesCount: fc.boolean(),
      methods: methodSets,
      grace: graceOf(READABLE),
      selfMethods: fc.constantFrom<('all' | string[])[]>('all', 'all', [], ['totp'], ['backup-codes']),
    })
    .map(settingsOf),
  groups: forest,
  rules: fc.uniqueArray(
    fc.record({
      groupId: fc.constantFrom('g0', 'g1', 'g2', 'g3', 'g4', 'g5', 'g6'),
      enforcement: anyEnforcement,
      priority: fc.constantFrom(0, 0, 0, 1),
      methods: fc.option(methodSets, { nil: undefined }),
      grace: graceOf([...READABLE, { until: 'soon' }, { until: '2027-02-30T10:00:00Z' }]),
    }),
    { selector: ({ groupId }) => groupId, maxLength: 7 },
  ),
  override: fc.option(anyEnforcement, { nil: undefined, freq: 2 }),
  enrolled: fc.oneof(
    fc.constant<Enrolled[]>([]),
    fc.array(
      fc.record({ method: fc.constantFrom(...ALL), failures: fc.constantFrom<number[]>(0, 99, 100, 101) }),
      { maxLength: 4 },
    ),
  ),
  roles: fc.constantFrom<string[]>(
    [],
    [],
    [],
    ['user'],
    ['user'],
    ['user', 'tfa-admin'],
    ['tfa-manager'],
    ['tfa-auditor'],
  ),
  purpose: fc.constantFrom<Claims['purpose']>('login', 'login', 'login', 'direct', 'manage', 'enrol'),
  level: fc.constantFrom(1, 1, 1, 2, 3),
  graceStarts: fc
    .array(fc.tuple(fc.constantFrom<string[]>('', 'g0', 'g1', 'g2', 'g3'), fc.constantFrom(0, 2, 40)))
    .map((starts) => new Map(starts.map(([source, age]) => [source, NOW - age * DAY]))),
})
type Scene = typeof scene extends fc.Arbitrary<infer T> ? T : never

const decided = (one: Scene) => decidedAt(one, NOW)

/** The same scene at another moment. */
function decidedAt({ groups, roles, purpose, level, rules, ...rest }: Scene, now: number) {
  const claims = { groups: claimsOf(groups), roles, purpose, level }
  return decide({ ...rest, rules: rules.map(clean), claims, registry, now })
}

function clean({ methods, grace, ...rule }: Scene['rules'][number]): Rule {
  return {
    ...rule,
    ...(methods === undefined ? {} : { methods }),
    ...(grace === undefined ? {} : { grace }),
  }
}

const falseFirst = (a: boolean, b: boolean) => Number(a) - Number(b)

const holds = (property: (one: Scene) => void, numRuns = 500) =>
  fc.assert(fc.property(scene, property), { numRuns })

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
        const { settings, override, graceStarts } = one
        const rest = { settings, override, registry, graceStarts, now: NOW }
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
        const inOrder = ({ proofs, ...other }: Decision) => ({ ...other, proofs: proofs.toSorted() })
        expect(inOrder(turned)).toEqual(inOrder(straight))
      }),
      { numRuns: 500 },
    )
  })

  it('never asks fewer where the realm is stricter', () => {
    holds((one) => {
      const asks = LADDER.map((value) =>
        isNeeded(decided({ ...one, settings: { ...one.settings, enforcement: value } })),
      )
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
          return isNeeded(decided({ ...one, rules: changed }))
        })
        expect(asks).toEqual(asks.toSorted(falseFirst))
      }),
      { numRuns: 500 },
    )
  })

  it('never asks fewer where an override is stricter', () => {
    holds((one) => {
      const asks = LADDER.map((override) => isNeeded(decided({ ...one, override })))
      expect(asks).toEqual(asks.toSorted(falseFirst))
    })
  })

  it('never asks fewer where a grace goes, of one rule or of the realm', () => {
    fc.assert(
      fc.property(scene, fc.nat(), (one, pick) => {
        const without = one.rules.map((rule, i) =>
          i === pick % one.rules.length ? { ...rule, grace: undefined } : rule,
        )
        const { grace: _, ...graceless } = one.settings
        if (!isNeeded(decided(one))) return
        expect(isNeeded(decided({ ...one, rules: without }))).toBe(true)
        expect(isNeeded(decided({ ...one, settings: graceless }))).toBe(true)
      }),
      { numRuns: 1000 },
    )
  })

  it('never asks fewer the later it is, nor the earlier a user met a grace', () => {
    fc.assert(
      fc.property(scene, fc.constantFrom(1, 10, 100, 400), (one, days) => {
        fc.pre(isNeeded(decided(one)))
        const earlier = new Map([...one.graceStarts].map(([source, start]) => [source, start - days * DAY]))
        expect(isNeeded(decided({ ...one, graceStarts: earlier }))).toBe(true)
        expect(isNeeded(decidedAt(one, NOW + days * DAY))).toBe(true)
      }),
      { numRuns: 1000 },
    )
  })

  it('lets an override win wherever overrides count and no tfa role is held', () => {
    holds((one) => {
      fc.pre(one.override !== undefined && !one.roles.some((role) => role.startsWith('tfa-')))
      const result = decided({ ...one, purpose: 'login', level: 1 })
      const without = decided({ ...one, purpose: 'login', level: 1, override: undefined })
      if (one.settings.overridesCount) {
        expect(result).toMatchObject({ enforcement: one.override, because: { rule: 'override' } })
        const { enforcement, because } = without
        const { grace: _, ...plain } = because as Because & { rule: 'realm' }
        expect(result.because).toEqual({ rule: 'override', instead: { enforcement, because: plain } })
        expect(result.action.do).not.toBe('enrol-later')
      } else {
        expect(result).toEqual(without)
      }
    })
  })

  it('changes nothing but the path it names where a group is renamed', () => {
    fc.assert(
      fc.property(scene, fc.nat(), (one, pick) => {
        fc.pre(one.groups.length > 0)
        const at = pick % one.groups.length
        const renamed = one.groups.map((group, i) => (i === at ? { ...group, name: 'a new name' } : group))
        const [before, after] = [decided(one), decided({ ...one, groups: renamed })].map((result) =>
          JSON.stringify(result, (key, value: unknown) => (key === 'path' ? '' : value)),
        )
        expect(after).toEqual(before)
      }),
      { numRuns: 500 },
    )
  })

  it('always requires it of a holder of a tfa role, whatever override, rules and realm say (R28)', () => {
    holds((one) => {
      const result = decided({ ...one, roles: ['user', 'tfa-auditor'] })
      expect(result.enforcement).toBe('required')
      expect(isNeeded(result)).toBe(true)
    })
  })

  it('asks where a level above the password is requested or methods are to be changed, even where Disabled', () => {
    holds((one) => {
      expect(isNeeded(decided({ ...one, level: one.level === 1 ? 2 : one.level }))).toBe(true)
      expect(isNeeded(decided({ ...one, purpose: 'manage' }))).toBe(true)
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

  it("lets a subgroup's rule beat its ancestor's of the same priority, whatever it says", () => {
    holds((one) => {
      const ruleOf = (i: number) => one.rules.find(({ groupId }) => groupId === one.groups[i]?.id)
      const top = Math.max(
        ...one.rules
          .filter(({ groupId }) => one.groups.some(({ id }) => id === groupId))
          .map(({ priority }) => priority),
      )
      const { because } = decided({ ...one, purpose: 'login', level: 1, roles: [], override: undefined })
      if (because.rule !== 'group') return
      const won = one.groups.findIndex(({ id }) => id === because.groupId)
      expect(ruleOf(won)?.priority).toBe(top)
      const below = one.groups.flatMap((_, i) =>
        i !== won && pathOf(one.groups, i).startsWith(`${because.path}/`) ? [ruleOf(i)] : [],
      )
      expect(below.filter((rule) => rule?.priority === top)).toEqual([])
    })
  })

  it('never takes backup codes alone for a second factor (S18)', () => {
    holds((one) => {
      const onlyCodes = { ...one, enrolled: [{ method: 'backup-codes', failures: 0 }] }
      expect(decided(onlyCodes).action.do).not.toBe('challenge')
    })
  })

  it('puts a set-up off only where the user has no method of their own, nothing more is asked, and a grace runs', () => {
    let seen = 0
    holds((one) => {
      const { action, because, enforcement } = decided(one)
      if (action.do !== 'enrol-later') {
        expect('grace' in because).toBe(false)
        return
      }
      seen++
      expect(one.enrolled.filter(({ method }) => method !== 'backup-codes')).toEqual([])
      expect([one.level, enforcement]).toEqual([1, 'required'])
      expect(['login', 'direct']).toContain(one.purpose)
      expect(because).toMatchObject({ grace: action.until })
      expect(action.until).toBeGreaterThan(NOW)
      expect(action.until).toBeLessThanOrEqual(NOW + 365 * DAY)
    }, 3000)
    expect(seen).toBeGreaterThan(10)
  })

  it('begins a grace once, for what says Required to the user, and where days say so', () => {
    holds((one) => {
      const { graceStarts = [], enforcement, because } = decided(one)
      for (const { source, at: start } of graceStarts) {
        expect(start).toBe(NOW)
        expect(one.graceStarts.has(source)).toBe(false)
        expect(enforcement).toBe('required')
        expect(['role', 'override']).not.toContain(because.rule)
        const { grace } = source === '' ? one.settings : one.rules.find(({ groupId }) => groupId === source)!
        expect(grace).toHaveProperty('days')
      }
      const begun = new Map([...one.graceStarts, ...graceStarts.map((s) => [s.source, s.at] as const)])
      const again = decided({ ...one, graceStarts: begun })
      const { graceStarts: _, ...first } = decided(one)
      expect(again).toEqual(first)
    })
  })

  it('restricts only what a user asked for by themselves (S12)', () => {
    holds((one) => {
      const open = { ...one, settings: { ...one.settings, selfMethods: 'all' as const } }
      const [result, free] = [decided(one), decided(open)]
      // A level that an application asks for is a way to a method, too.
      if (one.purpose !== 'manage' && one.level === 1) expect(result).toEqual(free)
      else if (result.action.do === 'blocked') expect(result.proofs).toEqual([])
      else if (JSON.stringify(result) !== JSON.stringify(free)) {
        for (const id of result.methods) expect(one.settings.selfMethods).toContain(id)
        expect({ ...result, methods: [] }).toEqual({ ...free, methods: [] })
      }
    })
  })

  it('allows only what the realm allows', () => {
    holds((one) => {
      for (const id of decided(one).methods) expect(one.settings.methods).toContain(id)
    })
  })
})
