import { generateSync } from 'otplib'
import { describe, expect, it } from 'vitest'
import { acknowledgeLow, answerChallenge, chooseChallenge } from '../../src/core/login/challenge.ts'
import { NO_ATTEMPTS } from '../../src/core/login/lockout.ts'
import type { Outcome } from '../../src/core/login/step.ts'
import type { Situation, Stage } from '../../src/core/login/transaction.ts'
import {
  NOW,
  PROOF,
  SECRET,
  appCredential,
  backupCredential,
  kitAt,
  situationOf,
  transactionOf,
} from '../support/kit.ts'

const kit = kitAt()
const { credential: backup, codes } = backupCredential(kit)
const right = generateSync({ secret: SECRET, epoch: NOW / 1000 })
const WRONG = right === '424242' ? '424243' : '424242'

const asked = (method: string, then: 'done' | 'enrol' = 'done'): Stage => ({ at: 'challenge', method, then })
const both = { credentials: [appCredential(), backup] }
const situation = (change: Partial<Situation> = {}, method = 'totp') =>
  situationOf(asked(method), { ...both, ...change })

/** The change of an outcome that has one. */
function changeOf(outcome: Outcome) {
  if (!('change' in outcome) || outcome.change === undefined) throw new Error(`no change: ${outcome.result}`)
  return outcome.change
}

