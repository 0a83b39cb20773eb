import { randomUUID } from 'node:crypto'
import { DirectoryError } from '../core/sync/directory.ts'
import type { KeptHint, KeptSync, Lease } from '../core/sync/sync-store.ts'
import { duePass, pauseAfter } from './due.ts'
import { problemOf, tellFailure } from './failure.ts'
import { dueHints, followHints } from './hints.ts'
import type { Aside } from './hints.ts'
import { beginPass, runPass } from './pass.ts'
import { followPolicy } from './policy-changes.ts'
import { fingerprintOf } from './standings.ts'
import { openTenure, TenureOver } from './tenure.ts'
import type { Tenure, Workplace } from './tenure.ts'

/** Waits so many milliseconds, or until the signal is given. */
export type Pause = (milliseconds: number, signal: AbortSignal) => Promise<void>

/** Milliseconds between two renewals of the lease. */
const RENEW = 3_000
/** Milliseconds between two looks at what administrators changed. */
const POLICY_EVERY = 5_000
/** Hints that are read at once. */
const MOST_HINTS = 1_000

/** The work on one realm. */
export interface Rounds {
  /** Does all that is to be done now, where nobody else does. Ends early where `stop` is given. */
  round(stop: AbortSignal): Promise<void>
}

export function createRounds(place: Workplace, pause: Pause): Rounds {
  const { realm, store, admin, clock, figures } = place
  const aside: Aside = new Map()
  let policyCheckedAt = 0
  let hintFailures = 0
  let hintsFrom = 0

  return {
    async round(stop) {
      const kept = await store.kept(realm)
      if (kept.state.completedAt !== undefined) figures.completed(realm, kept.state.completedAt)
      figures.warnings(realm, kept.state.warnings.length)
      if (!(await hasWork(kept))) return
      const lease = { realm, holder: randomUUID() }
      if (!(await store.take(lease, clock()))) return
      await hold(lease, stop)
    },
  }

  async function hasWork(kept: KeptSync): Promise<boolean> {
    const now = clock()
    const hints = await store.hints(realm, MOST_HINTS)
    if (kept.state.running !== undefined || isPassDue(kept, hints)) return true
    if (now >= hintsFrom && dueHints(hints, aside, now).length > 0) return true
    if (now < policyCheckedAt + POLICY_EVERY) return false
    policyCheckedAt = now
    return fingerprintOf(await admin.policy(realm)) !== kept.fingerprint
  }

  function isPassDue({ state }: KeptSync, hints: KeptHint[]): boolean {
    return duePass(state, hints, clock(), place.interval) !== undefined
  }

  /** Works while the lease is held; a worker that is ended otherwise leaves it to run out. */
  async function hold(lease: Lease, stop: AbortSignal): Promise<void> {
    const over = new AbortController()
    const end = () => over.abort()
    stop.addEventListener('abort', end, { once: true })
    if (stop.aborted) end()
    const renewed = renew(lease, over)
    try {
      await work(openTenure(place, lease, await store.kept(realm), over.signal))
    } catch (error) {
      if (!(error instanceof TenureOver)) throw error
    } finally {
      end()
      stop.removeEventListener('abort', end)
      await renewed
      await store.giveBack(lease)
    }
  }

  async function renew(lease: Lease, over: AbortController): Promise<void> {
    for (;;) {
      await pause(RENEW, over.signal)
      if (over.signal.aborted) return
      // A database that does not answer refuses what is written, too: nothing is lost by going on.
      if (!(await store.renew(lease, clock()).catch(() => true))) over.abort()
    }
  }

  async function work(tenure: Tenure): Promise<void> {
    const isQuiet = () => tenure.kept.state.running === undefined
    // A pass that another began is ended first: it reads what a change of the policy would have read by itself.
    while ((await followDue(tenure)) || (isQuiet() && (await followPolicy(tenure))) || (await pass(tenure))) {
      // Until nothing is left to be done.
    }
  }

  async function followDue(tenure: Tenure): Promise<boolean> {
    if (tenure.now() < hintsFrom) return false
    const due = dueHints(await store.hints(realm, MOST_HINTS), aside, tenure.now())
    if (due.length === 0) return false
    try {
      await followHints(tenure, due, aside)
      hintFailures = 0
      return true
    } catch (error) {
      if (!(error instanceof DirectoryError)) throw error
      hintFailures += 1
      hintsFrom = tenure.now() + pauseAfter(hintFailures)
      const { failures } = tenure.kept.state
      // A pass then tells whether all is well again, and finds what was missed.
      if (failures === 0) {
        const problem = problemOf(tenure, error)
        await tenure.commit({}, {}, { problem, failures: 1, retryAt: tenure.now() + pauseAfter(1) })
      }
      return false
    }
  }

  async function pass(tenure: Tenure): Promise<boolean> {
    try {
      if (tenure.kept.state.running === undefined) {
        const all = await store.hints(realm, MOST_HINTS)
        const asked = duePass(tenure.kept.state, all, tenure.now(), place.interval)
        if (asked === undefined) return false
        await beginPass(tenure, asked)
      }
      await runPass(tenure, async () => void (await followDue(tenure)))
    } catch (error) {
      if (error instanceof TenureOver) throw error
      await tellFailure(tenure, error)
    }
    return true
  }
}
