import { describe, expect, it } from 'vitest'
import { NO_ATTEMPTS } from '../../src/core/login/lockout.ts'
import type { Background } from '../../src/core/ports.ts'
import { answerPush } from '../../src/core/login/question.ts'
import type { RealmSettings } from '../../src/core/settings.ts'
import type { Stage, Transaction } from '../../src/core/login/transaction.ts'
import {
  ACCOUNT,
  NOW,
  PROOF,
  appCredential,
  backupCredential,
  kitAt,
  settingsOf,
  transactionOf,
} from '../support/kit.ts'
import { backgroundOf, needed, pushOf, stepOf } from '../support/push.ts'

const kit = kitAt()

describe('the answer to a push', () => {
  it('skips with nothing written but the id of the message and the audit where nothing is needed', () => {
    const reply = answerPush(pushOf(), backgroundOf({ settings: settingsOf() }), kit)
    expect(reply).toMatchObject({
      needed: false,
      decision: { action: { do: 'skip' }, because: { rule: 'realm' } },
    })
    expect('change' in reply && reply.change).toEqual({
      realm: 'demo',
      userId: 'user-1',
      once: pushOf().once,
      audit: [
        {
          event: 'decision.not-needed',
          realm: 'demo',
          userId: 'user-1',
          at: NOW,
          detail: { because: { rule: 'realm' }, enforcement: 'optional', do: 'skip' },
        },
      ],
    })
  })

  it('tells the audit of a grant without a browser, whatever it comes to', () => {
    const claims = { ...pushOf().claims, purpose: 'direct' as const }
    const eventsFor = (settings: Partial<RealmSettings>) => {
      const reply = answerPush(pushOf({ claims }), backgroundOf({ settings: settingsOf(settings) }), kit)
      return 'change' in reply ? [reply.needed, reply.change.audit?.map(({ event }) => event)] : []
    }
    expect(eventsFor({ enforcement: 'disabled' })).toEqual([false, ['decision.not-needed']])
    expect(eventsFor({ enforcement: 'required' })).toEqual([true, ['decision.needed']])
  })

  it('begins a step, with the request_uri and the secrets of its set-up hashed or sealed only', () => {
    const reply = needed(answerPush(pushOf(), backgroundOf(), kit))
    expect(stepOf(reply)).toMatchObject({
      stage: { at: 'enrol', method: 'totp', proven: undefined },
      requestUri: { hash: kit.hash(reply.step.requestUri), expiresAt: NOW + 60_000 },
      redeemed: false,
      browserHash: undefined,
      code: undefined,
    })
    expect(JSON.stringify(reply.change)).not.toContain(reply.step.requestUri)
    expect(reply.change.audit).toMatchObject([
      { event: 'decision.needed', detail: { because: { rule: 'realm' }, do: 'enrol' } },
    ])
  })

  it('never lets a step live longer than the login, nor than half an hour', () => {
    const until = (loginExpiresAt: number) =>
      stepOf(needed(answerPush(pushOf({ loginExpiresAt }), backgroundOf(), kit))).expiresAt
    expect(until(NOW + 900_000)).toBe(NOW + 900_000)
    expect(until(NOW + 9_000_000)).toBe(NOW + 1_800_000)
  })

  it('asks for the app first and for backup codes only by choice (P27)', () => {
    const credentials = [backupCredential(kit).credential, appCredential()]
    const reply = needed(answerPush(pushOf(), backgroundOf({ credentials }), kit))
    expect(stepOf(reply).stage).toEqual({ at: 'challenge', method: 'totp', then: 'done' })
  })

  it('shows the blocked page where the policy leaves no way (R8)', () => {
    const credentials = [appCredential({ failures: 100 })]
    const reply = needed(answerPush(pushOf(), backgroundOf({ credentials }), kit))
    expect(stepOf(reply).stage).toEqual({ at: 'blocked', reason: 'must-be-reset' })
  })
})

