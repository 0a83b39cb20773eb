import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { treeOf } from '../../src/adapters/keycloak/setup/flow-tree.ts'
import type { Node } from '../../src/adapters/keycloak/setup/flow-tree.ts'
import { assess } from '../../src/adapters/keycloak/setup/place.ts'
import { step, sub } from '../support/flow-nodes.ts'

const guard = (requirement = 'CONDITIONAL') =>
  sub('x - Latchkey', requirement, step('latchkey-condition'), step('latchkey'))
const password = (requirement = 'REQUIRED') => step('auth-username-password-form', requirement)
const cookie = () => step('auth-cookie', 'ALTERNATIVE')

describe("a browser flow's place for Latchkey", () => {
  it('is the end of the subflow that holds the password form', () => {
    const forms = sub('forms', 'ALTERNATIVE', password(), sub('otp', 'CONDITIONAL'))
    const { places, problem, open } = assess('browser', [cookie(), forms])
    expect(places).toMatchObject([{ parent: forms, after: forms.children[0], guarded: false }])
    expect({ problem, open }).toEqual({ problem: undefined, open: [] })
  })

  it('is there once for name and password on two pages', () => {
    const forms = sub('forms', 'ALTERNATIVE', step('auth-username-form'), step('auth-password-form'))
    expect(assess('browser', [cookie(), forms]).places).toMatchObject([{ parent: forms }])
  })

  it('is above a choice of passwords and passkeys, which it would switch off', () => {
    const choice = sub(
      'choice',
      'REQUIRED',
      password('ALTERNATIVE'),
      step('webauthn-authenticator-passwordless', 'ALTERNATIVE'),
    )
    const forms = sub('forms', 'ALTERNATIVE', step('auth-username-form'), choice)
    expect(assess('browser', [cookie(), forms]).places).toMatchObject([{ parent: forms }])
  })

  it('is beside the levels of a step-up, not inside the one that may be left out', () => {
    const level = sub('level 1', 'CONDITIONAL', step('conditional-level-of-authentication'), password())
    const forms = sub('forms', 'ALTERNATIVE', level, sub('level 2', 'CONDITIONAL'))
    expect(assess('browser', [cookie(), forms]).places).toMatchObject([{ parent: forms }])
  })

  it('is in each branch that asks for the password', () => {
    const branches = [sub('a', 'ALTERNATIVE', password()), sub('b', 'ALTERNATIVE', password())]
    expect(assess('browser', branches).places.map(({ parent }) => parent)).toEqual(branches)
  })

  it('is not found where the form is an alternative at the top, nor where there is none, nor a disabled one', () => {
    expect(assess('browser', [cookie(), password('ALTERNATIVE')]).problem).toContain('alternative at the top')
    expect(assess('browser', [cookie()]).problem).toContain('no form')
    expect(assess('browser', [sub('forms', 'DISABLED', password())]).problem).toContain('no form')
  })

  it('tells branches that lead in without it, but not those that another guard covers', () => {
    const organization = sub(
      'Organization',
      'ALTERNATIVE',
      sub('if', 'CONDITIONAL', step('conditional-user-configured'), step('organization', 'ALTERNATIVE')),
    )
    const nodes = [
      cookie(),
      step('auth-spnego', 'ALTERNATIVE'),
      step('identity-provider-redirector', 'ALTERNATIVE'),
      organization,
      sub('keys', 'ALTERNATIVE', step('webauthn-authenticator-passwordless')),
      sub('forms', 'ALTERNATIVE', password()),
    ]
    expect(assess('browser', nodes).open).toEqual(['auth-spnego', 'keys'])
  })
})

it('tells a branch that leads past the password below the top too', () => {
  const passkey = step('webauthn-authenticator-passwordless', 'ALTERNATIVE')
  const choice = sub('choice', 'REQUIRED', passkey, sub('known', 'ALTERNATIVE', password(), guard()))
  const forms = sub('forms', 'ALTERNATIVE', step('auth-username-form'), choice)
  expect(assess('browser', [cookie(), forms])).toMatchObject({ guarded: true, open: [passkey.name] })
})

