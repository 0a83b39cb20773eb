import { randomBytes } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import { createSealer } from '../../src/adapters/secrets/sealer.ts'
import { answerPush } from '../../src/core/login/question.ts'
import { daysOffered, presentDevice, trustDevice, trustedUntil } from '../../src/core/login/trusted-device.ts'
import type { DeviceToken, TrustedDevice } from '../../src/core/login/trusted-device.ts'
import type { Situation } from '../../src/core/login/transaction.ts'
import { explain } from '../../src/core/policy/explain.ts'
import { decide } from '../../src/core/policy/policy.ts'
import type { Claims, PolicyInput, Rule } from '../../src/core/policy/policy.ts'
import {
  ACCOUNT,
  NOW,
  appCredential,
  deviceOf,
  kitAt,
  settingsOf,
  situationOf,
  transactionOf,
} from '../support/kit.ts'
import { DAY, base, rule } from '../support/policy.ts'
import { backgroundOf, needed, pushOf, stepOf } from '../support/push.ts'

const TRUST = { days: 30, enforcement: 'required' as const }
const challenge = transactionOf({ at: 'challenge', method: 'totp', then: 'done' }, { trust: TRUST })
const asking = (change: Partial<Situation> = {}) =>
  situationOf(challenge.stage, { transaction: challenge, credentials: [appCredential()], ...change })

/** A device and what its browser holds. */
function made(now = NOW, kit = kitAt(now)): { device: TrustedDevice; held: DeviceToken } {
  const given = trustDevice(asking(), { browser: 'Firefox', before: undefined }, kit)
  if (given?.change.trust === undefined) throw new Error('not trusted')
  return { device: given.change.trust, held: given.cookie }
}

describe('for how many days a device may be trusted', () => {
  const enrolled = [{ method: 'totp', failures: 0 }]
  const days = (change: Partial<PolicyInput> = {}) =>
    decide({
      ...base,
      settings: settingsOf({ enforcement: 'required', trustedDays: 30 }),
      enrolled,
      ...change,
    }).trustedDays
  const claiming = (change: Partial<Claims>) => days({ claims: { ...base.claims, ...change } })
  const ruling = (...rules: Rule[]) => days({ rules })

  it('the realm says, unless a rule says otherwise; of several the least counts', () => {
    expect(days()).toBe(30)
    expect(days({ settings: settingsOf({ enforcement: 'required' }) })).toBeUndefined()
    expect(ruling(rule('north', 'required'))).toBe(30)
    expect(ruling(rule('north', 'required', { trustedDays: 7 }))).toBe(7)
    expect(ruling(rule('north', 'required', { trustedDays: 90 }))).toBe(90)
    expect(ruling(rule('north', 'required', { trustedDays: 0 }))).toBeUndefined()
    const two = [
      rule('north', 'required', { trustedDays: 7 }),
      rule('fieldwork', 'required', { trustedDays: 90 }),
    ]
    expect(ruling(...two)).toBe(7)
    expect(ruling(...two.toReversed())).toBe(7)
    expect(ruling(rule('north', 'optional', { trustedDays: 3 }))).toBe(3)
  })

  it('none where anything asks but the policy: a level, a fresh login, a change, a role (R27)', () => {
    expect(claiming({ level: 2 })).toBeUndefined()
    expect(claiming({ fresh: true })).toBeUndefined()
    expect(claiming({ roles: ['tfa-manager'] })).toBeUndefined()
    for (const purpose of ['manage', 'enrol', 'direct'] as const) {
      expect(claiming({ purpose }), purpose).toBe(undefined)
    }
  })

  it('none where the user has to set something up, or is asked for nothing', () => {
    expect(days({ enrolled: [] })).toBeUndefined()
    expect(
      days({ settings: settingsOf({ enforcement: 'required', trustedDays: 9, methods: ['sms'] }) }),
    ).toBeUndefined()
    expect(days({ rules: [rule('north', 'disabled')] })).toBeUndefined()
    expect(days({ enrolled: [{ method: 'totp', failures: 100 }] })).toBeUndefined()
  })
})

