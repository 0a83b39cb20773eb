import { describe, expect, it } from 'vitest'
import { answerChallenge, chooseChallenge } from '../../src/core/login/challenge.ts'
import { answerEnrolment, beginMethod } from '../../src/core/login/enrolment.ts'
import type { Outcome } from '../../src/core/login/step.ts'
import type { Credential, Situation, Stage } from '../../src/core/login/transaction.ts'
import { SoftAuthenticator } from '../support/authenticator.ts'
import type { Mischief, SoftKey } from '../support/authenticator.ts'
import { PROOF, appCredential, kitAt, settingsOf, situationOf, transactionOf } from '../support/kit.ts'

const kit = kitAt()
const authenticator = new SoftAuthenticator('https://tfa.example.com', 'example.com')

/** A set-up at its page, for a user who has an app already; and what its authenticator answers. */
function settingUp(mischief: Mischief = {}, change: Partial<Situation> = {}) {
  const credentials = [appCredential()]
  const empty = situationOf({ at: 'blocked', reason: 'must-be-reset' }, { credentials, ...change })
  const stage = beginMethod(empty, 'passkey', PROOF, kit) as Stage & { at: 'enrol' }
  const transaction = transactionOf(stage, { methods: ['totp', 'passkey'] })
  const { user } = stage.keep as { user: string }
  const options = JSON.stringify({ challenge: stage.toSign, user: { id: user } })
  return { situation: { ...empty, transaction }, options, ...authenticator.create(options, mischief) }
}

const enrol = async (situation: Situation, code: string) =>
  await answerEnrolment(situation, 'passkey', { code, label: 'Laptop' }, kit)

async function madePasskey(mischief: Mischief = {}): Promise<{ credential: Credential; key: SoftKey }> {
  const { situation, answer, key } = settingUp(mischief)
  const made = changeOf(await enrol(situation, answer)).enrol?.[0]
  if (made === undefined) throw new Error('nothing was set up')
  const { id, method, label, data } = made
  return { credential: { id, method, label, data, version: 1, failures: 0 }, key }
}

const CHALLENGE = 'Y2hhbGxlbmdlLWNoYWxsZW5nZS1jaGFsbGVuZ2UtMDE'
const OPTIONS = JSON.stringify({ challenge: CHALLENGE })
const asked: Stage = { at: 'challenge', method: 'passkey', then: 'done', toSign: CHALLENGE }

const situation = (credentials: Credential[], change: Partial<Situation> = {}) =>
  situationOf(asked, { credentials, transaction: transactionOf(asked, { proofs: ['passkey'] }), ...change })

function changeOf(outcome: Outcome) {
  if (!('change' in outcome) || outcome.change === undefined) throw new Error(`no change: ${outcome.result}`)
  return outcome.change
}

const wrong = { result: 'refused', error: 'wrong' }