describe('a guard counts', () => {
  const browser = (...more: Node[]) =>
    assess('browser', [cookie(), sub('forms', 'ALTERNATIVE', password(), ...more)]).guarded

  it('as condition and authenticator in a CONDITIONAL subflow, or as the authenticator alone', () => {
    expect(browser(guard())).toBe(true)
    expect(browser(step('latchkey'))).toBe(true)
  })

  it.each([
    ['nothing', []],
    ['a disabled subflow', [guard('DISABLED')]],
    ['a subflow that is always run', [guard('REQUIRED')]],
    ['no condition', [sub('l', 'CONDITIONAL', step('latchkey'))]],
    ['no authenticator', [sub('l', 'CONDITIONAL', step('latchkey-condition'))]],
    ['the wrong order', [sub('l', 'CONDITIONAL', step('latchkey'), step('latchkey-condition'))]],
    [
      'a disabled condition',
      [sub('l', 'CONDITIONAL', step('latchkey-condition', 'DISABLED'), step('latchkey'))],
    ],
    [
      'a second condition that may say no',
      [sub('l', 'CONDITIONAL', step('latchkey-condition'), step('conditional-user-role'), step('latchkey'))],
    ],
    [
      'an authenticator that is optional',
      [sub('l', 'CONDITIONAL', step('latchkey-condition'), step('latchkey', 'ALTERNATIVE'))],
    ],
  ])('not with %s', (_, more) => {
    expect(browser(...more)).toBe(false)
  })

  it('only after the form that it guards', () => {
    const flow = (...steps: Node[]) => assess('browser', [cookie(), sub('forms', 'ALTERNATIVE', ...steps)])
    expect(flow(guard(), password()).guarded).toBe(false)
    expect(flow(step('latchkey'), password()).guarded).toBe(false)
    expect(flow(step('auth-username-form'), guard(), step('auth-password-form')).guarded).toBe(false)
    expect(flow(password(), sub('otp', 'CONDITIONAL'), guard()).guarded).toBe(true)
    const first = assess('direct', [step('latchkey-direct'), step('direct-grant-validate-password')])
    expect(first.guarded).toBe(false)
  })

  it('in a reset only right after the e-mail', () => {
    const [user, mail, reset] = [
      step('reset-credentials-choose-user'),
      step('reset-credential-email'),
      step('reset-password'),
    ]
    expect(assess('reset', [user, mail, guard(), reset]).guarded).toBe(true)
    expect(assess('reset', [user, mail, reset, guard()]).guarded).toBe(false)
    expect(assess('reset', [user, guard(), mail, reset]).guarded).toBe(false)
  })

  it('at the end of direct grants by its own authenticator alone', () => {
    expect(assess('direct', [step('direct-grant-validate-password'), step('latchkey-direct')]).guarded).toBe(
      true,
    )
    expect(assess('direct', [step('direct-grant-validate-password'), guard()]).guarded).toBe(false)
  })
})

it("makes Keycloak's flat list a tree that keeps its order, whatever its depth", () => {
  const levels = fc.array(fc.nat(3), { maxLength: 30 }).map((wanted) => {
    let deepest = 0
    return wanted.map((level) => {
      const here = Math.min(level, deepest)
      deepest = here + 1
      return here
    })
  })
  const flat = (nodes: readonly Node[], level = 0): [string, number][] =>
    nodes.flatMap(({ id, children }) => [[id, level] as [string, number], ...flat(children, level + 1)])
  fc.assert(
    fc.property(levels, (list) => {
      const tree = treeOf(list.map((level, index) => ({ id: String(index), level })))
      expect(flat(tree)).toEqual(list.map((level, index) => [String(index), level]))
    }),
  )
})
