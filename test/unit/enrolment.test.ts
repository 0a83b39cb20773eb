import { generateSync } from 'otplib'
import { describe, expect, it } from 'vitest'
import {
  answerEnrolment,
  beginSetUp,
  chooseEnrolment,
  confirmSaved,
  enrollable,
} from '../../src/core/login/enrolment.ts'
import { NO_ATTEMPTS } from '../../src/core/login/lockout.ts'
import type { Change } from '../../src/core/ports.ts'
import type { Outcome } from '../../src/core/login/step.ts'
import type { Proof, Situation, Stage } from '../../src/core/login/transaction.ts'
import { registry } from '../../src/methods/index.ts'
import {
  NOW,
  PROOF,
  appCredential,
  backupCredential,
  kitAt,
  situationOf,
  transactionOf,
} from '../support/kit.ts'

const kit = kitAt()
const backup = backupCredential(kit)

type At<T extends Stage['at']> = Stage & { at: T }

function begun(proven?: Proof, change: Partial<Situation> = {}) {
  const empty = situationOf({ at: 'enrol', method: undefined, keep: undefined, proven }, change)
  const stage = beginSetUp(empty, proven, kit)
  const situation = { ...empty, transaction: transactionOf(stage, { methods: empty.transaction.methods }) }
  if (stage.at !== 'enrol') return { situation, secret: '', code: '', wrong: '' }
  const { secret = '' } = (stage.keep ?? {}) as { secret?: string }
  const code = secret === '' ? '' : generateSync({ secret, epoch: NOW / 1000 })
  return { situation, secret, code, wrong: code === '000000' ? '000001' : '000000' }
}

function changeOf(outcome: Outcome): Change {
  if (!('change' in outcome) || outcome.change === undefined) throw new Error(`no change: ${outcome.result}`)
  return outcome.change
}

const answer = (situation: Situation, code: string, label = '') =>
  answerEnrolment(situation, 'totp', { code, label }, kit)

/** The situation after an outcome was written. */
function next(situation: Situation, outcome: Outcome): Situation {
  const { attempts, transaction } = changeOf(outcome)
  return {
    ...situation,
    attempts: attempts?.next ?? situation.attempts,
    transaction: transaction?.next ?? situation.transaction,
  }
}

