import { describe, expect, it } from 'vitest'
import { stepUp } from '../../src/adapters/keycloak/doctor/step-up-check.ts'
import type { Facts } from '../../src/adapters/keycloak/doctor/check.ts'
import { treeOf } from '../../src/adapters/keycloak/setup/flow-tree.ts'
import type { Node } from '../../src/adapters/keycloak/setup/flow-tree.ts'
import type { Found } from '../../src/adapters/keycloak/setup/found.ts'
import { levelsWithout } from '../../src/adapters/keycloak/setup/levels.ts'
import { assess } from '../../src/adapters/keycloak/setup/place.ts'
import { step, sub } from '../support/flow-nodes.ts'

const condition = (loa: number, requirement = 'REQUIRED') =>
  step('conditional-level-of-authentication', requirement, { loa })
const level = (loa: number, ...steps: Node[]) => sub(`level ${loa}`, 'CONDITIONAL', condition(loa), ...steps)
const otp = (requirement = 'REQUIRED') => step('auth-otp-form', requirement)
const latchkey = (requirement = 'REQUIRED') => step('latchkey', requirement)
const password = () => step('auth-username-password-form')
const guard = () => sub('x - Latchkey', 'CONDITIONAL', step('latchkey-condition'), latchkey())
const flow = (...steps: Node[]) => [
  step('auth-cookie', 'ALTERNATIVE'),
  sub('forms', 'ALTERNATIVE', level(1, password()), ...steps),
]

describe('the levels of a step-up (B7)', () => {
  it("take Latchkey beside the realm's own second factor, which becomes one of two", () => {
    const own = otp()
    const gold = level(2, own)
    expect(levelsWithout(flow(gold))).toEqual([
      {
        level: 2,
        subflow: gold,
        place: { parent: gold, present: undefined, requirement: 'ALTERNATIVE', loosen: own },
      },
    ])
  })

  it('take it into a choice that is there, and alone where there is nothing', () => {
    const choice = sub(
      'choice',
      'REQUIRED',
      otp('ALTERNATIVE'),
      step('webauthn-authenticator', 'ALTERNATIVE'),
    )
    const places = levelsWithout(flow(level(2, choice), level(3))).map(({ place }) => place)
    expect(places).toMatchObject([
      { parent: choice, requirement: 'ALTERNATIVE', loosen: undefined },
      { requirement: 'REQUIRED', loosen: undefined },
    ])
  })

  it.each([
    ['two factors in a row', [otp(), step('webauthn-authenticator')]],
    ['a factor that is not known', [step('their-own-factor')]],
    ['a password', [password()]],
    [
      'a subflow with its own condition',
      [sub('if', 'CONDITIONAL', step('conditional-user-configured'), otp())],
    ],
  ])('keep their own steps where they are %s', (_, steps) => {
    expect(levelsWithout(flow(level(2, ...steps)))).toMatchObject([{ level: 2, place: undefined }])
  })

  it('are done where Latchkey can be come to, alone, beside an alternative or below', () => {
    const done = [
      level(2, latchkey()),
      level(2, otp('ALTERNATIVE'), latchkey('ALTERNATIVE')),
      level(2, sub('choice', 'REQUIRED', otp('ALTERNATIVE'), latchkey('ALTERNATIVE'))),
    ]
    expect(levelsWithout(flow(...done, guard()))).toEqual([])
  })

  it.each([
    ['not switched on yet', level(2, otp(), latchkey('DISABLED')), 'DISABLED'],
    ['ignored beside a step that must be taken', level(2, otp(), latchkey('ALTERNATIVE')), 'ALTERNATIVE'],
  ])('go on where an interrupted run left Latchkey %s', (_, gold, requirement) => {
    expect(levelsWithout(flow(gold))).toMatchObject([
      { place: { present: { requirement }, loosen: { provider: 'auth-otp-form' } } },
    ])
  })

  it('are neither level 1 nor what is switched off', () => {
    expect(levelsWithout(flow(sub('off', 'DISABLED', condition(2), otp())))).toEqual([])
    expect(levelsWithout(flow(sub('none', 'CONDITIONAL', condition(2, 'DISABLED'), otp())))).toEqual([])
  })

  it('are no guard: the policy has its own place after them', () => {
    const assessed = (...more: Node[]) =>
      assess('browser', flow(level(2, otp('ALTERNATIVE'), latchkey('ALTERNATIVE')), ...more))
    expect(assessed()).toMatchObject({ guarded: false, places: [{ present: undefined }] })
    expect(assessed(guard())).toMatchObject({ guarded: true, open: [] })
  })

  it('come from the configuration of their conditions', () => {
    const executions = [
      {
        id: 's',
        displayName: 'gold',
        authenticationFlow: true,
        flowId: 'f',
        requirement: 'CONDITIONAL',
        level: 0,
      },
      { id: 'c', providerId: 'conditional-level-of-authentication', requirement: 'REQUIRED', level: 1 },
    ]
    const [gold] = treeOf(executions, new Map([['c', 2]]))
    expect(gold?.children[0]?.loa).toBe(2)
  })
})

describe('doctor (B7, B16)', () => {
  const faults = (children: Node[], map?: string) => {
    const attributes = map === undefined ? {} : { 'acr.loa.map': map }
    const found = {
      realm: { realm: 'acme', browserFlow: 'b', attributes },
      flows: [{ id: 'b', alias: 'b', builtIn: false, children }],
    } as unknown as Found
    return stepUp(found, { realm: { name: 'acme' } } as Facts)
  }

  it('finds nothing in a realm without levels, nor in one that setup finished', () => {
    expect(faults([password()])).toEqual([])
    const done = flow(level(2, otp('ALTERNATIVE'), latchkey('ALTERNATIVE')), guard())
    expect(faults(done, '{"silver":1,"gold":2}')).toEqual([])
  })

  it.each([
    ['a level without Latchkey', flow(level(2, otp())), undefined, 'latchkey setup --realm acme'],
    ['one that setup has no place in', flow(level(2, step('their-own-factor'))), undefined, 'into a subflow'],
    ['a number that Latchkey does not know', flow(level(20, latchkey())), undefined, 'number the levels'],
    ['a name without a condition', flow(level(2, latchkey())), '{"platinum":"3"}', 'Authentication" 3'],
    ['a name in a realm without levels', [password()], '{"gold":2}', 'Authentication" 2'],
  ])('warns of %s', (_, children, map, mend) => {
    const found = faults(children, map)
    expect(found.map(({ level: weight }) => weight)).toEqual(['warning'])
    expect(found[0]?.mend).toContain(mend)
  })

  it('leaves names alone that are not readable', () => {
    for (const map of ['', 'gold', 'null', '{"gold":"much"}', '[]'])
      expect(faults([password()], map)).toEqual([])
  })
})
