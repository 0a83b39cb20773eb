import { describe, expect, it } from 'vitest'
import { answerChallenge, chooseChallenge } from '../../src/core/login/challenge.ts'
import { answerEnrolment, beginSetUp } from '../../src/core/login/enrolment.ts'
import { NO_ATTEMPTS } from '../../src/core/login/lockout.ts'
import { aim, awaitsFirstCode, pauseEnd, sendCode, verifiedCount } from '../../src/core/login/sending.ts'
import type { Kit, Outcome } from '../../src/core/login/step.ts'
import type { Credential, Situation, Transaction } from '../../src/core/login/transaction.ts'
import { ACCOUNT, NOW, appCredential, kitAt, settingsOf, situationOf, transactionOf } from '../support/kit.ts'

const PHONE = '+31612345678'
const OTHER = '+31687654321'
const ADDRESS = '198.51.100.7'
const settings = settingsOf({ methods: ['sms'], smsCountries: ['NL', 'DE'] })
const kit = kitAt()

const credential: Credential = {
  id: 'c-sms',
  method: 'sms',
  label: undefined,
  version: 1,
  failures: 0,
  data: { phone: PHONE },
}

/** A login of a user with a proven number. */
function challenge(change: Partial<Situation> = {}, of: Partial<Transaction> = {}): Situation {
  const transaction = transactionOf(
    { at: 'challenge', method: 'sms', then: 'done' },
    { proofs: ['sms'], ...of },
  )
  return situationOf(transaction.stage, { settings, transaction, credentials: [credential], ...change })
}

/** A first set-up; with `phone` an administrator knows the number. */
function setUp(phone?: string, of: Partial<Transaction> = {}, change: Partial<Situation> = {}): Situation {
  const account = { ...ACCOUNT, ...(phone === undefined ? {} : { phone }) }
  const blank = transactionOf(
    { at: 'blocked', reason: 'no-method-allowed' },
    { account, methods: ['sms'], ...of },
  )
  const situation = situationOf(blank.stage, { settings, transaction: blank, ...change })
  return { ...situation, transaction: { ...blank, stage: beginSetUp(situation, undefined, kit) } }
}

/** The situation that a written change leaves behind. */
function written(
  situation: Situation,
  outcome: { result: string; change?: { transaction?: { next: Transaction } } },
) {
  const next = outcome.change?.transaction?.next
  if (next === undefined) throw new Error(`nothing was written: ${outcome.result}`)
  return { ...situation, transaction: { ...next, version: next.version + 1 } }
}

function sendOf(outcome: Outcome | ReturnType<typeof aim>) {
  if (outcome.result !== 'accepted' || outcome.send === undefined)
    throw new Error(`not sent: ${outcome.result}`)
  return outcome.send
}

/** A code is sent: the code, and the situation after it. */
function sent(situation: Situation, at: Kit = kit) {
  const outcome = sendCode(situation, ADDRESS, at)
  return { ...sendOf(outcome), outcome, after: written(situation, outcome) }
}

const answer = (situation: Situation, code: string, at: Kit = kit) =>
  answerChallenge(situation, 'sms', code, at)
const prove = (situation: Situation, code: string, at: Kit = kit) =>
  answerEnrolment(situation, 'sms', { code, label: '' }, at)
const typed = (phone: string) => ({ country: 'NL', phone })
/** Both a random source and its bytes: always the same code. */
const dice = (bytes: string) => kitAt(NOW, { random: () => Buffer.from(bytes, 'hex') })

const keptOf = ({ transaction: { stage } }: Situation) =>
  ('keep' in stage ? stage.keep : undefined) as { sent?: { value: string }; phone?: string; fixed?: boolean }