describe('a push with a known nonce', () => {
  const saving: Stage = {
    at: 'save-codes',
    method: 'backup-codes',
    keep: { codes: ['x'] },
    pending: [],
    proven: undefined,
    proof: PROOF,
  }

  it('brings the same step back: stage, browser and failures as they were, with a new request_uri (P2)', () => {
    const transaction = transactionOf(saving, { failures: { from: 2, to: 3 } })
    const attempts = { ...NO_ATTEMPTS, version: 4, failures: 4, total: 5, reported: 3 }
    const reply = needed(answerPush(pushOf(), backgroundOf({ transaction, attempts }), kit))
    expect(reply.change.insert).toBeUndefined()
    expect(reply.change.audit).toBeUndefined()
    expect(reply.change.attempts).toBeUndefined()
    expect(reply.change.transaction).toMatchObject({
      version: 3,
      next: {
        id: 'step-1',
        stage: saving,
        browserHash: 'b',
        requestUri: { hash: kit.hash(reply.step.requestUri) },
      },
    })
  })

  it('reports again what its first answer reported, and what came since (R9)', () => {
    const transaction = transactionOf(saving, { failures: { from: 2, to: 3 } })
    const attempts = { ...NO_ATTEMPTS, version: 4, total: 5, reported: 3 }
    const reply = needed(answerPush(pushOf(), backgroundOf({ transaction, attempts }), kit))
    expect(reply.step.failures).toEqual({ from: 2, to: 5 })
    expect(reply.change.reported).toBe(5)
    const again = needed(
      answerPush(pushOf(), backgroundOf({ transaction, attempts: { ...attempts, reported: 5 } }), kit),
    )
    expect(again.step.failures).toEqual({ from: 2, to: 5 })
    expect(again.change.reported).toBeUndefined()
  })

  it('keeps the language that the user chose on the page', () => {
    const transaction = transactionOf(saving)
    transaction.question = { ...transaction.question, locale: 'de' }
    expect(stepOf(needed(answerPush(pushOf(), backgroundOf({ transaction }), kit))).question.locale).toBe(
      'de',
    )
  })

  it('is refused for another user (R13, R15)', () => {
    const transaction = transactionOf(saving)
    const push = pushOf({ account: { ...ACCOUNT, userId: 'user-2' } })
    expect(answerPush(push, backgroundOf({ transaction }), kit)).toHaveProperty('refused')
  })

  it('is refused once its answer was redeemed (R13)', () => {
    const transaction = transactionOf({ at: 'done', proof: PROOF }, { redeemed: true })
    expect(answerPush(pushOf(), backgroundOf({ transaction }), kit)).toHaveProperty('refused')
  })

  it('leaves a proof that was given where it is', () => {
    const transaction = transactionOf({ at: 'done', proof: PROOF })
    const reply = needed(
      answerPush(pushOf(), backgroundOf({ transaction, credentials: [appCredential()] }), kit),
    )
    expect(stepOf(reply).stage).toEqual({ at: 'done', proof: PROOF })
  })

  it('begins anew where the decision is another one by now (R14)', () => {
    const credentials = [appCredential()]
    const stageAfter = (transaction: Transaction, change: Partial<Background>) =>
      stepOf(needed(answerPush(pushOf(), backgroundOf({ transaction, ...change }), kit))).stage
    // A first set-up, on the password alone, of a user who has a method by now.
    expect(stageAfter(transactionOf(saving), { credentials })).toMatchObject({
      at: 'challenge',
      method: 'totp',
    })
    const enrolling = transactionOf({ at: 'enrol', method: 'totp', keep: {}, proven: undefined })
    expect(stageAfter(enrolling, { credentials })).toMatchObject({ at: 'challenge' })
    // A challenge of a user whose methods an administrator reset.
    const challenged = transactionOf({ at: 'challenge', method: 'totp', then: 'done' })
    expect(stageAfter(challenged, {})).toMatchObject({ at: 'enrol', proven: undefined })
    // A way that was barred and is open again, and the other way round.
    const blocked = transactionOf({ at: 'blocked', reason: 'no-method-allowed' })
    expect(stageAfter(blocked, { credentials })).toMatchObject({ at: 'challenge' })
    const barred = { settings: settingsOf({ enforcement: 'required', methods: ['backup-codes'] }) }
    expect(stageAfter(transactionOf({ at: 'done', proof: PROOF }), barred)).toMatchObject({ at: 'blocked' })
  })
})
