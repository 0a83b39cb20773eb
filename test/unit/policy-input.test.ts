import { describe, expect, it } from 'vitest'
import { changeSettings, differences, replacePolicy } from '../../src/core/administration/changes.ts'
import { mergePatch, policyInput } from '../../src/core/administration/policy-input.ts'
import { realmSettings } from '../../src/core/settings.ts'
import { registry } from '../../src/methods/index.ts'

describe('a merge patch', () => {
  // RFC 7396, appendix A, as far as it is about objects.
  it.each([
    [{ a: 'b' }, { a: 'c' }, { a: 'c' }],
    [{ a: 'b' }, { b: 'c' }, { a: 'b', b: 'c' }],
    [{ a: 'b' }, { a: null }, {}],
    [{ a: 'b', b: 'c' }, { a: null }, { b: 'c' }],
    [{ a: ['b'] }, { a: 'c' }, { a: 'c' }],
    [{ a: 'c' }, { a: ['b'] }, { a: ['b'] }],
    [{ a: { b: 'c' } }, { a: { b: 'd', c: null } }, { a: { b: 'd' } }],
    [{ a: [{ b: 'c' }] }, { a: [1] }, { a: [1] }],
    [{ e: null }, { a: 1 }, { e: null, a: 1 }],
    [[1, 2], { a: 'b', c: null }, { a: 'b' }],
    [{}, { a: { bb: { ccc: null } } }, { a: { bb: {} } }],
  ])('makes of %j with %j %j (RFC 7396)', (target, patch, result) => {
    const before = JSON.stringify(target)
    expect(mergePatch(target, patch)).toEqual(result)
    expect(JSON.stringify(target)).toBe(before)
  })

  it('never reaches a prototype', () => {
    const patch = JSON.parse('{ "__proto__": { "polluted": true }, "constructor": { "polluted": true } }')
    mergePatch({}, patch)
    expect(({} as Record<string, unknown>)['polluted']).toBeUndefined()
  })
})

describe('what administrators write', () => {
  const { settings, rule } = policyInput(registry)

  it('has no field that nobody wrote: a default that is left out still follows ours', () => {
    expect(settings.parse({ maxFailures: 3 })).toEqual({ maxFailures: 3 })
    expect(settings.parse({})).toEqual({})
  })

  it('is refused where it contradicts itself', () => {
    expect(settings.safeParse({ lockoutSeconds: 600, lockoutMaxSeconds: 60 }).error?.issues[0]?.path).toEqual(
      ['lockoutMaxSeconds'],
    )
  })

  it('has a method that stands alone, if it has methods (S18)', () => {
    expect(
      rule.safeParse({ enforcement: 'required', methods: ['backup-codes'] }).error?.issues,
    ).toMatchObject([{ path: ['methods'], message: 'must have one beside backup codes' }])
    expect(rule.parse({ enforcement: 'required', methods: ['totp', 'backup-codes'] })).toEqual({
      enforcement: 'required',
      methods: ['totp', 'backup-codes'],
      priority: 0,
    })
  })
})

describe('a change of the policy', () => {
  const policy = {
    settings: realmSettings.parse({ maxFailures: 3 }),
    set: { maxFailures: 3 },
    version: 4,
    rules: [
      {
        groupId: 'g-1',
        enforcement: 'required' as const,
        priority: 0,
        origin: 'administrator' as const,
        version: 2,
      },
      {
        groupId: 'g-2',
        enforcement: 'optional' as const,
        priority: 0,
        origin: 'administrator' as const,
        version: 7,
      },
      {
        groupId: 'g-3',
        enforcement: 'disabled' as const,
        priority: 0,
        origin: 'attribute' as const,
        version: 1,
      },
    ],
    proposals: [],
  }
  const by = { actor: 'erin', address: '192.0.2.1', at: 1_000 }

  it('tells what holds before and after, also where a field is left to its default', () => {
    const change = changeSettings('demo', policy, { enforcement: 'required' }, by)
    expect(change?.settings).toEqual({ next: { enforcement: 'required' }, version: 4 })
    expect(change?.audit).toEqual([
      {
        event: 'settings.changed',
        realm: 'demo',
        userId: '',
        actor: 'erin',
        address: '192.0.2.1',
        at: 1_000,
        detail: {
          version: 5,
          changes: {
            maxFailures: { from: 3, to: 5 },
            enforcement: { from: 'optional', to: 'required' },
          },
        },
      },
    ])
    expect(changeSettings('demo', policy, { maxFailures: 3 }, by)).toBeUndefined()
  })

  it('puts a whole policy in the place of another, and leaves alone what Keycloak keeps', () => {
    const rules = [
      { groupId: 'g-1', enforcement: 'required' as const, priority: 0 },
      { groupId: 'g-4', enforcement: 'required' as const, priority: 1 },
    ]
    const change = replacePolicy('demo', policy, { settings: { maxFailures: 3 }, rules }, by)
    expect(change).toMatchObject({
      saveRules: [{ rule: rules[1], origin: 'administrator', version: undefined }],
      removeRules: [{ groupId: 'g-2', version: 7 }],
    })
    expect(change).not.toHaveProperty('settings')
    expect(change?.audit.map(({ event }) => event)).toEqual(['rule.removed', 'rule.saved'])
    const same = [rules[0]!, { groupId: 'g-2', enforcement: 'optional' as const, priority: 0 }]
    expect(replacePolicy('demo', policy, { settings: { maxFailures: 3 }, rules: same }, by)).toBeUndefined()
  })

  it('is none where only the order of names differs', () => {
    expect(differences({ a: { x: 1, y: 2 } }, { a: { y: 2, x: 1 } })).toEqual({})
    expect(differences({ a: [1, 2] }, { a: [2, 1] })).toEqual({ a: { from: [1, 2], to: [2, 1] } })
  })
})