describe('the set-up of a passkey', () => {
  it('keeps its key, counter and name, once it is proven (R6)', async () => {
    const { situation: before, answer, key } = settingUp()
    const change = changeOf(await enrol(before, answer))
    expect(change.enrol).toMatchObject([
      { method: 'passkey', label: 'Laptop', data: { id: key.id, counter: 1, user: key.user } },
    ])
    expect(change.remove).toEqual([])
    expect(JSON.stringify(change.audit)).not.toContain(key.id)
  })

  it('is called hwk where the key is bound to its device, swk where it may be copied (R21)', async () => {
    const proven = async (synced: boolean) => {
      const { situation: before, answer } = settingUp({ synced })
      const stage = changeOf(await enrol(before, answer)).transaction?.next.stage
      return stage?.at === 'done' ? stage.proof : undefined
    }
    expect(await proven(false)).toMatchObject({ amr: ['pwd', 'hwk', 'mfa'], level: 3 })
    expect(await proven(true)).toMatchObject({ amr: ['pwd', 'swk', 'mfa'], level: 3 })
  })

  it("has a handle that tells nobody who the user is, and is the same for each of the user's passkeys", () => {
    const [one, two] = [settingUp().key.user, settingUp().key.user]
    expect(one).toBe(two)
    expect(Buffer.from(one, 'base64url')).toHaveLength(32)
    expect(Buffer.from(one, 'base64url').toString()).not.toContain('bob')
  })

  it.each<[string, Mischief]>([
    ['another origin', { origin: 'https://tfa.example.org' }],
    ['a subdomain of the origin', { origin: 'https://x.tfa.example.com' }],
    ['another port', { origin: 'https://tfa.example.com:8443' }],
    ['another relying party', { rpId: 'example.org' }],
    ['another challenge', { challenge: CHALLENGE }],
    ['an assertion', { type: 'webauthn.get' }],
    ['a frame', { crossOrigin: true }],
    ['nobody there', { present: false }],
  ])('is refused from %s, and counted (R6, R12)', async (_, mischief) => {
    const { situation: before, answer } = settingUp(mischief)
    const outcome = await enrol(before, answer)
    expect(outcome).toMatchObject(wrong)
    expect(changeOf(outcome)).toMatchObject({ attempts: { next: { failures: 1 } } })
    expect(changeOf(outcome)).not.toHaveProperty('enrol')
  })

  it('signs something new after a failed try', async () => {
    const { situation: before, answer } = settingUp({ origin: 'https://evil.example' })
    const after = changeOf(await enrol(before, answer)).transaction!.next
    const signs = (stage: Stage) => ('toSign' in stage ? stage.toSign : undefined)
    expect(signs(after.stage)).toMatch(/^[\w-]{43}$/)
    expect(signs(after.stage)).not.toBe(signs(before.transaction.stage))
  })

  it('takes one that did not verify the user, unless the realm requires it', async () => {
    const settings = settingsOf({ passkeyVerification: 'required' })
    const lax = settingUp({ verified: false })
    expect((await enrol(lax.situation, lax.answer)).result).toBe('accepted')
    const strict = settingUp({ verified: false }, { settings })
    expect(await enrol(strict.situation, strict.answer)).toMatchObject(wrong)
    const verified = settingUp({}, { settings })
    expect((await enrol(verified.situation, verified.answer)).result).toBe('accepted')
  })

  it.each(['', '{}', 'null', '[]', '{"id":"x"}', '123456'])(
    'does not count %j, which no browser answers',
    async (text) => {
      expect(await enrol(settingUp().situation, text)).toEqual({ result: 'refused', error: 'missing' })
    },
  )
})

