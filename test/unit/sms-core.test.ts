import type { Outcome } from '../../src/core/login/step.ts'
import { expect, it } from 'vitest'
import { chooseChallenge } from '../../src/core/login/challenge.ts'
import { beginSetUp, chooseEnrolment } from '../../src/core/login/enrolment.ts'
import { aim, sendCode } from '../../src/core/login/sending.ts'
import { ACCOUNT, appCredential, kitAt, settingsOf, situationOf, transactionOf } from '../support/kit.ts'

const kit = kitAt()
const settings = settingsOf({ methods: ['sms', 'totp'], smsCountries: ['NL'] })
const sms = {
  id: 'c-sms',
  method: 'sms',
  label: undefined,
  version: 1,
  failures: 0,
  data: { phone: '+31612345678' },
}

it('a number that an administrator set cannot be changed by a posted form (R25, R10)', () => {
  const transaction = transactionOf(
    { at: 'blocked', reason: 'no-method-allowed' },
    { account: { ...ACCOUNT, phone: '+31612345678' }, methods: ['sms'] },
  )
  const situation = situationOf(transaction.stage, { settings, transaction })
  transaction.stage = beginSetUp(situation, undefined, kit)
  const outcome = aim(situation, { country: 'NL', phone: '+31687654321' }, '127.0.0.1', kit)
  expect(outcome).not.toHaveProperty('send.to', '+31687654321')
})

it('choosing a method again does not pass the pause, at login', () => {
  const transaction = transactionOf(
    { at: 'challenge', method: 'sms', then: 'done' },
    { proofs: ['sms', 'totp'] },
  )
  const situation = situationOf(transaction.stage, {
    settings,
    transaction,
    credentials: [sms, appCredential()],
  })
  const first = sendCode(situation, '', kit)
  if (first.result !== 'accepted') throw new Error()
  const after = { ...situation, transaction: first.change.transaction!.next }
  const chosen = chooseChallenge(after, 'sms', kit)
  if (chosen.result !== 'accepted') return
  const again = { ...situation, transaction: chosen.change.transaction!.next }
  expect(sendCode(again, '', kit).result).toBe('limited')
})

it('choosing the app and back does not pass the pause, in a set-up', () => {
  const account = { ...ACCOUNT, phone: '+31612345678' }
  const transaction = transactionOf(
    { at: 'enrol', method: undefined, keep: undefined, proven: undefined },
    { account, methods: ['sms', 'totp'] },
  )
  let situation = situationOf(transaction.stage, { settings, transaction })
  const go = (outcome: Outcome) => {
    if (outcome.result !== 'accepted' || outcome.change.transaction === undefined)
      throw new Error(outcome.result)
    situation = { ...situation, transaction: outcome.change.transaction.next }
  }
  go(chooseEnrolment(situation, 'sms', kit))
  go(sendCode(situation, '', kit))
  go(chooseEnrolment(situation, 'totp', kit))
  go(chooseEnrolment(situation, 'sms', kit))
  expect(sendCode(situation, '', kit).result).toBe('limited')
})
