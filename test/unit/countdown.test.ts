import { describe, expect, it } from 'vitest'
import { backToCountdown, isCountdownDue, putOff, setUpNow } from '../../src/core/login/countdown.ts'
import { answerPush } from '../../src/core/login/question.ts'
import type { Claims } from '../../src/core/policy/policy.ts'
import type { Situation, Stage } from '../../src/core/login/transaction.ts'
import { NOW, appCredential, kitAt, settingsOf, situationOf, transactionOf } from '../support/kit.ts'
import { backgroundOf, needed, pushOf, stepOf } from '../support/push.ts'

const kit = kitAt()
const DAY = 24 * 60 * 60_000
const END = NOW + 9 * DAY
const settings = settingsOf({ enforcement: 'required', grace: { until: new Date(END).toISOString() } })
const here = (change: Partial<Situation> = {}, stage: Stage = { at: 'countdown' }, grace = END) =>
  situationOf(stage, { transaction: transactionOf(stage, { grace, proofs: [] }), ...change })
const push = (claims: Partial<Claims> = {}) => pushOf({ claims: { ...pushOf().claims, ...claims } })

describe('the countdown of a campaign (B2)', () => {
  it('is shown at a login in grace, once a day by the clock of the realm', () => {
    const reply = needed(answerPush(push(), backgroundOf({ settings }), kit))
    expect(stepOf(reply)).toMatchObject({ stage: { at: 'countdown' }, grace: END })
    const again = answerPush(push(), backgroundOf({ settings, putOffAt: NOW }), kit)
    expect(again).toMatchObject({ needed: false, decision: { action: { do: 'enrol-later' } } })
    const berlin = { timeZone: 'Europe/Berlin' }
    const midnight = Date.UTC(2026, 11, 1, 23)
    expect(isCountdownDue(undefined, berlin, midnight)).toBe(true)
    expect(isCountdownDue(midnight - 1, berlin, midnight - 1)).toBe(false)
    expect(isCountdownDue(midnight - 1, berlin, midnight)).toBe(true)
    expect(isCountdownDue(midnight, berlin, midnight + DAY - 1)).toBe(false)
    expect(isCountdownDue(midnight, { timeZone: 'UTC' }, midnight + 3_600_000)).toBe(true)
  })

  it.each<[string, Partial<Claims>]>([
    ['where a level was asked', { level: 2 }],
    ['to a holder of a tfa- role', { roles: ['tfa-auditor'] }],
    ['in a change of methods', { purpose: 'manage' }],
  ])('is not shown %s: the set-up is', (_, claims) => {
    const reply = needed(answerPush(push(claims), backgroundOf({ settings }), kit))
    expect(stepOf(reply).stage).toMatchObject({ at: 'enrol' })
    expect(stepOf(reply)).not.toHaveProperty('grace')
  })

  it('is not shown to a grant without a browser', () => {
    expect(answerPush(push({ purpose: 'direct' }), backgroundOf({ settings }), kit)).toMatchObject({
      needed: false,
    })
  })

  it('is not shown where the application asked for a fresh login: the answer could not say that it was put off', () => {
    expect(answerPush(push({ fresh: true }), backgroundOf({ settings }), kit)).toMatchObject({
      needed: false,
    })
  })

  it('leads to the link where a first set-up needs one, and is not shown where none can come (R26)', () => {
    const mail = { host: 'mail.example', port: 587, security: 'starttls' as const, from: 'a@example.com' }
    const byLink = settingsOf({ ...settings, firstSetUp: 'email-link', mail })
    const unverified = { ...pushOf().account, email: 'bob@example.com' }
    const account = { ...unverified, emailVerified: true as const }
    const step = stepOf(needed(answerPush({ ...push(), account }, backgroundOf({ settings: byLink }), kit)))
    expect(step).toMatchObject({ stage: { at: 'countdown' }, byLink: true })
    const found = { ...here({ settings: byLink }), transaction: step }
    const waiting = { ...step, stage: { at: 'link' as const, sentAt: NOW } }
    expect(setUpNow(found, kit)).toMatchObject({
      change: { transaction: { next: { stage: { at: 'link' } } } },
    })
    expect(setUpNow({ ...found, transaction: { ...step, linked: true } }, kit)).toMatchObject({
      change: { transaction: { next: { stage: { at: 'enrol' } } } },
    })
    const back = { at: 'countdown' as const, sentAt: NOW }
    expect(backToCountdown({ ...found, transaction: waiting }, kit)).toMatchObject({
      change: { transaction: { next: { stage: back } } },
    })
    expect(setUpNow({ ...found, transaction: { ...step, stage: back } }, kit)).toMatchObject({
      change: { transaction: { next: { stage: waiting.stage } } },
    })
    const silent = answerPush({ ...push(), account: unverified }, backgroundOf({ settings: byLink }), kit)
    expect(silent).toMatchObject({ needed: false, decision: { action: { do: 'enrol-later' } } })
    const invited = settingsOf({ ...settings, firstSetUp: 'invitation' })
    expect(answerPush(push(), backgroundOf({ settings: invited }), kit)).toMatchObject({ needed: false })
  })

  it('put off lets the login go on by its first factor alone: no mfa, no level, nothing for our pages (R27)', () => {
    const outcome = putOff(here(), kit)
    expect(outcome).toMatchObject({
      result: 'accepted',
      change: {
        putOff: NOW,
        transaction: {
          next: { stage: { at: 'done', proof: { amr: ['pwd'], level: 1, exempt: 'grace' } } },
        },
      },
    })
    expect(outcome).toHaveProperty('code')
    expect(outcome).not.toHaveProperty('change.verified')
  })

  it('can be put off until its end, and not from then on', () => {
    const stageAt = (now: number) => {
      const outcome = putOff(here(), kitAt(now))
      return 'change' in outcome ? outcome.change?.transaction?.next.stage.at : outcome.result
    }
    expect(stageAt(END - 1)).toBe('done')
    expect(stageAt(END)).toBe('enrol')
    expect(putOff(here({}, { at: 'enrol', method: 'totp', keep: {}, proven: undefined }), kit)).toEqual({
      result: 'stale',
    })
  })

  it('leads to the challenge where the user has got a method in the meantime (R17)', () => {
    for (const act of [putOff, setUpNow]) {
      expect(act(here({ credentials: [appCredential()] }), kit)).toMatchObject({
        result: 'stale',
        change: { transaction: { next: { stage: { at: 'challenge', method: 'totp', then: 'done' } } } },
      })
    }
  })

  it('leads to a first set-up, which can be left for it while the grace lasts', () => {
    const outcome = setUpNow(here(), kit)
    const stage = 'change' in outcome ? outcome.change?.transaction?.next.stage : undefined
    expect(stage).toMatchObject({ at: 'enrol', method: 'totp', proven: undefined })
    expect(backToCountdown(here({}, stage), kit)).toMatchObject({
      change: { transaction: { next: { stage: { at: 'countdown' } } } },
    })
    expect(backToCountdown(here({}, stage), kitAt(END))).toBeUndefined()
    const proven = { amr: ['pwd'], level: 2 as const, at: NOW }
    expect(backToCountdown(here({}, { at: 'enrol', method: 'totp', keep: {}, proven }), kit)).toBeUndefined()
  })

  it('does not go on where it was when a level is asked for, or the grace is over', () => {
    const put = here({}, { at: 'done', proof: { amr: ['pwd'], level: 1, at: NOW, exempt: 'grace' } })
    for (const { transaction } of [here(), put]) {
      const asked = needed(answerPush(push({ level: 2 }), backgroundOf({ settings, transaction }), kit))
      expect(stepOf(asked).stage.at).toBe('enrol')
      const open = { ...transaction, expiresAt: END + DAY }
      const late = answerPush(push(), backgroundOf({ settings, transaction: open }), kitAt(END))
      expect(stepOf(needed(late)).stage.at).toBe('enrol')
    }
  })
})