describe('a challenge by passkey', () => {
  it('is accepted, and its counter kept by the version of the credential (R2)', async () => {
    const { credential, key } = await madePasskey()
    const outcome = await answerChallenge(
      situation([credential]),
      'passkey',
      authenticator.get(OPTIONS, key),
      kit,
    )
    expect(outcome).toMatchObject({
      result: 'accepted',
      change: {
        credentials: [{ id: credential.id, version: 1, data: { counter: 2 } }],
        transaction: { next: { stage: { at: 'done', proof: { amr: ['pwd', 'hwk', 'mfa'], level: 3 } } } },
      },
    })
  })

  it("takes any of the user's passkeys, and keeps the counter of the one that was used", async () => {
    const [one, two, three] = [await madePasskey(), await madePasskey({ synced: true }), await madePasskey()]
    const own = [one.credential, two.credential, three.credential]
    const answer = authenticator.get(OPTIONS, two.key)
    const change = changeOf(await answerChallenge(situation(own), 'passkey', answer, kit))
    expect(change.credentials?.map(({ id }) => id)).toEqual([two.credential.id])
    expect(change.transaction?.next.stage).toMatchObject({ proof: { amr: ['pwd', 'swk', 'mfa'] } })
  })

  it.each<[string, Mischief]>([
    ['from another origin', { origin: 'https://tfa.example.com.evil.example' }],
    ['from plain http', { origin: 'http://tfa.example.com' }],
    ['for another relying party', { rpId: 'tfa.example.com' }],
    ['of another challenge', { challenge: 'YW5vdGhlcg' }],
    ['of a registration', { type: 'webauthn.create' }],
    ['from a frame', { crossOrigin: true }],
    ['without anybody there', { present: false }],
    ['by another key', { forged: true }],
    ['with the handle of another user', { userHandle: 'b3RoZXI' }],
    ['by a key that became one that can be copied', { synced: true }],
  ])('is refused %s, counted, and another is to be signed (R12)', async (_, mischief) => {
    const { credential, key } = await madePasskey()
    const answer = authenticator.get(OPTIONS, key, mischief)
    const outcome = await answerChallenge(situation([credential]), 'passkey', answer, kit)
    expect(outcome).toMatchObject(wrong)
    const change = changeOf(outcome)
    expect(change).toMatchObject({ attempts: { next: { failures: 1 } }, failed: [credential.id] })
    expect(change).not.toHaveProperty('credentials')
    expect(change.transaction?.next.stage).toMatchObject({ at: 'challenge' })
    expect(change.transaction?.next.stage).not.toMatchObject({ toSign: CHALLENGE })
    expect(change.audit?.map(({ event }) => event)).toEqual(['challenge.failed'])
  })

  it("refuses another user's passkey", async () => {
    const [own, other] = [await madePasskey(), await madePasskey()]
    const answer = authenticator.get(OPTIONS, other.key)
    expect(await answerChallenge(situation([own.credential]), 'passkey', answer, kit)).toMatchObject(wrong)
  })

  it.each([
    ['stands still', 5, 5],
    ['goes back', 5, 4],
    ['is gone', 5, 0],
  ])(
    'refuses a counter that %s like any wrong answer, and tells audit and user of a copy (R11, R18)',
    async (_, kept, now) => {
      const { credential, key } = await madePasskey({ counter: kept })
      const settings = settingsOf({
        mail: { host: 'mail.example.com', port: 25, security: 'none', from: 'tfa@example.com' },
      })
      const before = situation([credential], { settings })
      before.transaction.account = { ...before.transaction.account, email: 'bob@example.com' }
      const answer = authenticator.get(OPTIONS, key, { counter: now })
      const outcome = await answerChallenge(before, 'passkey', answer, kit)
      expect(outcome).toMatchObject(wrong)
      const change = changeOf(outcome)
      expect(change.audit?.map(({ event }) => event)).toEqual(['challenge.failed', 'method.cloned'])
      expect(change.notices?.map(({ notice }) => notice.kind)).toEqual(['attempt-failed', 'method-cloned'])
      expect(change).not.toHaveProperty('credentials')
    },
  )

  it('says nothing of a copy where the signature is wrong as well: nobody can alarm the user at will', async () => {
    const { credential, key } = await madePasskey({ counter: 5 })
    const answer = authenticator.get(OPTIONS, key, { counter: 2, forged: true })
    const change = changeOf(await answerChallenge(situation([credential]), 'passkey', answer, kit))
    expect(change.audit?.map(({ event }) => event)).toEqual(['challenge.failed'])
  })

  it('takes a key that never counts', async () => {
    const { credential, key } = await madePasskey({ counter: 0 })
    for (let i = 0; i < 2; i++) {
      const answer = authenticator.get(OPTIONS, key, { counter: 0 })
      expect((await answerChallenge(situation([credential]), 'passkey', answer, kit)).result).toBe('accepted')
    }
  })

  it('wants the user verified where the realm requires it', async () => {
    const { credential, key } = await madePasskey()
    const settings = settingsOf({ passkeyVerification: 'required' })
    const unverified = authenticator.get(OPTIONS, key, { verified: false })
    const strict = situation([credential], { settings })
    expect(await answerChallenge(strict, 'passkey', unverified, kit)).toMatchObject(wrong)
    expect((await answerChallenge(situation([credential]), 'passkey', unverified, kit)).result).toBe(
      'accepted',
    )
  })

  it('has 32 random bytes to sign each time that it is chosen', async () => {
    const { credential } = await madePasskey()
    const stage: Stage = { at: 'challenge', method: 'totp', then: 'done' }
    const transaction = transactionOf(stage, { proofs: ['totp', 'passkey'] })
    const both = situation([credential, appCredential()], { transaction })
    const chosen = () => {
      const next = changeOf(chooseChallenge(both, 'passkey', kit)).transaction!.next.stage
      return next.at === 'challenge' ? (next.toSign ?? '') : ''
    }
    expect(Buffer.from(chosen(), 'base64url')).toHaveLength(32)
    expect(chosen()).not.toBe(chosen())
  })
})