describe('the answer to a challenge', () => {
  it('is accepted with the change that makes it true: credential, attempts and step, all by their versions (R2)', async () => {
    const attempts = { version: 4, failures: 3, total: 9, reported: 6, lockedUntil: 0 }
    const outcome = await answerChallenge(situation({ attempts }), 'totp', right, kit)
    expect(outcome).toMatchObject({
      result: 'accepted',
      change: {
        realm: 'demo',
        userId: 'user-1',
        attempts: { version: 4, next: { failures: 0, total: 9, reported: 9 } },
        credentials: [{ id: 'c-app', version: 1, data: { lastStep: Math.floor(NOW / 30_000) } }],
        transaction: { version: 3, next: { stage: { at: 'done' }, failures: { from: 0, to: 9 } } },
        audit: [{ event: 'challenge.succeeded' }],
      },
    })
    if (outcome.result !== 'accepted' || outcome.code === undefined) throw new Error('no code')
    expect(JSON.stringify(outcome.change)).not.toContain(outcome.code)
    expect(outcome.change.transaction?.next.code?.hash).toBe(kit.hash(outcome.code))
  })

  it('counts a guess at one of several apps, whatever length the codes of the others have (R7)', async () => {
    const long = appCredential({ id: 'c-long', data: { secret: SECRET, lastStep: 0, digits: 8 } })
    for (const credentials of [
      [appCredential(), long],
      [long, appCredential()],
    ]) {
      const short = await answerChallenge(situation({ credentials }), 'totp', WRONG, kit)
      expect(short).toMatchObject({
        result: 'refused',
        error: 'wrong',
        change: { failed: ['c-app', 'c-long'].toSorted((a) => (a === credentials[0]!.id ? -1 : 1)) },
      })
      expect(await answerChallenge(situation({ credentials }), 'totp', '1234567', kit)).toEqual({
        result: 'refused',
        error: 'missing',
      })
      expect(await answerChallenge(situation({ credentials }), 'totp', right, kit)).toMatchObject({
        result: 'accepted',
        change: { credentials: [{ id: 'c-app' }] },
      })
    }
  })

  it('proves otp, and mfa only where the first factor is known (R21)', async () => {
    const proofOf = async (first: string[], method: string, answer: string) => {
      const transaction = transactionOf(asked(method))
      transaction.question.amr = first
      const { next } = changeOf(
        await answerChallenge(situation({ transaction }), method, answer, kit),
      ).transaction!
      return next.stage.at === 'done' ? next.stage.proof.amr : undefined
    }
    expect(await proofOf(['pwd'], 'totp', right)).toEqual(['pwd', 'otp', 'mfa'])
    expect(await proofOf([], 'totp', right)).toEqual(['otp'])
    expect(await proofOf(['pwd'], 'backup-codes', codes[0]!)).toEqual(['pwd', 'mfa'])
    expect(await proofOf([], 'backup-codes', codes[0]!)).toEqual([])
  })

  it('is stale where the step has left the page, and then neither counted nor spent', async () => {
    for (const stage of [
      asked('backup-codes'),
      { at: 'enrol', method: 'totp', keep: {}, proven: undefined },
      { at: 'codes-low', left: 1, then: 'done', proof: PROOF },
      { at: 'blocked', reason: 'must-be-reset' },
      { at: 'done', proof: PROOF },
    ] satisfies Stage[]) {
      expect(await answerChallenge(situationOf(stage, both), 'totp', right, kit)).toEqual({ result: 'stale' })
      expect(await answerChallenge(situationOf(stage, both), 'totp', WRONG, kit)).toEqual({ result: 'stale' })
    }
  })

  it('is refused and not counted during a lock, the right one too (R8)', async () => {
    const attempts = { ...NO_ATTEMPTS, version: 5, failures: 5, lockedUntil: NOW + 1 }
    expect(await answerChallenge(situation({ attempts }), 'totp', right, kit)).toEqual({ result: 'locked' })
    expect(await answerChallenge(situation({ attempts }), 'totp', WRONG, kit)).toEqual({ result: 'locked' })
    expect((await answerChallenge(situation({ attempts }), 'totp', right, kitAt(NOW + 1))).result).toBe(
      'accepted',
    )
  })

  it('is not counted where it could be no code', async () => {
    for (const text of ['', '12345', 'x']) {
      expect(await answerChallenge(situation(), 'totp', text, kit)).toEqual({
        result: 'refused',
        error: 'missing',
      })
    }
  })

  it('is counted where it is wrong: for the user, on the credential, in the audit (R7, R8, P1)', async () => {
    const outcome = await answerChallenge(situation(), 'totp', WRONG, kit)
    expect(outcome).toMatchObject({
      result: 'refused',
      error: 'wrong',
      change: {
        attempts: { version: 0, next: { failures: 1, total: 1, reported: 0 } },
        failed: ['c-app'],
        audit: [{ event: 'challenge.failed', detail: { failures: 1 } }],
      },
    })
    expect(changeOf(outcome)).not.toHaveProperty('transaction')
    expect(JSON.stringify(outcome)).not.toContain(WRONG)
  })

  it('counts wrong tries across methods, in one number (R7, P2)', async () => {
    let attempts = NO_ATTEMPTS
    const answers: [string, string][] = [
      ['totp', WRONG],
      ['backup-codes', '0000-0000-0000-0000'],
      ['totp', WRONG],
      ['backup-codes', '0000-0000-0000-0000'],
      ['totp', WRONG],
    ]
    for (const [method, text] of answers) {
      attempts = changeOf(await answerChallenge(situation({ attempts }, method), method, text, kit)).attempts!
        .next
    }
    expect(attempts).toMatchObject({ failures: 5, total: 5, lockedUntil: NOW + 60_000 })
    expect(
      (await answerChallenge(situation({ attempts }, 'backup-codes'), 'backup-codes', codes[0]!, kit)).result,
    ).toBe('locked')
  })

  it('tells the audit when a lock starts (R8)', async () => {
    const attempts = { ...NO_ATTEMPTS, version: 4, failures: 4, total: 4 }
    const { audit } = changeOf(await answerChallenge(situation({ attempts }), 'totp', WRONG, kit))
    expect(audit?.map(({ event }) => event)).toEqual(['challenge.failed', 'lockout.started'])
  })

  it('says the same of a used code as of a wrong one (R11)', async () => {
    const used = appCredential({ data: { secret: SECRET, lastStep: Math.floor(NOW / 30_000) } })
    const told = ({ result, error }: { result: string; error?: string }) => ({ result, error })
    const ofUsed = await answerChallenge(situation({ credentials: [used] }), 'totp', right, kit)
    expect(told(ofUsed)).toEqual(told(await answerChallenge(situation(), 'totp', WRONG, kit)))
    expect(changeOf(ofUsed).attempts?.next.failures).toBe(1)
  })

  it('is tried against each app of the user, and spends the one that it fits', async () => {
    const other = appCredential({ id: 'c-other', data: { secret: 'A'.repeat(32), lastStep: 0 } })
    const change = changeOf(
      await answerChallenge(situation({ credentials: [other, appCredential()] }), 'totp', right, kit),
    )
    expect(change.credentials?.map(({ id }) => id)).toEqual(['c-app'])
  })

  it('is never tried against a credential with 100 failures (R8)', async () => {
    const credentials = [appCredential({ failures: 100 }), backup]
    expect(await answerChallenge(situation({ credentials }), 'totp', right, kit)).toMatchObject({
      result: 'refused',
      error: 'wrong',
    })
  })

  it('warns after a backup code that leaves three or fewer, before it goes on', async () => {
    const left = async (count: number) => {
      const made = backupCredential(kit, count)
      const one = situation({ credentials: [appCredential(), made.credential] }, 'backup-codes')
      const outcome = await answerChallenge(one, 'backup-codes', made.codes[0]!, kit)
      return {
        stage: changeOf(outcome).transaction!.next.stage,
        code: outcome.result === 'accepted' && outcome.code,
      }
    }
    expect((await left(5)).stage.at).toBe('done')
    expect(await left(4)).toMatchObject({
      stage: { at: 'codes-low', left: 3, then: 'done' },
      code: undefined,
    })
  })

  it('leads to the set-up where the challenge was the proof for one (R17)', async () => {
    const one = situationOf(asked('totp', 'enrol'), both)
    const outcome = await answerChallenge(one, 'totp', right, kit)
    expect(outcome).toMatchObject({
      result: 'accepted',
      change: { transaction: { next: { stage: { at: 'enrol' } } } },
    })
    expect(outcome).not.toHaveProperty('code')
    const { stage } = changeOf(outcome).transaction!.next
    expect(stage.at === 'enrol' && stage.proven?.amr).toEqual(['pwd', 'otp', 'mfa'])
  })
})

