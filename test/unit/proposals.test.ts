import { describe, expect, it } from 'vitest'
import type { Background } from '../../src/core/ports.ts'
import { withProposals } from '../../src/core/policy/proposals.ts'
import { answerPush } from '../../src/core/login/question.ts'
import { appCredential, kitAt, settingsOf } from '../support/kit.ts'
import { rule } from '../support/policy.ts'
import { backgroundOf, needed, pushOf, stepOf } from '../support/push.ts'

const kit = kitAt()

describe('rules that are only proposed', () => {
  const groups = [
    { id: 'a', path: '/a' },
    { id: 'b', path: '/b' },
  ]
  const push = pushOf({ claims: { ...pushOf().claims, groups } })
  const reported = (change: Partial<Background>) => {
    const reply = answerPush(push, backgroundOf({ settings: settingsOf(), ...change }), kit)
    const without = answerPush(push, backgroundOf({ settings: settingsOf(), ...change, proposals: [] }), kit)
    if (!('change' in reply) || !('change' in without)) throw new Error('refused')
    expect(reply.decision).toEqual(without.decision)
    expect(reply.needed).toBe(without.needed)
    return reply.change.audit?.find(({ event }) => event === 'decision.proposed')?.detail
  }

  it('are reported where they would decide otherwise, and never count (B1)', () => {
    expect(reported({ proposals: [rule('a', 'required')] })).toEqual({
      because: { rule: 'group', groupId: 'a', path: '/a' },
      enforcement: 'required',
      do: 'enrol',
      insteadOf: { enforcement: 'optional', do: 'skip' },
      proposals: [{ groupId: 'a' }],
    })
  })

  it("take the place of their group's rule", () => {
    const change = { rules: [rule('a', 'required')], proposals: [rule('a', 'disabled')] }
    expect(reported(change)).toMatchObject({
      do: 'skip',
      insteadOf: { enforcement: 'required', do: 'enrol' },
    })
  })

  it("are left out where they change nothing, or are of other people's groups", () => {
    expect(reported({ proposals: [rule('elsewhere', 'required')] })).toBeUndefined()
    expect(reported({ rules: [rule('a', 'required')], proposals: [rule('b', 'optional')] })).toBeUndefined()
    expect(reported({ proposals: [rule('a', 'required')], override: 'disabled' })).toBeUndefined()
  })

  it('are named: those that would do it alone, else all whose sum would', () => {
    const alone = { proposals: [rule('a', 'required'), rule('b', 'optional')] }
    expect(reported(alone)).toMatchObject({ proposals: [{ groupId: 'a' }] })
    const rules = [rule('a', 'required'), rule('b', 'required')]
    const both = [rule('a', 'disabled'), rule('b', 'disabled')]
    const together = { rules, proposals: [...both, rule('elsewhere', 'disabled')] }
    expect(reported(together)).toMatchObject({ proposals: [{ groupId: 'a' }, { groupId: 'b' }] })
  })

  it('report a replacement that they would make somebody set up', () => {
    const change = {
      settings: settingsOf({ enforcement: 'required', methods: ['totp', 'sms', 'backup-codes'] }),
      credentials: [appCredential()],
      proposals: [rule('a', 'required', { methods: ['sms'] })],
    }
    expect(reported(change)).toMatchObject({ do: 'challenge', insteadOf: { do: 'challenge' } })
  })

  it('are reported once in a login, with its step', () => {
    const proposals = [rule('a', 'disabled')]
    const background = backgroundOf({ proposals })
    const first = needed(answerPush(push, background, kit))
    expect(first.change.audit?.at(-1)).toMatchObject({
      event: 'decision.proposed',
      detail: { transaction: stepOf(first).id },
    })
    const transaction = { ...stepOf(first), version: 1 }
    expect(needed(answerPush(push, { ...background, transaction }, kit)).change.audit).toBeUndefined()
  })
  it('replace or join the rules', () => {
    const [kept, old, next, added] = [
      rule('kept', 'optional'),
      rule('a', 'optional'),
      rule('a', 'required'),
      rule('b', 'required'),
    ]
    expect(withProposals([kept, old], [next, added])).toEqual([kept, next, added])
    expect(withProposals([kept, old], [])).toEqual([kept, old])
  })
})