describe('a sent code', () => {
  it('has six digits from the random source, with its zeros (R3)', () => {
    for (let i = 0; i < 200; i++) expect(sent(challenge()).code).toMatch(/^\d{6}$/)
    expect(sent(challenge(), dice('000000000007')).code).toBe('000007')
    expect(sent(challenge(), dice('0000000f4240')).code).toBe('000000')
    expect(new Set(Array.from({ length: 50 }, () => sent(challenge()).code)).size).toBeGreaterThan(40)
  })

  it('is accepted with spaces and hyphens, proves sms, and ends the step (R21)', async () => {
    const { code, after } = sent(challenge())
    const outcome = await answer(after, ` ${code.slice(0, 3)}-${code.slice(3)} `)
    expect(outcome).toMatchObject({
      result: 'accepted',
      change: {
        credentials: [{ id: 'c-sms', version: 1, data: { phone: PHONE } }],
        transaction: { next: { stage: { at: 'done', proof: { amr: ['pwd', 'sms', 'mfa'], level: 2 } } } },
        counts: { counts: [{ scope: 'verified' }] },
      },
    })
    expect(await answer(written(after, outcome), code)).toEqual({ result: 'stale' })
  })

  it('is kept as a keyed hash alone: neither what is written nor the audit tells it (R3, R23)', () => {
    const { code, outcome, after } = sent(challenge())
    const text = JSON.stringify(outcome.result === 'accepted' ? outcome.change : undefined)
    expect(text).not.toContain(code)
    expect(keptOf(after).sent?.value).toMatch(/^[\w-]{43}$/)
    expect(keptOf(after).sent?.value).not.toBe(kit.hash(code))
    if (outcome.result !== 'accepted') throw new Error('not accepted')
    expect(JSON.stringify(outcome.change.audit)).not.toContain('345678')
    expect(outcome.change.audit).toMatchObject([
      { event: 'code.sent', detail: { channel: 'sms', purpose: 'challenge' } },
    ])
  })

  it('is bound to its user, its realm and its destination (R3)', async () => {
    const same = dice('000000000007')
    const account = (change: object) => ({ account: { ...ACCOUNT, ...change } })
    const moved = { ...credential, data: { phone: OTHER } }
    const all = [
      challenge(),
      challenge({}, account({ userId: 'user-2' })),
      challenge({}, account({ realm: 'other' })),
      challenge({ credentials: [moved] }),
    ].map((situation) => sent(situation, same))
    expect(all.map(({ code }) => code)).toEqual(Array(4).fill('000007'))
    expect(new Set(all.map(({ after }) => keptOf(after).sent?.value)).size).toBe(4)
    // What one login keeps opens no other user's, realm's or number's.
    const [own, ...others] = all.map(({ after }) => after)
    for (const other of others) {
      const { transaction } = other
      const mixed = { ...other, transaction: { ...transaction, stage: own!.transaction.stage } }
      expect(await answer(mixed, '000007')).toMatchObject({ result: 'refused', error: 'wrong' })
    }
    expect((await answer(own!, '000007')).result).toBe('accepted')
  })

  it('is good for the time that is set, and a late one is refused as a wrong one is (R3, R11)', async () => {
    for (const codeSeconds of [60, 300, 600]) {
      const own = challenge({ settings: settingsOf({ ...settings, codeSeconds }) })
      const { code, after } = sent(own)
      const end = NOW + codeSeconds * 1000
      expect((await answer(after, code, kitAt(end - 1))).result).toBe('accepted')
      const atEnd = kitAt(end, { random: (bytes) => Buffer.alloc(bytes, 7) })
      const late = await answer(after, code, atEnd)
      const wrong = await answer(after, code === '424242' ? '424243' : '424242', atEnd)
      expect(late).toEqual(wrong)
      expect(late).toMatchObject({ result: 'refused', error: 'wrong' })
    }
  })

  it('is dead once another was sent (R3)', async () => {
    const first = sent(challenge(), dice('000000000001'))
    const later = NOW + settings.resendSeconds * 1000
    const second = sent(first.after, kitAt(later, { random: () => Buffer.from('000000000002', 'hex') }))
    expect(second.code).not.toBe(first.code)
    expect(await answer(second.after, first.code, kitAt(later))).toMatchObject({
      result: 'refused',
      error: 'wrong',
    })
    expect((await answer(second.after, second.code, kitAt(later))).result).toBe('accepted')
  })

  it('of an enrolment is none at login, and the other way round (R3, P12)', async () => {
    const login = sent(challenge(), dice('000000000001')).after
    const enrolment = sent(setUp(PHONE), dice('000000000002')).after
    expect(await answer(login, '000002')).toMatchObject({ result: 'refused', error: 'wrong' })
    expect(await prove(enrolment, '000001')).toMatchObject({ result: 'refused', error: 'wrong' })
    expect(await answer(enrolment, '000002')).toEqual({ result: 'stale' })
    expect(await prove(login, '000001')).toEqual({ result: 'stale' })
    expect([(await answer(login, '000001')).result, (await prove(enrolment, '000002')).result]).toEqual([
      'accepted',
      'accepted',
    ])
  })

  it('of another login of the same user is none (R3)', async () => {
    const one = sent(challenge(), dice('000000000001')).after
    const two = sent(challenge({}, { id: 'step-2' }), dice('000000000002')).after
    expect(await answer(two, '000001')).toMatchObject({ result: 'refused', error: 'wrong' })
    expect((await answer(one, '000001')).result).toBe('accepted')
  })

  it('that was never sent is no code, and an answer that could be none is not counted', async () => {
    expect(await answer(challenge(), '000000')).toMatchObject({ result: 'refused', error: 'wrong' })
    for (const text of ['', '12345', '1234567', 'abcdef', '12345٦']) {
      expect(await answer(sent(challenge()).after, text)).toEqual({ result: 'refused', error: 'missing' })
      expect(await prove(sent(setUp(PHONE)).after, text)).toEqual({ result: 'refused', error: 'missing' })
    }
  })

  it('that is wrong counts for the user and on the credential (R7, R8)', async () => {
    const { code, after } = sent(challenge())
    expect(await answer(after, code === '424242' ? '424243' : '424242')).toMatchObject({
      change: { attempts: { next: { failures: 1, total: 1 } }, failed: ['c-sms'] },
    })
  })
})