describe('the way on from a warning of few backup codes', () => {
  const low = (then: 'done' | 'enrol'): Stage => ({ at: 'codes-low', left: 2, then, proof: PROOF })

  it('ends the step with the proof that was given', () => {
    const outcome = acknowledgeLow(situationOf(low('done'), both), kit)
    expect(outcome.result === 'accepted' && outcome.code).toMatch(/^[\w-]{43}$/)
    expect(changeOf(outcome).transaction?.next.stage).toEqual({ at: 'done', proof: PROOF })
  })

  it('leads to the set-up where that comes next', () => {
    expect(
      changeOf(acknowledgeLow(situationOf(low('enrol'), both), kit)).transaction?.next.stage,
    ).toMatchObject({
      at: 'enrol',
      proven: PROOF,
    })
  })

  it('is stale at any other stage, so that nothing ends a step without a proof (P5)', () => {
    expect(acknowledgeLow(situation(), kit)).toEqual({ result: 'stale' })
  })
})

describe('another way', () => {
  it('moves the challenge to a method that it takes, and refills nothing (P2, P5)', () => {
    const outcome = chooseChallenge(situation(), 'backup-codes', kit)
    expect(changeOf(outcome)).toEqual({
      realm: 'demo',
      userId: 'user-1',
      transaction: { version: 3, next: transactionOf(asked('backup-codes')) },
    })
  })

  it.each(['passkey', '', 'toString', '__proto__'])(
    'refuses %j, which the challenge does not take',
    (method) => {
      expect(chooseChallenge(situation(), method, kit)).toEqual({ result: 'refused', error: 'missing' })
    },
  )

  it('refuses a method that the policy does not take as a proof, though the user has it', () => {
    const transaction = transactionOf(asked('totp'), { proofs: ['totp'] })
    expect(chooseChallenge(situation({ transaction }), 'backup-codes', kit).result).toBe('refused')
  })

  it('refuses a method whose credentials all have 100 failures (R8)', () => {
    const credentials = [appCredential(), { ...backup, failures: 100 }]
    expect(chooseChallenge(situation({ credentials }), 'backup-codes', kit).result).toBe('refused')
  })

  it('is stale where the step asks for nothing', () => {
    expect(chooseChallenge(situationOf({ at: 'done', proof: PROOF }, both), 'backup-codes', kit)).toEqual({
      result: 'stale',
    })
  })
})
