import { withSubgroups } from '../core/administration/authority.ts'
import type { KeptHint, SeenGroup } from '../core/sync/sync-store.ts'
import type { SyncState } from '../core/sync/sync.ts'
import { endPass } from './end-pass.ts'
import { readMembers } from './members.ts'
import { readAhead } from './read-ahead.ts'
import { rootsOf } from './roots.ts'
import { PAGE, slicesOf } from './slices.ts'
import { studyGroups, studyMembers, studyUsers, withWarnings } from './study.ts'
import type { Tenure } from './tenure.ts'

type Running = NonNullable<SyncState['running']>

/** Begins a pass; what asked for it is dealt with by that. */
export async function beginPass(tenure: Tenure, askedBy: KeptHint[]): Promise<void> {
  const { pass: before, state, confirmed } = tenure.kept
  const asking = state.asks?.pass
  const confirms = askedBy.some(({ kind, id }) => kind === 'confirm' && Number(id) === asking)
  const pass = before + 1
  await tenure.commit(
    { done: askedBy },
    { pass, cursor: '', changes: 0, warnings: [], confirmed: confirms ? asking : confirmed },
    { running: { pass, startedAt: tenure.now(), phase: 'groups', done: 0, total: 0 } },
  )
}

/**
 * Goes on with the pass that was begun, from where it is kept.
 * @param between done between two pages, so that what changed just now need not wait for the end
 * @throws DirectoryError where Keycloak fails: nothing was dropped
 * @throws ListNotBelieved where it shows hardly anybody
 */
export async function runPass(tenure: Tenure, between: () => Promise<void>): Promise<void> {
  const phase = () => tenure.kept.state.running?.phase
  if (phase() === 'groups') await passGroups(tenure, between)
  if (phase() === 'users') await passUsers(tenure, between)
  if (phase() === 'members') await passMembers(tenure, between)
  if (phase() === 'gone') await endPass(tenure, between)
}

/** The progress of the pass, changed in this. */
function progress({ kept }: Tenure, change: Partial<Running>): Pick<SyncState, 'running'> {
  const { running } = kept.state
  if (running === undefined) throw new Error('no pass is under way')
  return { running: { ...running, ...change } }
}

async function passGroups(tenure: Tenure, between: () => Promise<void>): Promise<void> {
  const pages = tenure.directory.groups()[Symbol.asyncIterator]()
  let done = 0
  for (;;) {
    const page = await tenure.read(pages.next())
    if (page.done === true) break
    const { step, changes, warnings } = await studyGroups(tenure, page.value)
    done += page.value.length
    await tenure.commit(
      step,
      {
        warnings: withWarnings(tenure.kept.warnings, page.value, warnings),
        changes: tenure.kept.changes + changes,
      },
      progress(tenure, { done, total: done }),
    )
    await between()
  }
  const total = await tenure.read(tenure.directory.count())
  await tenure.commit({}, {}, progress(tenure, { phase: 'users', done: 0, total }))
}

async function passUsers(tenure: Tenure, between: () => Promise<void>): Promise<void> {
  await readAhead(
    tenure,
    { first: tenure.kept.state.running?.done ?? 0 },
    {
      ask: async ({ first }) => await tenure.directory.users(first, PAGE),
      after: ({ first }, page) => (page.length === 0 ? undefined : { first: first + page.length }),
      async write({ first }, page) {
        for await (const { slice, isLast } of slicesOf(page)) {
          const { step, changes } = await studyUsers(tenure, slice)
          const done = isLast ? progress(tenure, { done: first + page.length }) : {}
          await tenure.commit(step, { changes: tenure.kept.changes + changes }, done)
        }
      },
    },
    between,
  )
  const groups = await tenure.store.groups(tenure.realm)
  const roots = await rootsOf(tenure, groups)
  const total = withSubgroups(groups, roots).size
  await tenure.commit({}, { roots, cursor: '' }, progress(tenure, { phase: 'members', done: 0, total }))
}

async function passMembers(tenure: Tenure, between: () => Promise<void>): Promise<void> {
  const { cursor, roots } = tenure.kept
  const groups = await tenure.store.groups(tenure.realm)
  await readMembers(
    tenure,
    trackedIn(tenure, groups, roots).filter((id) => id > cursor),
    async ({ groupId, members, isLast }) => {
      const { step, changes } = await studyMembers(tenure, groupId, members)
      const kept = { changes: tenure.kept.changes + changes }
      const done = (tenure.kept.state.running?.done ?? 0) + 1
      if (isLast) await tenure.commit(step, { ...kept, cursor: groupId }, progress(tenure, { done }))
      else await tenure.commit(step, kept)
    },
    between,
  )
  await tenure.commit({}, {}, progress(tenure, { phase: 'gone', done: 0, total: 0 }))
}

/** The groups whose members this pass reads, in an order that another worker would read them in, too. */
function trackedIn({ kept }: Tenure, groups: SeenGroup[], roots: string[]): string[] {
  const seen = new Set(groups.filter(({ pass }) => pass === kept.pass).map(({ id }) => id))
  return [...withSubgroups(groups, roots)].filter((id) => seen.has(id)).toSorted()
}
