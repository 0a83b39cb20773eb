import type { KeptHint } from '../core/sync/sync-store.ts'
import type { SyncState } from '../core/sync/sync.ts'

const FIRST_PAUSE = 1_000
const LONGEST_PAUSE = 300_000

/** How long to wait after so many failures in a row, milliseconds: 1 s, doubled each time, 5 minutes at most. */
export function pauseAfter(failures: number): number {
  return Math.min(FIRST_PAUSE * 2 ** Math.min(failures - 1, 20), LONGEST_PAUSE)
}

/**
 * Whether a full pass is to begin now: the hints that it deals with, or undefined where none is due. A person is never
 * made to wait; after a failure all others are; and Keycloak's own wish waits as long as the last pass took, so that
 * passes never take more than half of the time.
 *
 * @param interval milliseconds from the begin of one pass to the next
 */
export function duePass(
  { last, failures, retryAt }: SyncState,
  hints: readonly KeptHint[],
  now: number,
  interval: number,
): KeptHint[] | undefined {
  const asks = hints.filter(({ kind }) => kind === 'full' || kind === 'run' || kind === 'confirm')
  if (asks.some(({ kind }) => kind === 'run')) return asks
  if (failures > 0) return now >= (retryAt ?? 0) ? asks : undefined
  if (last === undefined) return asks
  const isRested = now >= 2 * last.endedAt - last.startedAt
  return isRested && (asks.length > 0 || now >= last.startedAt + interval) ? asks : undefined
}