describe('a device is trusted', () => {
  it('until the end that it was given, or sooner where the policy allows fewer days', () => {
    const device = deviceOf('d', NOW)
    expect(trustedUntil(device, 30)).toBe(NOW + 30 * DAY)
    expect(trustedUntil(device, 365)).toBe(NOW + 30 * DAY)
    expect(trustedUntil(device, 2)).toBe(NOW + 2 * DAY)
    expect(trustedUntil(device, 0)).toBe(NOW)
  })

  it('in no step but the challenge that ends a login', () => {
    expect(daysOffered(challenge)).toBe(30)
    expect(daysOffered({ ...challenge, stage: { at: 'challenge', method: 'totp', then: 'enrol' } })).toBe(0)
    expect(
      daysOffered({ ...challenge, stage: { at: 'enrol', method: 'totp', keep: 0, proven: undefined } }),
    ).toBe(0)
    expect(
      trustDevice(asking({ transaction: transactionOf(challenge.stage) }), { before: undefined }, kitAt()),
    ).toBe(undefined)
  })

  it('under a keyed hash of 256 random bits that is kept, and nothing else (R23)', () => {
    const { device, held } = made()
    expect(Buffer.from(held.secret, 'base64url')).toHaveLength(32)
    expect(JSON.stringify(device)).not.toContain(held.secret)
    expect(made().held.secret).not.toBe(held.secret)
  })

  it('for one user of one realm: a row that is copied to another opens nothing (R15)', () => {
    const { device, held } = made()
    const present = (account: object) =>
      presentDevice(
        asking({ devices: [device], transaction: { ...challenge, account: { ...ACCOUNT, ...account } } }),
        held,
        kitAt(),
      ).result
    expect(present({})).toBe('trusted')
    expect(present({ userId: 'user-2' })).toBe('copied')
    expect(present({ realm: 'other' })).toBe('copied')
  })

  it('no longer where its key was taken out of use, and that is no alarm', () => {
    const { device, held } = made()
    const other = createSealer([{ id: 'k2', key: randomBytes(32) }])
    const kit = kitAt(NOW, { mac: (text, keyId) => other.mac(text, keyId), keyIds: other.keyIds })
    expect(presentDevice(asking({ devices: [device] }), held, kit)).toEqual({ result: 'asked', stale: true })
  })

  it('by the same cookie for the same login, though a server with a newer key answers the second time', () => {
    const keys = ['k1', 'k2'].map((id) => ({ id, key: randomBytes(32) }))
    const kitOf = (all: typeof keys) => {
      const { mac, keyIds } = createSealer(all)
      return kitAt(NOW, { mac, keyIds })
    }
    const [older, newer] = [kitOf(keys), kitOf(keys.toReversed())]
    const { device, held } = made(NOW, older)
    const first = presentDevice(asking({ devices: [device] }), held, older)
    if (first.result !== 'trusted') throw new Error(first.result)
    const { to: token, from: previous, by: rotatedBy, sid, at: usedAt } = first.change.rotate!
    const again = presentDevice(
      asking({
        devices: [{ ...device, token, previous, rotatedBy, sid, usedAt }],
        transaction: first.change.transaction!.next,
      }),
      held,
      newer,
    )
    expect(again).toMatchObject({ result: 'trusted', cookie: first.cookie })
  })

  it('proves nothing: neither failures nor the lock are taken back by it (R7)', () => {
    const { device, held } = made()
    const attempts = { version: 4, failures: 3, total: 3, reported: 0, lockedUntil: 0 }
    const shown = presentDevice(asking({ devices: [device], attempts }), held, kitAt())
    if (shown.result !== 'trusted') throw new Error(shown.result)
    expect(shown.change.attempts).toBeUndefined()
    expect(shown.change.verified).toBeUndefined()
    expect(shown.change.transaction?.next.stage).toEqual({
      at: 'trusted',
      device: device.id,
      until: NOW + 30 * DAY,
    })
    const locked = { ...attempts, lockedUntil: NOW + 1 }
    expect(presentDevice(asking({ devices: [device], attempts: locked }), held, kitAt()).result).toBe('asked')
  })
})

describe('a push', () => {
  const known = backgroundOf({
    settings: settingsOf({ enforcement: 'required', trustedDays: 30 }),
    credentials: [appCredential()],
  })

  it('keeps for its step how long a device may be trusted', () => {
    expect(stepOf(needed(answerPush(pushOf(), known, kitAt()))).trust).toEqual(TRUST)
  })

  it('that repeats one which a device ended looks at the cookie again', () => {
    const stage = { at: 'trusted' as const, device: 'd', until: NOW + DAY }
    const background = { ...known, transaction: { ...challenge, stage } }
    expect(stepOf(needed(answerPush(pushOf(), background, kitAt()))).stage).toMatchObject({ at: 'challenge' })
  })

  it('within a session that a device entered says why nothing is needed (B1)', () => {
    const devices = [deviceOf('d', NOW, { sid: 'sid-1' })]
    const reply = answerPush(pushOf({ trustedSession: true }), { ...known, devices }, kitAt(NOW + DAY))
    if (!('needed' in reply)) throw new Error(reply.refused)
    expect(reply.needed).toBe(false)
    const { because, enforcement } = reply.decision
    expect(explain(enforcement, because)).toBe(
      "Required, because it is the realm's default; not asked, since this device is trusted until 2027-02-14T08:00Z",
    )
    const locked = { ...known.attempts, lockedUntil: NOW + 2 * DAY }
    const refused = answerPush(
      pushOf({ trustedSession: true }),
      { ...known, devices, attempts: locked },
      kitAt(NOW + DAY),
    )
    expect(refused).toMatchObject({ needed: true })
  })
})
