import { describe, expect, it } from 'vitest'
import { isOpenedBy, isUsable, linkIdOf, linkStage, sendLink, takeLink } from '../../src/core/login/link.ts'
import type { SetUpLink } from '../../src/core/login/link.ts'
import { answerPush } from '../../src/core/login/question.ts'
import { challengeOwn, setUpByLink, setUpOwn } from '../../src/core/pages/own-step.ts'
import type { OwnVisit } from '../../src/core/pages/own-step.ts'
import { decide } from '../../src/core/policy/policy.ts'
import type { Claims, PolicyInput } from '../../src/core/policy/policy.ts'
import type { RealmSettings } from '../../src/core/settings.ts'
import type { Situation, Transaction } from '../../src/core/login/transaction.ts'
import { ACCOUNT, appCredential, kitAt, NOW, settingsOf, situationOf, transactionOf } from '../support/kit.ts'
import { backgroundOf, needed, pushOf, stepOf } from '../support/push.ts'

const MAIL = { host: 'mail.example.com', port: 25, security: 'none', from: 'sso@example.com' } as const
const account = { ...ACCOUNT, email: 'bob@example.com', emailVerified: true as const }
const byLink = settingsOf({ enforcement: 'required', firstSetUp: 'email-link', mail: MAIL })
const kit = kitAt()
const DAY = 24 * 60 * 60_000

function deciding(settings: Partial<RealmSettings>, claims: Partial<Claims> = {}, enrolled = 0) {
  const input: PolicyInput = {
    settings: settingsOf({ enforcement: 'required', mail: MAIL, ...settings }),
    rules: [],
    override: undefined,
    enrolled: enrolled === 0 ? [] : [{ method: 'totp', failures: 0 }],
    claims: { groups: [], roles: [], purpose: 'login', level: 1, ...claims },
    registry: kit.registry,
    graceStarts: new Map(),
    now: NOW,
  }
  return decide(input).action
}

function waiting(change: Partial<Situation> = {}): Situation {
  const transaction = transactionOf({ at: 'link' }, { account })
  return situationOf(transaction.stage, { settings: byLink, transaction, ...change })
}

/** The link of a step, and its token, once it was sent. */
function sent(from = waiting()): { link: SetUpLink; token: string; transaction: Transaction } {
  const outcome = sendLink(from, '192.0.2.7', kit)
  if (outcome.result !== 'accepted' || outcome.link === undefined) throw new Error(outcome.result)
  const { link, transaction } = outcome.change
  return { link: link!, token: outcome.link.token, transaction: transaction!.next }
}

describe('what a first set-up needs (R26, S9, S10)', () => {
  it('is the password where nothing is set', () => {
    expect(deciding({})).toEqual({ do: 'enrol' })
  })

  it('is the e-mail link, or an invitation, where the realm says so', () => {
    expect(deciding({ firstSetUp: 'email-link' })).toEqual({ do: 'enrol-by-link' })
    expect(deciding({ firstSetUp: 'invitation' })).toEqual({ do: 'blocked', reason: 'not-invited' })
  })

  it.each(['email-link', 'invitation'] as const)('%s: an invitation opens it', (firstSetUp) => {
    expect(deciding({ firstSetUp }, { invited: true })).toEqual({ do: 'enrol' })
    expect(deciding({ firstSetUp }, { invited: true, purpose: 'enrol' })).toEqual({ do: 'enrol' })
  })

  it.each(['manage', 'enrol'] as const)(
    'holds for the purpose %s too: a wish is no invitation',
    (purpose) => {
      expect(deciding({ firstSetUp: 'email-link' }, { purpose })).toEqual({ do: 'enrol-by-link' })
      expect(deciding({ firstSetUp: 'invitation' }, { purpose })).toMatchObject({ reason: 'not-invited' })
    },
  )

  it('asks nothing of a user who has a method, or need not have one', () => {
    expect(deciding({ firstSetUp: 'invitation' }, {}, 1)).toEqual({ do: 'challenge', then: 'done' })
    expect(deciding({ firstSetUp: 'invitation', enforcement: 'optional' })).toEqual({ do: 'skip' })
  })
})

