import { randomBytes } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import { createSealer } from '../../src/adapters/secrets/sealer.ts'
import { answerChallenge } from '../../src/core/login/challenge.ts'
import { answerBypass, hashBypass } from '../../src/core/login/help-desk.ts'
import { isOpenedBy } from '../../src/core/login/link.ts'
import { answerPush } from '../../src/core/login/question.ts'
import { shownOf } from '../../src/core/login/triable.ts'
import type { Credential } from '../../src/core/login/transaction.ts'
import { checkCode, newCode } from '../../src/methods/sent-code/code.ts'
import { ACCOUNT, NOW, appCredential, contextAt, kitAt, settingsOf, situationOf } from '../support/kit.ts'
import { backgroundOf, needed, pushOf, stepOf } from '../support/push.ts'

const kit = kitAt()
const other = createSealer([{ id: 'k2', key: randomBytes(32) }])
/** A server without the key that things were hashed with. */
const without = kitAt(NOW, { mac: (text, keyId) => other.mac(text, keyId), keyIds: other.keyIds })
const sealed: Credential = { ...appCredential(), data: undefined, unreadable: 'no key' }
const phone: Credential = { ...appCredential(), id: 'c-sms', method: 'sms', data: { phone: '+31612345678' } }

describe('a method that no key opens', () => {
  const push = (
    credentials: Credential[],
    enforcement: 'required' | 'optional' | 'disabled' = 'required',
  ) => {
    const settings = settingsOf({ enforcement, methods: ['totp', 'sms', 'backup-codes'] })
    return answerPush(pushOf(), backgroundOf({ settings, credentials }), kit)
  }

  it.each(['required', 'optional'] as const)(
    'blocks its user where nothing else is left and it is %s: no first set-up (R17, R26)',
    (enforcement) => {
      expect(stepOf(needed(push([sealed], enforcement))).stage).toEqual({
        at: 'blocked',
        reason: 'unreadable',
      })
    },
  )

  it('blocks nobody whom the policy does not ask', () => {
    expect(push([sealed], 'disabled')).toMatchObject({ needed: false })
  })

  it('tells the audit why the login ended', () => {
    expect(needed(push([sealed])).change.audit).toMatchObject([
      { event: 'decision.needed', detail: { do: 'blocked', reason: 'unreadable' } },
    ])
  })

  it('leaves what else the user has, and asks for that', () => {
    const { stage, proofs } = stepOf(needed(push([sealed, phone])))
    expect([stage.at, proofs]).toEqual(['challenge', ['sms']])
  })

  it('takes no answer, and lists show nothing of it', async () => {
    const stage = { at: 'challenge', method: 'totp', then: 'done' } as const
    const answer = await answerChallenge(situationOf(stage, { credentials: [sealed] }), 'totp', '123456', kit)
    expect(answer).toMatchObject({ result: 'refused' })
    expect(shownOf(sealed, kit.registry)).toBeUndefined()
    expect(shownOf(appCredential(), kit.registry)).toMatchObject({ kind: 'totp' })
  })
})

describe('what was hashed with a key that is gone opens nothing, and fails nothing', () => {
  it('a code of the help desk', () => {
    const bypass = { id: 'b', ...hashBypass(ACCOUNT, 'K7QMH4TX9PZCW2GV', kit), expiresAt: NOW + 1 }
    const instead = { at: 'challenge', method: 'totp', then: 'done' } as const
    const situation = situationOf({ at: 'help-desk', instead }, { credentials: [appCredential()], bypass })
    expect(answerBypass(situation, 'K7QMH4TX9PZCW2GV', kit).result).toBe('accepted')
    expect(answerBypass(situation, 'K7QMH4TX9PZCW2GV', without)).toMatchObject({ error: 'wrong' })
  })

  it('a link', () => {
    const id = 'i'.repeat(22)
    const link = { id, realm: 'demo', userId: 'u', purpose: 'first-set-up' as const, transactionId: 't' }
    const whole = { ...link, expiresAt: NOW, usedAt: undefined, secret: { keyId: 'k1', value: 'v' } }
    expect(isOpenedBy(whole, `${id}.${'s'.repeat(43)}`, without)).toBe(false)
  })

  it('a code that was sent', () => {
    const to = '+31612345678'
    const { send, code } = newCode('sms', to, ACCOUNT, contextAt())
    const context = { ...contextAt(), mac: without.mac, keyIds: without.keyIds }
    expect(checkCode(to, code, send.code, ACCOUNT, contextAt())).toBe('right')
    expect(checkCode(to, code, send.code, ACCOUNT, context)).toBe('wrong')
  })
})
