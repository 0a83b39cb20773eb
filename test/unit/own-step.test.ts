import { describe, expect, it } from 'vitest'
import { answerChallenge } from '../../src/core/login/challenge.ts'
import { answerEnrolment, confirmSaved } from '../../src/core/login/enrolment.ts'
import { NO_ATTEMPTS } from '../../src/core/login/lockout.ts'
import { removeAllOwn, removeOwn } from '../../src/core/pages/own-methods.ts'
import { challengeOwn, setUpOwn } from '../../src/core/pages/own-step.ts'
import type { OwnVisit } from '../../src/core/pages/own-step.ts'
import type { Background } from '../../src/core/ports.ts'
import type { Outcome } from '../../src/core/login/step.ts'
import type { Situation, Transaction } from '../../src/core/login/transaction.ts'
import { codeFor } from '../support/login.ts'
import { ACCOUNT, appCredential, backupCredential, kitAt, NOW, SECRET, settingsOf } from '../support/kit.ts'

const MAIL = { host: 'mail.example.com', port: 25, security: 'none', from: 'sso@example.com' } as const
const OWN = { done: '/realms/demo/account', cancelled: 'https://sso.example.com/realms/demo/account/' }
const kit = kitAt()

const visit: OwnVisit = {
  account: { ...ACCOUNT, email: 'bob@example.com' },
  sid: 'sid-1',
  nonce: 'nonce-of-the-page',
  claims: { groups: [], roles: [] },
  locale: 'en',
  locales: ['en', 'de'],
  realmDisplayName: 'Demo',
  home: 'https://mfa.example.com/realms/demo/account',
}

function background(change: Partial<Background> = {}): Background {
  return {
    settings: settingsOf({ mail: MAIL }),
    rules: [],
    proposals: [],
    graceStarts: new Map(),
    gone: false,
    toldRoles: undefined,
    toldLookup: undefined,
    override: undefined,
    credentials: [],
    attempts: { ...NO_ATTEMPTS, version: 1, total: 7, reported: 4 },
    devices: [],
    transaction: undefined,
    ...change,
  }
}

function situation(transaction: Transaction, known: Background): Situation {
  const { settings, credentials, attempts, devices } = known
  return { settings, credentials, attempts, devices, transaction }
}

function accepted(outcome: Outcome) {
  if (outcome.result !== 'accepted') throw new Error(outcome.result)
  return outcome
}

describe('a challenge of our own pages (R17)', () => {
  const known = background({ credentials: [appCredential()] })

  it('ends without a code, tells the session that it proved a second factor, and Keycloak nothing', async () => {
    const { transaction } = challengeOwn(visit, known, OWN, kit)
    expect(transaction.stage).toEqual({ at: 'challenge', method: 'totp', then: 'done' })
    const code = await codeFor(SECRET, NOW)
    const { change, code: issued } = accepted(
      await answerChallenge(situation(transaction, known), 'totp', code, kit),
    )
    expect(issued).toBeUndefined()
    expect(change.transaction?.next).toMatchObject({ redeemed: true, code: undefined, stage: { at: 'done' } })
    expect(change.verified).toEqual({ sid: 'sid-1', level: 2, at: NOW })
    expect(change.attempts?.next).toMatchObject({ failures: 0, total: 7, reported: 4 })
  })

  it('goes on where it stood when the page is loaded again, for the browser that asks now', () => {
    const begun = challengeOwn(visit, known, OWN, kit)
    const transaction = { ...begun.transaction, version: 4 }
    const again = challengeOwn(visit, { ...known, transaction }, OWN, kit)
    expect(again.change.insert).toBeUndefined()
    expect(again.change.transaction).toEqual({
      next: { ...transaction, browserHash: kit.hash(again.secret) },
      version: 4,
    })
    const late = kitAt(transaction.expiresAt)
    const anew = challengeOwn(visit, { ...known, transaction }, OWN, late)
    expect(anew.transaction).toMatchObject({ id: transaction.id, version: 4 })
    expect(anew.transaction.expiresAt).toBeGreaterThan(transaction.expiresAt)
    const over = { ...transaction, redeemed: true }
    const another = challengeOwn(visit, { ...known, transaction: over }, OWN, kit)
    expect(another.change.insert?.question.nonce).not.toBe(transaction.question.nonce)
  })

  it('counts a wrong try as a login does (R7)', async () => {
    const { transaction } = challengeOwn(visit, known, OWN, kit)
    const outcome = await answerChallenge(situation(transaction, known), 'totp', '000000', kit)
    expect(outcome).toMatchObject({
      result: 'refused',
      change: { attempts: { next: { failures: 1, total: 8 } }, failed: ['c-app'] },
    })
    expect('change' in outcome && outcome.change?.verified).toBeUndefined()
  })

  it('stands although the policy asks for none, and by a method that was switched off where there is no other', () => {
    const off = background({
      settings: settingsOf({ methods: ['email'], mail: MAIL, enforcement: 'disabled' }),
      credentials: [appCredential()],
    })
    expect(challengeOwn(visit, off, OWN, kit).transaction.stage).toMatchObject({
      at: 'challenge',
      method: 'totp',
    })
  })

  it('is for a user without a method the set-up of a first one, where a page needs one', () => {
    expect(challengeOwn(visit, background(), OWN, kit).transaction.stage).toMatchObject({
      at: 'enrol',
      method: 'totp',
      proven: undefined,
    })
  })

  it('is blocked where the only method must be reset', () => {
    const spent = background({ credentials: [appCredential({ failures: 100 })] })
    expect(challengeOwn(visit, spent, OWN, kit).transaction.stage).toEqual({
      at: 'blocked',
      reason: 'must-be-reset',
    })
  })
})