describe('a step that waits for the link (S10)', () => {
  it('begins where the policy says so, and goes on as it is when it is asked for again', () => {
    const first = needed(answerPush(pushOf({ account }), backgroundOf({ settings: byLink }), kit))
    expect(stepOf(first).stage).toEqual({ at: 'link' })
    const known = { ...stepOf(first), stage: { at: 'link', sentAt: NOW } as const }
    const again = needed(
      answerPush(pushOf({ account }), backgroundOf({ settings: byLink, transaction: known }), kit),
    )
    expect(stepOf(again).stage).toEqual({ at: 'link', sentAt: NOW })
  })

  it('is blocked without a mail server, without an address, and with one that nobody confirmed (R25)', () => {
    const stage = (settings: RealmSettings, of: Transaction['account']) =>
      linkStage({ settings, transaction: transactionOf({ at: 'link' }, { account: of }) })
    expect(stage(settingsOf({ firstSetUp: 'email-link' }), account)).toEqual({
      at: 'blocked',
      reason: 'no-mail-server',
    })
    const { emailVerified: _, ...unverified } = account
    expect(stage(byLink, ACCOUNT)).toEqual({ at: 'blocked', reason: 'no-address' })
    expect(stage(byLink, unverified)).toEqual({ at: 'blocked', reason: 'no-address' })
  })

  it('keeps a set-up that the link opened, and no other', () => {
    const open = transactionOf(
      { at: 'enrol', method: 'totp', keep: { secret: 'x' }, proven: undefined },
      { account },
    )
    const again = (transaction: Transaction) =>
      stepOf(needed(answerPush(pushOf({ account }), backgroundOf({ settings: byLink, transaction }), kit)))
    expect(again({ ...open, linked: true })).toMatchObject({ stage: { at: 'enrol' }, linked: true })
    expect(again(open).stage).toEqual({ at: 'link' })
    const late = again({ ...open, linked: true, expiresAt: NOW })
    expect(late.stage).toEqual({ at: 'link' })
    expect(late.linked).toBeUndefined()
  })
})

describe('the link (R19)', () => {
  it('has 256 random bits that nothing keeps, and a day', () => {
    const { link, token, transaction } = sent()
    expect(token).toMatch(/^[\w-]{22}\.[\w-]{43}$/)
    expect(linkIdOf(token)).toBe(link.id)
    expect(JSON.stringify(link)).not.toContain(token.split('.')[1])
    expect(link).toMatchObject({
      realm: 'demo',
      userId: 'user-1',
      purpose: 'first-set-up',
      usedAt: undefined,
    })
    expect([isUsable(link, NOW + DAY - 1), isUsable(link, NOW + DAY)]).toEqual([true, false])
    expect(isUsable({ ...link, usedAt: NOW }, NOW)).toBe(false)
    expect(transaction.stage).toEqual({ at: 'link', sentAt: NOW })
    expect(sent().token).not.toBe(token)
  })

  it('is opened by its own token alone, and by none in another row', () => {
    const { link, token } = sent()
    expect(isOpenedBy(link, token, kit)).toBe(true)
    expect(isOpenedBy(link, sent().token, kit)).toBe(false)
    for (const change of [{ userId: 'user-2' }, { realm: 'other' }, { id: 'x'.repeat(22) }]) {
      expect(isOpenedBy({ ...link, ...change }, token, kit)).toBe(false)
    }
    expect(isOpenedBy({ ...link, purpose: 'reset' as 'first-set-up' }, token, kit)).toBe(false)
  })

  it.each(['', 'x', 'a.b', `${'a'.repeat(22)}.${'b'.repeat(44)}`])('has no token like %s', (text) => {
    expect(linkIdOf(text)).toBeUndefined()
  })

  it('is sent again after the pause only, and within the limits of messages (R10)', () => {
    const { transaction } = sent()
    const again = (now: number) => sendLink(waiting({ transaction }), '192.0.2.7', kitAt(now))
    expect(again(NOW + 29_999)).toEqual({ result: 'limited', until: NOW + 30_000 })
    const later = again(NOW + 30_000)
    expect(later.result).toBe('accepted')
    const scopes = later.result === 'accepted' ? later.change.counts?.counts.map(({ scope }) => scope) : []
    expect(scopes).toEqual(['number', 'address', 'user'])
  })

  it('is not sent to a user who is locked, nor to one who has a method by now (R7)', () => {
    const attempts = { ...waiting().attempts, lockedUntil: NOW + 1 }
    expect(sendLink(waiting({ attempts }), '', kit)).toEqual({ result: 'locked' })
    expect(sendLink(waiting({ credentials: [appCredential()] }), '', kit)).toMatchObject({
      result: 'stale',
      change: { transaction: { next: { stage: { at: 'challenge', method: 'totp' } } } },
    })
  })
})

