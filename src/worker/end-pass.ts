import { withSubgroups } from '../core/administration/authority.ts'
import type { SeenGroup } from '../core/sync/sync-store.ts'
import type { SyncState } from '../core/sync/sync.ts'
import { judge } from './drops.ts'
import { dropMissing } from './gone.ts'
import { dropMissingGroups } from './gone-groups.ts'
import type { Tenure } from './tenure.ts'

/** The list of users can't be right. */
export class ListNotBelieved extends Error {}

/**
 * Decides what the pass did not see any more, and ends it.
 * @throws ListNotBelieved
 */
export async function endPass(tenure: Tenure, between: () => Promise<void>): Promise<void> {
  const { realm, store, directory, read, kept } = tenure
  const counted = await read(directory.count())
  const { seen, missing } = await store.counts(realm, kept.pass)
  const verdict = judge({ seen, missing, counted })
  if (verdict === 'contradicted') throw await whyContradicted(tenure, seen, missing, counted)

  // Before anybody is looked for: whom the list left out, the lists of members may have, too.
  if (verdict === 'believed') await sweep(tenure)
  // So many are not looked for one by one before a person has said that they went.
  const tooMany = verdict === 'shrunken' && kept.confirmed === undefined
  const users = tooMany ? missing : await dropMissing(tenure, between)
  const rules = (await dropMissingGroups(tenure)).map(({ id: groupId, path }) => ({ groupId, path }))

  const problem: SyncState['problem'] =
    tooMany || (verdict === 'shrunken' && users > 0)
      ? {
          reason: 'empty',
          message: `Keycloak lists ${seen} users of ${seen + missing} who were known: nobody is dropped unless it is confirmed`,
          since: sinceWhen(tenure, 'empty'),
        }
      : undefined
  await end(tenure, users > 0 || rules.length > 0 ? { users, rules } : undefined, problem)
}

/** Since when the problem of this reason is there, epoch milliseconds. */
export function sinceWhen(
  { kept, now }: Tenure,
  reason: NonNullable<SyncState['problem']>['reason'],
): number {
  const { problem } = kept.state
  return problem?.reason === reason ? problem.since : now()
}

async function whyContradicted(
  { realm, store, directory, read }: Tenure,
  seen: number,
  missing: number,
  counted: number,
): Promise<ListNotBelieved> {
  // Where the role is lost, this says so by itself.
  const [known] = await store.witnesses(realm, undefined, 1)
  if (known !== undefined) await read(directory.user(known))
  return new ListNotBelieved(
    `Keycloak lists ${seen} users, counts ${counted}, and ${missing} of those known are not among them: nothing was dropped. Has the service account all of view-users (run latchkey setup), and does every user federation answer?`,
  )
}

async function end(
  tenure: Tenure,
  asking: Omit<NonNullable<SyncState['asks']>, 'pass'> | undefined,
  problem: SyncState['problem'],
): Promise<void> {
  const { realm, store, log, figures, kept } = tenure
  const { running, asks: before } = kept.state
  const endedAt = tenure.now()
  const startedAt = running?.startedAt ?? endedAt
  const result = asking === undefined ? 'done' : 'stopped'
  const { seen, missing } = await store.counts(realm, kept.pass)
  const groups = (await store.groups(realm)).filter(({ goneAt }) => goneAt === undefined).length
  const { changes } = tenure.kept
  const last = { result, startedAt, endedAt, users: seen + missing, groups, changes } as const
  await tenure.commit(
    {},
    {
      confirmed: undefined,
      warnings: [],
      // Whatever came of it, lists are made anew.
      fingerprint: '',
      ...(result === 'done' ? { dropped: 0 } : {}),
    },
    {
      running: undefined,
      last,
      problem,
      failures: 0,
      retryAt: undefined,
      // A question that stands keeps its number, so that whoever reads it can still answer.
      asks: asking && { pass: isSame(asking, before) ? before.pass : kept.pass, ...asking },
      warnings: kept.warnings,
      ...(result === 'done' ? { completedAt: endedAt } : {}),
    },
  )
  figures.pass(realm, result)
  const { users: asked = 0, rules = [] } = asking ?? {}
  log.info(
    {
      realm,
      pass: kept.pass,
      result,
      ms: endedAt - startedAt,
      users: last.users,
      groups,
      changes,
      ...(asking === undefined ? {} : { askedUsers: asked, askedRules: rules.map(({ path }) => path) }),
    },
    'full pass ended',
  )
}

function isSame(
  asking: Omit<NonNullable<SyncState['asks']>, 'pass'>,
  before: SyncState['asks'],
): before is NonNullable<SyncState['asks']> {
  const ids = (rules: { groupId: string }[]) =>
    rules
      .map(({ groupId }) => groupId)
      .toSorted()
      .join(' ')
  return before !== undefined && before.users === asking.users && ids(before.rules) === ids(asking.rules)
}

/** Forgets memberships that the pass did not see, and those of groups that carry nothing any more. */
async function sweep(tenure: Tenure): Promise<void> {
  const { realm, store, kept } = tenure
  const groups = await store.groups(realm)
  const tracked = withSubgroups(groups, kept.roots)
  const here = new Map(groups.filter(({ goneAt }) => goneAt === undefined).map((group) => [group.id, group]))
  const withMembers = await store.membershipGroups(realm)
  await tenure.commit({
    memberships: {
      sweep: [...tracked].filter((id) => wasRead(here.get(id), kept.pass)),
      drop: withMembers.filter((id) => here.has(id) && !tracked.has(id)),
    },
  })
}

function wasRead(group: SeenGroup | undefined, pass: number): boolean {
  return group?.pass === pass
}