describe('sending', () => {
  it('goes to the stored number at login, and to it only (R10)', () => {
    expect(sent(challenge()).to).toBe(PHONE)
    const claimed = challenge({}, { account: { ...ACCOUNT, phone: OTHER } })
    expect(sent(claimed).to).toBe(PHONE)
    expect(aim(claimed, typed(OTHER), ADDRESS, kit)).toEqual({ result: 'stale' })
  })

  it('is done by itself once for a step, and not where there is no number yet', () => {
    expect(awaitsFirstCode(challenge(), kit)).toBe(true)
    expect(awaitsFirstCode(sent(challenge()).after, kit)).toBe(false)
    expect(awaitsFirstCode(setUp(PHONE), kit)).toBe(true)
    expect(awaitsFirstCode(setUp(), kit)).toBe(false)
    expect(sendCode(setUp(), ADDRESS, kit)).toEqual({ result: 'stale' })
  })

  it('waits for the pause to end, and says until when', () => {
    const { after } = sent(challenge())
    const end = NOW + 30_000
    expect(pauseEnd(after.transaction.stage, settings.resendSeconds)).toBe(end)
    expect(sendCode(after, ADDRESS, kitAt(end - 1))).toEqual({ result: 'limited', until: end })
    expect(sendCode(after, ADDRESS, kitAt(end)).result).toBe('accepted')
  })

  it('is refused during a lock, at login and in a set-up (R6, R8)', () => {
    const attempts = { ...NO_ATTEMPTS, version: 5, failures: 5, lockedUntil: NOW + 1 }
    for (const situation of [challenge({ attempts }), { ...setUp(PHONE), attempts }]) {
      expect(sendCode(situation, ADDRESS, kit)).toEqual({ result: 'locked' })
      expect(sendCode(situation, ADDRESS, kitAt(NOW + 1)).result).toBe('accepted')
    }
    expect(aim({ ...setUp(), attempts }, typed('0612345678'), ADDRESS, kit)).toEqual({ result: 'locked' })
  })

  it('is counted for number, prefix, address, user and realm, in a set-up as at login, by hashes (R10, R23)', () => {
    const limits = settingsOf({
      ...settings,
      smsPerNumber: 1,
      smsPerPrefix: 2,
      smsPerAddress: 3,
      smsPerUser: 4,
      smsPerHour: 5,
      smsPerDay: 6,
    })
    const countsOf = (situation: Situation, address = ADDRESS) => {
      const outcome = sendCode({ ...situation, settings: limits }, address, kit)
      return outcome.result === 'accepted' ? outcome.change.counts : undefined
    }
    const login = countsOf(challenge())
    expect(login?.at).toBe(NOW)
    expect(login?.counts.map(({ scope, limit, window }) => [scope, limit, window / 3_600_000])).toEqual([
      ['number', 1, 1],
      ['prefix', 2, 1],
      ['address', 3, 1],
      ['user', 4, 1],
      ['hour', 5, 1],
      ['day', 6, 24],
    ])
    // A number that is typed in a set-up does not use up what a login to the same number needs.
    const begun = countsOf(setUp(PHONE))
    const shared = (counts: typeof login) =>
      counts?.counts.filter(({ scope }) => !['number', 'prefix'].includes(scope))
    expect(shared(begun)).toEqual(shared(login))
    for (const i of [0, 1]) expect(begun?.counts[i]?.key).not.toBe(login?.counts[i]?.key)
    const text = JSON.stringify(login)
    for (const told of [PHONE.slice(1, -3), '345678', ADDRESS]) expect(text).not.toContain(told)
    const keys = (situation: Situation, address?: string) =>
      countsOf(situation, address)?.counts.map(({ key }) => key) ?? []
    const [number, prefix, address, user] = keys(setUp(PHONE))
    expect(keys(setUp('+31612345999'))).toEqual([
      expect.not.stringMatching(number!),
      prefix,
      address,
      user,
      '',
      '',
    ])
    expect(keys(setUp('+31612346678'))[1]).not.toBe(prefix)
    expect(keys(challenge(), '198.51.100.8')[2]).not.toBe(address)
  })

  it('is told from a code that was verified, for the alarm; an app has no such count', async () => {
    expect(verifiedCount('sms', kit)).toMatchObject({ at: NOW, counts: [{ scope: 'verified' }] })
    expect(verifiedCount('totp', kit)).toBeUndefined()
    expect(await answer(sent(challenge()).after, '000000')).not.toHaveProperty('change.counts')
  })
})