describe('the link taken', () => {
  it('opens the set-up of the step, is spent with it, and the audit has it', () => {
    const { link } = sent()
    expect(takeLink(waiting(), link, kit)).toMatchObject({
      result: 'accepted',
      change: {
        useLink: { id: link.id, at: NOW },
        transaction: { next: { linked: true, stage: { at: 'enrol', method: 'totp', proven: undefined } } },
        audit: [{ event: 'link.used', userId: 'user-1' }],
      },
    })
  })

  it('does nothing when it is used, late, of another user or realm, or not there (R19, P8)', () => {
    const { link } = sent()
    for (const other of [
      { ...link, usedAt: NOW - 1 },
      { ...link, expiresAt: NOW },
      { ...link, userId: 'user-2' },
      { ...link, realm: 'other' },
      undefined,
    ]) {
      expect(takeLink(waiting(), other, kit)).toEqual({ result: 'stale' })
    }
    const elsewhere = transactionOf({ at: 'challenge', method: 'totp', then: 'done' })
    expect(takeLink(waiting({ transaction: elsewhere }), link, kit)).toEqual({ result: 'stale' })
  })

  it('never lets the login through that waits: it is challenged with what was set up elsewhere (R30)', () => {
    const outcome = takeLink(waiting({ credentials: [appCredential()] }), sent().link, kit)
    expect(outcome).toMatchObject({
      result: 'stale',
      change: { transaction: { next: { stage: { at: 'challenge', method: 'totp', then: 'done' } } } },
    })
    expect('change' in outcome && outcome.change).not.toHaveProperty('useLink')
  })

  it('opens nothing for a user who is locked (R7)', () => {
    const attempts = { ...waiting().attempts, lockedUntil: NOW + 1 }
    expect(takeLink(waiting({ attempts }), sent().link, kit)).toEqual({ result: 'locked' })
  })
})

describe('our own pages', () => {
  const visit: OwnVisit = {
    account,
    sid: 'sid-1',
    nonce: 'nonce-of-the-page',
    claims: { groups: [], roles: [] },
    locale: 'en',
    locales: ['en'],
    realmDisplayName: 'Demo',
    home: 'https://mfa.example.com/realms/demo/account',
  }
  const own = { done: '/done', cancelled: '/cancelled' }
  const known = backgroundOf({ settings: byLink })

  it('wait for the link too, and go on waiting when they are loaded again (R26)', () => {
    const { transaction } = challengeOwn(visit, known, own, kit)
    expect(transaction.stage).toEqual({ at: 'link' })
    const again = challengeOwn(visit, { ...known, transaction }, own, kit)
    expect(again.before).toBe(transaction)
    const wish = { method: 'totp', proven: undefined }
    expect(setUpOwn(visit, known, wish, own, kit)?.transaction.stage).toEqual({ at: 'link' })
  })

  it('refuse a first set-up without an invitation where the realm wants one', () => {
    const invitation = backgroundOf({ settings: settingsOf({ firstSetUp: 'invitation' }) })
    expect(setUpOwn(visit, invitation, { method: 'totp', proven: undefined }, own, kit)).toBeUndefined()
    expect(challengeOwn(visit, invitation, own, kit).transaction.stage).toEqual({
      at: 'blocked',
      reason: 'not-invited',
    })
  })

  it('set up by the link, which is spent with it; not for a user who has a method', () => {
    const { link } = sent()
    const step = setUpByLink(visit, known, link, own, kit)
    expect(step?.transaction.stage).toMatchObject({ at: 'enrol', method: 'totp', proven: undefined })
    expect(step?.change).toMatchObject({ useLink: { id: link.id, at: NOW }, audit: [{ event: 'link.used' }] })
    const has = { ...known, credentials: [appCredential()] }
    expect(setUpByLink(visit, has, link, own, kit)).toBeUndefined()
  })
})
