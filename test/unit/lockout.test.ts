import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { NO_ATTEMPTS, afterFailure, afterSuccess, lockedFor } from '../../src/core/login/lockout.ts'
import type { Attempts } from '../../src/core/login/lockout.ts'
import type { RealmSettings } from '../../src/core/settings.ts'
import { NOW, settingsOf } from '../support/kit.ts'

/** The attempts after so many wrong tries, each made as soon as it is taken. */
function fail(times: number, settings: RealmSettings): { attempts: Attempts; now: number; locks: number[] } {
  let attempts = NO_ATTEMPTS
  let now = NOW
  const locks: number[] = []
  for (let i = 0; i < times; i++) {
    attempts = afterFailure(attempts, settings, now)
    const wait = lockedFor(attempts, now)
    if (wait > 0) locks.push(wait / 1000)
    now += wait
  }
  return { attempts, now, locks }
}

describe('the lockout', () => {
  it('starts with the fifth wrong try in a row and not before (R8)', () => {
    expect(fail(4, settingsOf()).locks).toEqual([])
    expect(fail(5, settingsOf()).locks).toEqual([60])
  })

  it('grows twofold up to the longest (R8)', () => {
    expect(fail(45, settingsOf()).locks).toEqual([60, 120, 240, 480, 960, 1920, 3600, 3600, 3600])
  })

  it('ends by itself at the moment it said (R8)', () => {
    const attempts = afterFailure({ ...NO_ATTEMPTS, failures: 4 }, settingsOf(), NOW)
    expect(lockedFor(attempts, NOW + 59_999)).toBe(1)
    expect(lockedFor(attempts, NOW + 60_000)).toBe(0)
  })

  it('does not give the tries back when it ends: five more lock for longer (R7)', () => {
    const { attempts, now } = fail(5, settingsOf())
    const next = afterFailure(attempts, settingsOf(), now)
    expect(next).toMatchObject({ failures: 6 })
    expect(lockedFor(next, now)).toBe(0)
  })

  it('is taken back by a full success, which keeps the count of all failures and reports them (R7, R9)', () => {
    const { attempts } = fail(7, settingsOf())
    const after = afterSuccess(attempts)
    expect(after).toMatchObject({ failures: 0, lockedUntil: 0, total: 7, reported: 7 })
    expect(lockedFor(after, NOW)).toBe(0)
  })

  it('never lets more than maxFailures tries through between two locks, for any settings (R8)', () => {
    const settings = fc.record({
      maxFailures: fc.integer({ min: 1, max: 20 }),
      lockoutSeconds: fc.integer({ min: 1, max: 86_400 }),
      lockoutMaxSeconds: fc.integer({ min: 1, max: 604_800 }),
    })
    fc.assert(
      fc.property(settings, fc.integer({ min: 0, max: 1_200 }), (change, times) => {
        const full = settingsOf(change)
        const { attempts, locks } = fail(times, full)
        expect(locks).toHaveLength(Math.floor(times / full.maxFailures))
        expect(locks).toEqual(locks.toSorted((a, b) => a - b))
        for (const lock of locks) expect(lock).toBeGreaterThanOrEqual(1)
        expect(Number.isSafeInteger(attempts.lockedUntil)).toBe(true)
      }),
      { numRuns: 60 },
    )
  })
})
