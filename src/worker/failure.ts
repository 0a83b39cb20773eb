import { DirectoryError } from '../core/sync/directory.ts'
import type { SyncState } from '../core/sync/sync.ts'
import { pauseAfter } from './due.ts'
import { ListNotBelieved, sinceWhen } from './end-pass.ts'
import type { Tenure } from './tenure.ts'

/** What is wrong, for people. */
export function problemOf(tenure: Tenure, error: unknown): NonNullable<SyncState['problem']> {
  const told = (reason: NonNullable<SyncState['problem']>['reason'], message: string) => ({
    reason,
    message,
    since: sinceWhen(tenure, reason),
  })
  if (error instanceof DirectoryError) return told(error.reason, error.message)
  if (error instanceof ListNotBelieved) return told('empty', error.message)
  return told('failed', "Something failed in Latchkey itself: the server's log says what")
}

/** The pass under way has failed: nothing more comes of it, and the next one begins after a pause. */
export async function tellFailure(tenure: Tenure, error: unknown): Promise<void> {
  const { realm, store, figures, log, kept } = tenure
  const problem = problemOf(tenure, error)
  if (problem.reason === 'failed') log.error({ realm, err: error }, 'full pass failed')
  const endedAt = tenure.now()
  const startedAt = kept.state.running?.startedAt ?? endedAt
  const failures = kept.state.failures + 1
  const { seen, missing } = await store.counts(realm, kept.pass)
  const groups = (await store.groups(realm)).filter(({ goneAt }) => goneAt === undefined).length
  await tenure.commit(
    {},
    // Whom it brought has no enforcement in lists yet.
    { warnings: [], ...(kept.changes === 0 ? {} : { fingerprint: '' }) },
    {
      running: undefined,
      last: { result: 'failed', startedAt, endedAt, users: seen + missing, groups, changes: kept.changes },
      problem,
      failures,
      retryAt: endedAt + pauseAfter(failures),
    },
  )
  figures.pass(realm, 'failed')
  log.warn(
    {
      realm,
      pass: kept.pass,
      result: 'failed',
      reason: problem.reason,
      ms: endedAt - startedAt,
      changes: kept.changes,
      failures,
      retryMs: pauseAfter(failures),
    },
    `full pass failed: ${problem.message}`,
  )
}