describe('a set-up', () => {
  it('asks for a number, sends there, and stores nothing before it is proven (R6, P10)', async () => {
    const begun = setUp()
    expect(keptOf(begun)).toMatchObject({ fixed: false })
    const bad = aim(begun, typed('020 1234567'), ADDRESS, kit)
    expect(bad).toMatchObject({ result: 'misaimed', error: 'phone-not-mobile' })
    const aimed = aim(written(begun, bad), typed('06 12345678'), ADDRESS, kit)
    expect(sendOf(aimed).to).toBe(PHONE)
    const waiting = written(begun, aimed)
    const wrong = await prove(waiting, sendOf(aimed).code === '424242' ? '424243' : '424242')
    expect(wrong).toMatchObject({ result: 'refused', error: 'wrong' })
    for (const outcome of [bad, aimed, wrong]) {
      if (!('change' in outcome) || outcome.change === undefined) throw new Error('no change')
      expect(outcome.change.enrol).toBeUndefined()
    }
    expect(await prove(waiting, sendOf(aimed).code)).toMatchObject({
      result: 'accepted',
      change: {
        enrol: [{ method: 'sms', data: { phone: PHONE } }],
        counts: { counts: [{ scope: 'verified' }] },
      },
    })
  })

  it('keeps a number that was refused, to be shown, and sends nothing', () => {
    const bad = aim(setUp(), typed(`06-${'1'.repeat(100)}`), ADDRESS, kit)
    expect(bad).not.toHaveProperty('send')
    const { stage } = written(setUp(), bad).transaction
    const shown = kit.registry.get('sms')!.showEnrolment(stage.at === 'enrol' && stage.keep, ACCOUNT)
    expect(shown).toEqual({ kind: 'phone', country: 'NL', phone: `06-${'1'.repeat(37)}` })
  })

  it('with another number makes the code to the first one dead, and waits for the pause (R3)', async () => {
    const first = aim(setUp(), typed(PHONE), ADDRESS, dice('000000000001'))
    const waiting = written(setUp(), first)
    expect(aim(waiting, typed(OTHER), ADDRESS, kit)).toMatchObject({ result: 'limited', until: NOW + 30_000 })
    const later = kitAt(NOW + 30_000, { random: () => Buffer.from('000000000002', 'hex') })
    const second = aim(waiting, typed(OTHER), ADDRESS, later)
    expect(sendOf(second)).toMatchObject({ to: OTHER, code: '000002' })
    const after = written(setUp(), second)
    expect(await prove(after, '000001', later)).toMatchObject({ result: 'refused', error: 'wrong' })
    expect(await prove(after, '000002', later)).toMatchObject({
      change: { enrol: [{ data: { phone: OTHER } }] },
    })
  })

  it('aims at the number that an administrator set, at once and fixed (R25)', async () => {
    const begun = setUp(PHONE)
    expect(keptOf(begun)).toMatchObject({ phone: PHONE, fixed: true })
    const { to, code, after } = sent(begun)
    expect(to).toBe(PHONE)
    expect(kit.registry.get('sms')!.showEnrolment(keptOf(after), ACCOUNT)).toEqual({
      kind: 'sent-code',
      to: '+31 ••• ••78',
      digits: 6,
      fixed: true,
    })
    expect(await prove(after, code)).toMatchObject({ change: { enrol: [{ data: { phone: PHONE } }] } })
  })

  it.each(['0612345678', 'none', '+33612345678', '+31201234567'])(
    'lets the user name no other where the number that an administrator set can take no code (R25): %j',
    (phone) => {
      const begun = setUp(phone)
      expect(kit.registry.get('sms')!.showEnrolment(keptOf(begun), ACCOUNT)).toEqual({ kind: 'unusable' })
      expect(awaitsFirstCode(begun, kit)).toBe(false)
      expect(aim(begun, typed(OTHER), ADDRESS, kit)).toEqual({ result: 'stale' })
    },
  )

  it('lets the user name no other than the number that an administrator set, before and after a code (R10, R25)', () => {
    const { after } = sent(setUp(PHONE))
    const later = kitAt(NOW + 60_000)
    expect(aim(setUp(PHONE), typed(OTHER), ADDRESS, kit)).toEqual({ result: 'stale' })
    expect(aim(after, typed(OTHER), ADDRESS, later)).toEqual({ result: 'stale' })
  })

  it('sends nothing once the user has got a method in the meantime (R17)', () => {
    const overtaken = { ...setUp(), credentials: [credential] }
    expect(aim(overtaken, typed(OTHER), ADDRESS, kit)).toMatchObject({
      result: 'stale',
      change: { transaction: { next: { stage: { at: 'challenge', method: 'sms' } } } },
    })
  })

  it('sends nothing to a stored number whose country was closed since (R10)', () => {
    const closed = { ...challenge(), settings: settingsOf({ ...settings, smsCountries: ['DE'] }) }
    expect(sendCode(closed, ADDRESS, kit)).toEqual({ result: 'stale' })
  })

  it('is not begun by an app, nor by a login that is over', () => {
    const app = situationOf(
      { at: 'enrol', method: 'totp', keep: { secret: 'X' }, proven: undefined },
      { settings },
    )
    expect(aim(app, typed(PHONE), ADDRESS, kit)).toEqual({ result: 'stale' })
    expect(sendCode(app, ADDRESS, kit)).toEqual({ result: 'stale' })
    const both = challenge({ credentials: [credential, appCredential()] }, { proofs: ['sms', 'totp'] })
    const chosen = written(both, chooseChallenge(both, 'totp', kit))
    expect(sendCode(chosen, ADDRESS, kit)).toEqual({ result: 'stale' })
  })
})
