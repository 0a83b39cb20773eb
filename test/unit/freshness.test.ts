import { describe, expect, it } from 'vitest'
import { firstAsked } from '../../src/core/login/first-asked.ts'
import { missingOf } from '../../src/core/pages/freshness.ts'
import type { Missing } from '../../src/core/pages/freshness.ts'
import { registry } from '../../src/methods/index.ts'
import { appCredential, NOW } from '../support/kit.ts'

const MINUTE = 60_000

describe('what a session of our own pages still has to give (R17)', () => {
  it.each<[string, boolean, number | undefined, number, Missing]>([
    ['a second factor just now', true, 0, 60, 'nothing'],
    ['a second factor five minutes ago', true, 5, 0, 'nothing'],
    ['a second factor longer ago', true, 5.01, 0, 'second-factor'],
    ['a young password of a user who has methods', true, undefined, 0, 'second-factor'],
    ['an old password of a user who has methods', true, undefined, 60, 'second-factor'],
    ['a young password of a user who has none', false, undefined, 5, 'nothing'],
    ['an old password of a user who has none', false, undefined, 5.01, 'password'],
    ['a second factor that was just removed', false, 1, 60, 'nothing'],
    ['an old second factor that was removed', false, 60, 60, 'password'],
    ['an old second factor that was removed, and a young password', false, 60, 1, 'nothing'],
  ])('%s', (_, hasMethods, verified, password, missing) => {
    const facts = {
      hasMethods,
      verifiedAt: verified === undefined ? undefined : NOW - verified * MINUTE,
      authTime: NOW - password * MINUTE,
      within: 5 * MINUTE,
      now: NOW,
    }
    expect(missingOf(facts)).toBe(missing)
  })
})

describe('the method that is asked for first (S20)', () => {
  const app = appCredential()
  const sms = appCredential({ id: 'c-sms', method: 'sms', preferred: true })
  const codes = appCredential({ id: 'c-codes', method: 'backup-codes', preferred: true })

  it("is the user's default where the challenge takes it", () => {
    expect(firstAsked(['totp', 'sms'], [app, sms], registry)).toBe('sms')
  })

  it('is the first that stands alone where the default is not taken, or never stands alone (P27)', () => {
    expect(firstAsked(['totp', 'backup-codes'], [app, sms, codes], registry)).toBe('totp')
    expect(firstAsked(['backup-codes', 'totp'], [app, codes], registry)).toBe('totp')
    expect(firstAsked(['backup-codes'], [codes], registry)).toBeUndefined()
  })
})