describe('a set-up of our own pages (S8)', () => {
  it('enables nothing before the codes are saved, then tells the user and the session (S18, R18)', async () => {
    const known = background()
    const step = setUpOwn(visit, known, { method: 'totp', proven: undefined }, OWN, kit)!
    const { stage } = step.transaction
    const { secret } = (stage.at === 'enrol' ? stage.keep : {}) as { secret: string }
    const answer = { code: await codeFor(secret, NOW), label: 'Phone' }
    const proven = accepted(await answerEnrolment(situation(step.transaction, known), 'totp', answer, kit))
    expect(proven.change).not.toHaveProperty('enrol')
    expect(proven.change).not.toHaveProperty('verified')
    const next = proven.change.transaction!.next
    const done = accepted(await confirmSaved(situation(next, known), true, kit))
    expect(done.code).toBeUndefined()
    expect(done.change.enrol?.map(({ method }) => method)).toEqual(['totp', 'backup-codes'])
    expect(done.change.verified).toEqual({ sid: 'sid-1', level: 2, at: NOW })
    expect(done.change.notices?.map(({ to, notice }) => [to, notice.kind])).toEqual([
      ['bob@example.com', 'method-added'],
    ])
  })

  it.each<[string, Partial<Background>, string]>([
    ['a method that the realm does not allow', {}, 'sms'],
    ['one that nobody knows', {}, 'passkey'],
    ['backup codes beside nothing', {}, 'backup-codes'],
    ['one that only administrators set up', { settings: settingsOf({ selfMethods: ['email'] }) }, 'totp'],
    [
      'one that a rule leaves out',
      { rules: [{ groupId: 'g', enforcement: 'optional', methods: ['email'], priority: 0 }] },
      'totp',
    ],
  ])('is refused for %s', (_, change, method) => {
    const inGroup = { ...visit, claims: { groups: [{ id: 'g', path: '/g' }], roles: [] } }
    expect(setUpOwn(inGroup, background(change), { method, proven: undefined }, OWN, kit)).toBeUndefined()
  })
})

describe('a removal by the user', () => {
  const known = background({ credentials: [appCredential(), backupCredential(kit).credential] })

  it('is told to the user, is in the audit, and ends what other sessions gave (R18, P23)', () => {
    const change = removeOwn({ visit, background: known, kit }, known.credentials)
    expect(change.takeAway).toEqual({ ids: ['c-app', 'c-codes'], sid: 'sid-1' })
    expect(change.audit).toEqual([
      {
        event: 'method.removed',
        realm: 'demo',
        userId: 'user-1',
        at: NOW,
        detail: {
          id: 'c-app',
          method: 'totp',
          alongWith: [{ id: 'c-codes', method: 'backup-codes' }],
        },
      },
    ])
    expect(change.notices).toMatchObject([
      { to: 'bob@example.com', notice: { kind: 'method-removed', method: 'totp' } },
    ])
  })

  it('of everything is one message', () => {
    const change = removeAllOwn({ visit, background: known, kit })
    expect(change.takeAway?.ids).toEqual(['c-app', 'c-codes'])
    expect(change.notices).toMatchObject([{ notice: { kind: 'method-removed', method: 'totp' } }])
    expect(change.audit?.map(({ event }) => event)).toEqual(['methods.removed'])
  })
})
