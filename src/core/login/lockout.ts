import type { RealmSettings } from '../settings.ts'

/** A credential is no longer usable after this many failures in a row (NIST SP 800-63B-4, 3.2.2). */
export const MAX_CREDENTIAL_FAILURES = 100

/** Whether a credential may still be tried (R8), and could be: one that no key opens stays, and takes no answer. */
export function isUsable({
  failures,
  unreadable,
}: {
  failures: number
  unreadable?: string | undefined
}): boolean {
  return failures < MAX_CREDENTIAL_FAILURES && unreadable === undefined
}

/**
 * A user's wrong tries, counted across methods, tabs, logins and sidecars (R7). `version` is for the
 * compare-and-swap that lets one try at a time count; 0 means that there is no row yet.
 */
export interface Attempts {
  version: number
  /** Failures in a row since the last full success. */
  failures: number
  /** Every failure ever: the number that failures are reported to Keycloak by. */
  total: number
  /** The highest number that was reported. */
  reported: number
  /** Epoch milliseconds; 0 when never locked. */
  lockedUntil: number
}

export const NO_ATTEMPTS: Attempts = { version: 0, failures: 0, total: 0, reported: 0, lockedUntil: 0 }

/** Milliseconds until the next try is taken; 0 when it is taken now. */
export function lockedFor(attempts: Attempts, now: number): number {
  return Math.max(0, attempts.lockedUntil - now)
}

/** The attempts after a wrong try: every `maxFailures` of them locks, each time twice as long, up to the longest. */
export function afterFailure(attempts: Attempts, settings: RealmSettings, now: number): Attempts {
  const failures = attempts.failures + 1
  const locks = Math.floor(failures / settings.maxFailures)
  const locksNow = failures % settings.maxFailures === 0
  const seconds = Math.min(settings.lockoutSeconds * 2 ** (locks - 1), settings.lockoutMaxSeconds)
  return {
    ...attempts,
    failures,
    total: attempts.total + 1,
    lockedUntil: locksNow ? now + seconds * 1000 : attempts.lockedUntil,
  }
}

/** The attempts after a full success: nothing is held against the user any more, and all is reported with it. */
export function afterSuccess(attempts: Attempts): Attempts {
  return { ...attempts, failures: 0, lockedUntil: 0, reported: attempts.total }
}