describe('a set-up', () => {
  it('begins with the app where it is the only method that stands alone', () => {
    const { situation } = begun()
    expect(situation.transaction.stage).toMatchObject({ at: 'enrol', method: 'totp', proven: undefined })
    expect(enrollable(situation, registry)).toEqual(['totp'])
  })

  it('offers backup codes only beside another method (S18)', () => {
    const { situation } = begun(PROOF, { credentials: [appCredential()] })
    expect(enrollable(situation, registry)).toEqual(['totp', 'backup-codes'])
    expect(situation.transaction.stage).toMatchObject({ at: 'enrol', method: undefined })
  })

  it('stores nothing before the user has saved the backup codes (R6, P10, S18)', () => {
    const { situation, code } = begun()
    const proven = answer(situation, code, ' my\u0007 phone ')
    expect(changeOf(proven)).not.toHaveProperty('enrol')
    expect(changeOf(proven)).not.toHaveProperty('attempts')
    const saving = next(situation, proven)
    expect(saving.transaction.stage).toMatchObject({
      at: 'save-codes',
      pending: [{ method: 'totp', label: 'my phone' }],
    })

    expect(confirmSaved(saving, false, kit)).toEqual({ result: 'refused', error: 'missing' })
    const saved = changeOf(confirmSaved(saving, true, kit))
    expect(saved.enrol?.map(({ method, label }) => [method, label])).toEqual([
      ['totp', 'my phone'],
      ['backup-codes', undefined],
    ])
    expect(saved.attempts).toMatchObject({ version: 0 })
    expect(saved.audit?.map(({ event }) => event)).toEqual(['enrolment.succeeded', 'enrolment.succeeded'])
    expect(saved.transaction?.next.stage).toEqual({ at: 'done', proof: { ...PROOF, setUp: true } })
  })

  it('keeps no backup code in what is stored (R4)', () => {
    const { situation, code } = begun()
    const saving = next(situation, answer(situation, code))
    const { keep } = saving.transaction.stage as At<'save-codes'>
    const { codes } = keep as { codes: string[] }
    const stored = JSON.stringify(changeOf(confirmSaved(saving, true, kit)).enrol)
    for (const one of codes) expect(stored).not.toContain(one)
  })

  it('counts wrong codes as a login does and locks as a login does (R6, P10)', () => {
    let { situation } = begun()
    const { code, wrong } = begun()
    for (let i = 0; i < 5; i++) {
      const outcome = answer(situation, wrong)
      expect(outcome).toMatchObject({ result: 'refused', error: 'wrong' })
      expect(changeOf(outcome).audit?.[0]?.event).toBe('enrolment.failed')
      situation = next(situation, outcome)
    }
    expect(situation.attempts).toMatchObject({ failures: 5, lockedUntil: NOW + 60_000 })
    expect(answer(situation, code)).toEqual({ result: 'locked' })
  })

  it('does not take a failed proof of a new app for a failure of one that the user has (R8)', () => {
    const { situation, wrong } = begun(PROOF, { credentials: [appCredential()] })
    const chosen = next(situation, chooseEnrolment(situation, 'totp', kit))
    expect(changeOf(answer(chosen, wrong)).failed).toEqual([])
  })

  it('does not count what could be no code', () => {
    const { situation } = begun()
    expect(answer(situation, '12 34')).toEqual({ result: 'refused', error: 'missing' })
  })

  it('is overtaken where the user got a method elsewhere in the meantime: the challenge comes instead (R17)', () => {
    const { situation, code } = begun()
    const saving = next(situation, answer(situation, code))
    const credentials = [appCredential(), backup.credential]
    for (const outcome of [
      answer({ ...situation, credentials }, code),
      confirmSaved({ ...saving, credentials }, true, kit),
    ]) {
      expect(outcome.result).toBe('stale')
      expect(changeOf(outcome)).not.toHaveProperty('enrol')
      expect(changeOf(outcome).transaction?.next).toMatchObject({
        stage: { at: 'challenge', method: 'totp', then: 'done' },
        proofs: ['totp', 'backup-codes'],
      })
    }
  })

  it('is not overtaken where the user proved a method first', () => {
    const credentials = [appCredential(), backup.credential]
    const { situation } = begun(PROOF, { credentials })
    const chosen = next(situation, chooseEnrolment(situation, 'totp', kit))
    const { secret } = (chosen.transaction.stage as At<'enrol'>).keep as { secret: string }
    const outcome = answer(chosen, generateSync({ secret, epoch: NOW / 1000 }))
    expect(changeOf(outcome).enrol?.map(({ method }) => method)).toEqual(['totp'])
    expect(changeOf(outcome)).toMatchObject({ remove: [] })
  })

  it('puts a new set of backup codes in the place of the old one, in one change', () => {
    const credentials = [appCredential(), backup.credential]
    const { situation } = begun(PROOF, { credentials })
    const chosen = next(situation, chooseEnrolment(situation, 'backup-codes', kit))
    expect(chosen.transaction.stage).toMatchObject({ at: 'save-codes', pending: [] })
    const change = changeOf(confirmSaved(chosen, true, kit))
    expect(change.enrol?.map(({ method }) => method)).toEqual(['backup-codes'])
    expect(change.remove).toEqual(['c-codes'])
  })

  it('ends without backup codes where the realm has none', () => {
    const empty = situationOf({ at: 'enrol', method: undefined, keep: undefined, proven: undefined })
    const transaction = transactionOf(empty.transaction.stage, { methods: ['totp'] })
    const stage = beginSetUp({ ...empty, transaction }, undefined, kit) as At<'enrol'>
    const { secret } = stage.keep as { secret: string }
    const situation = { ...empty, transaction: { ...transaction, stage } }
    const outcome = answer(situation, generateSync({ secret, epoch: NOW / 1000 }))
    expect(changeOf(outcome).enrol?.map(({ method }) => method)).toEqual(['totp'])
    expect(outcome.result === 'accepted' && outcome.code).toBeTruthy()
  })

  it('shows the same secret where its method is chosen again, so that a scanned code stays good', () => {
    const { situation } = begun()
    expect(changeOf(chooseEnrolment(situation, 'totp', kit)).transaction?.next.stage).toEqual(
      situation.transaction.stage,
    )
  })

  it.each(['backup-codes', 'passkey', ''])('refuses to set up %j for who has nothing', (method) => {
    expect(chooseEnrolment(begun().situation, method, kit)).toEqual({ result: 'refused', error: 'missing' })
  })

  it('is stale for the form of another page, which then eats nothing', () => {
    const done = situationOf({ at: 'done', proof: PROOF })
    const { situation } = begun()
    expect(answer(done, '123456')).toEqual({ result: 'stale' })
    expect(answerEnrolment(situation, 'backup-codes', { code: '1', label: '' }, kit)).toEqual({
      result: 'stale',
    })
    expect(confirmSaved(situation, true, kit)).toEqual({ result: 'stale' })
    expect(chooseEnrolment(done, 'totp', kit)).toEqual({ result: 'stale' })
  })

  it('clears the failures, reports them, and cuts a long name of a device', () => {
    const attempts = { ...NO_ATTEMPTS, version: 2, failures: 2, total: 2 }
    const { situation, code } = begun(undefined, { attempts })
    const saving = next(situation, answer(situation, code, 'x'.repeat(200)))
    const change = changeOf(confirmSaved(saving, true, kit))
    expect(change.attempts).toMatchObject({ version: 2, next: { failures: 0, total: 2, reported: 2 } })
    expect(change.transaction?.next.failures).toEqual({ from: 0, to: 2 })
    expect(change.enrol?.[0]?.label).toHaveLength(64)
  })
})
