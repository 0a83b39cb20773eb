import { generateSync } from 'otplib'
import { describe, expect, it } from 'vitest'
import { giveBypass } from '../../src/core/administration/bypass.ts'
import { answerChallenge, chooseChallenge } from '../../src/core/login/challenge.ts'
import { answerEnrolment, confirmSaved, enrollable } from '../../src/core/login/enrolment.ts'
import { answerBypass, hashBypass, takesBypass } from '../../src/core/login/help-desk.ts'
import type { Bypass } from '../../src/core/login/help-desk.ts'
import { inFours } from '../../src/core/login/written-code.ts'
import type { Outcome } from '../../src/core/login/step.ts'
import type { Challenge, Proof, Situation, Stage } from '../../src/core/login/transaction.ts'
import { ACCOUNT, NOW, appCredential, backupCredential, kitAt, settingsOf } from '../support/kit.ts'
import { situationOf, transactionOf } from '../support/kit.ts'

const kit = kitAt()
const { credential: backup } = backupCredential(kit)
const credentials = [appCredential(), backup]
const CODE = 'K7QMH4TX9PZCW2GV'
const bypass: Bypass = { id: 'b-1', ...hashBypass(ACCOUNT, CODE, kit), expiresAt: NOW + 1 }
const instead: Challenge = { at: 'challenge', method: 'totp', then: 'done', keep: 'kept', sentAt: NOW }
const asked: Stage = { at: 'help-desk', instead }
const BYPASSED: Proof = { amr: ['pwd'], level: 1, at: NOW, exempt: 'help-desk' }

const situation = (change: Partial<Situation> = {}) => situationOf(asked, { credentials, bypass, ...change })
const stageOf = (outcome: Outcome) =>
  'change' in outcome ? outcome.change?.transaction?.next.stage : undefined

describe('a code of the help desk (R29)', () => {
  it('has 80 random bits, and only its keyed hash is in what is written', () => {
    const user = { id: ACCOUNT.userId, username: 'bob', enabled: true } as never
    const by = { actor: 'frank', at: NOW, reason: 'lost', seconds: 3600 }
    const given = giveBypass('demo', { user } as never, by, kit)
    expect(given.code).toMatch(/^[0-9A-HJKMNP-TV-Z]{16}$/)
    expect(JSON.stringify(given.change)).not.toContain(given.code)
    expect(given.change.bypass?.given).toMatchObject({ by: 'frank', at: NOW, expiresAt: NOW + 3_600_000 })
    expect(given.change.audit).toMatchObject([
      { event: 'bypass.given', actor: 'frank', detail: { reason: 'lost', until: NOW + 3_600_000 } },
    ])
    const codes = Array.from({ length: 100 }, () => giveBypass('demo', { user } as never, by, kit).code)
    expect(new Set(codes).size).toBe(100)
  })

  it('is spent with the step that it opens, which is a set-up and not an end', () => {
    const outcome = answerBypass(situation(), ` ${inFours(CODE).toLowerCase()} `, kit)
    expect(outcome).toMatchObject({
      result: 'accepted',
      change: {
        spendBypass: 'b-1',
        attempts: { version: 0, next: { failures: 0 } },
        transaction: { next: { stage: { at: 'enrol', method: 'totp', proven: BYPASSED }, redeemed: false } },
        audit: [{ event: 'bypass.used' }],
      },
    })
    expect(outcome).not.toHaveProperty('code')
    expect(outcome).not.toHaveProperty('change.verified')
    expect(outcome).not.toHaveProperty('change.takeAway')
    expect(outcome).not.toHaveProperty('change.remove')
  })

  it('forgets no failure yet: only the end of the set-up does (R7)', () => {
    const attempts = { version: 4, failures: 3, total: 9, reported: 6, lockedUntil: 0 }
    const outcome = answerBypass(situation({ attempts }), CODE, kit)
    expect(outcome).toMatchObject({ change: { attempts: { version: 4, next: attempts } } })
  })

  it('says the same where it is wrong, late or not there, and counts that as a try (R7, R11)', () => {
    const faults: Partial<Situation>[] = [
      { bypass: undefined },
      { bypass: { ...bypass, expiresAt: NOW } },
      { bypass: { ...bypass, value: hashBypass({ ...ACCOUNT, userId: 'erin' }, CODE, kit).value } },
      { bypass: { ...bypass, value: hashBypass({ ...ACCOUNT, realm: 'other' }, CODE, kit).value } },
    ]
    for (const fault of faults) {
      const outcome = answerBypass(situation(fault), CODE, kit)
      expect(outcome).toMatchObject({
        result: 'refused',
        error: 'wrong',
        change: { attempts: { next: { failures: 1 } }, failed: [], audit: [{ event: 'challenge.failed' }] },
      })
      expect(outcome).not.toHaveProperty('change.spendBypass')
    }
    expect(answerBypass(situation(), 'K7QM', kit)).toEqual({ result: 'refused', error: 'missing' })
  })

  it('is not taken during a lock, the right one neither (R7)', () => {
    const attempts = { version: 4, failures: 5, total: 5, reported: 5, lockedUntil: NOW + 1 }
    expect(answerBypass(situation({ attempts }), CODE, kit)).toEqual({ result: 'locked' })
  })

  it.each<[string, (before: Situation) => void]>([
    ['a level was asked for', ({ transaction }) => void (transaction.question.level = 2)],
    ['a fresh login was asked for', ({ transaction }) => void (transaction.question.fresh = true)],
    ['methods are to be changed', ({ transaction }) => void (transaction.question.purpose = 'manage')],
    ['somebody else wants them changed', ({ transaction }) => void (transaction.question.purpose = 'enrol')],
    [
      'our own pages ask',
      ({ transaction }) => void (transaction.question.own = { done: '/', cancelled: '/' }),
    ],
    ['nothing may be set up', ({ transaction }) => void (transaction.methods = ['backup-codes'])],
    ['the realm has none', (before) => void (before.settings = settingsOf({ bypassSeconds: 0 }))],
  ])('opens nothing where %s', (_, change) => {
    const here = situation({ transaction: transactionOf(asked) })
    expect(takesBypass(here, kit.registry)).toBe(true)
    change(here)
    expect(takesBypass(here, kit.registry)).toBe(false)
    expect(answerBypass(here, CODE, kit)).toEqual({ result: 'stale' })
    const choosing = { ...here, transaction: { ...here.transaction, stage: instead } }
    expect(chooseChallenge(choosing, 'help-desk', kit)).toEqual({ result: 'refused', error: 'missing' })
  })

  it('is offered alike whether one is outstanding or not (R11)', () => {
    for (const one of [bypass, undefined]) {
      const here = situation({ bypass: one, transaction: transactionOf(instead) })
      expect(stageOf(chooseChallenge(here, 'help-desk', kit))).toEqual(asked)
    }
  })

  it('leaves the challenge as it stood for whoever goes back: nothing is sent anew', async () => {
    expect(stageOf(chooseChallenge(situation(), 'totp', kit))).toEqual(instead)
    expect(await answerChallenge(situation(), 'totp', '000000', kit)).toEqual({ result: 'stale' })
  })
})

describe('the set-up after it (R29)', () => {
  const { keep } = kit.registry.get('totp')!.beginEnrolment(ACCOUNT, { ...kit, settings: settingsOf() })
  const enrolling: Stage = { at: 'enrol', method: 'totp', keep, proven: BYPASSED }
  const { secret = '' } = kit.registry.get('totp')!.showEnrolment(keep, ACCOUNT) as { secret?: string }
  const code = generateSync({ secret, epoch: NOW / 1000 })

  it('offers nothing that stands beside what is lost', () => {
    const here = situationOf(enrolling, { credentials })
    expect(enrollable(here, kit.registry, BYPASSED)).toEqual(['totp'])
    expect(enrollable(here, kit.registry)).toEqual(['totp', 'backup-codes'])
  })

  it('takes the place of all that there was, only at its end, and never yields mfa', async () => {
    const saving = await answerEnrolment(
      situationOf(enrolling, { credentials }),
      'totp',
      { code, label: '' },
      kit,
    )
    const stage = stageOf(saving)
    expect(stage).toMatchObject({ at: 'save-codes', method: 'backup-codes', proof: BYPASSED })
    expect(saving).not.toHaveProperty('change.takeAway')
    const ended = await confirmSaved(situationOf(stage!, { credentials }), true, kit)
    expect(ended).toMatchObject({
      result: 'accepted',
      change: {
        enrol: [{ method: 'totp' }, { method: 'backup-codes' }],
        takeAway: { ids: ['c-app', 'c-codes'], step: 'step-1' },
        transaction: { next: { stage: { at: 'done', proof: BYPASSED } } },
      },
    })
    expect(ended).not.toHaveProperty('change.verified')
    expect('change' in ended && ended.change?.audit?.at(-1)).toMatchObject({
      event: 'methods.replaced',
      detail: { methods: [{ id: 'c-app', method: 'totp' }, { id: 'c-codes' }] },
    })
  })

  it('counts wrong codes as any set-up does (R6)', async () => {
    const wrong = code === '424242' ? '424243' : '424242'
    const here = situationOf(enrolling, { credentials })
    expect(await answerEnrolment(here, 'totp', { code: wrong, label: '' }, kit)).toMatchObject({
      result: 'refused',
      change: { attempts: { next: { failures: 1 } } },
    })
  })
})
