import { setImmediate } from 'node:timers/promises'
import type { RealmPolicy, UserRecord } from '../core/administration/administration.ts'
import { canonical } from '../core/administration/changes.ts'
import type { Enforcement } from '../core/settings.ts'
import { standingOf } from '../core/policy/standing.ts'
import type { Step, Tenure } from './tenure.ts'

/** Says whether two policies would come to the same for everybody. */
export function fingerprintOf({ version, rules, proposals }: RealmPolicy): string {
  const versions = (list: { groupId: string; version: number }[]) =>
    list.map(({ groupId, version: one }) => `${groupId} ${one}`)
  return canonical([version, versions(rules), versions(proposals)])
}

/** Brings what lists show of everybody's enforcement up to date. */
export async function refreshAll(tenure: Tenure, policy: RealmPolicy): Promise<void> {
  for await (const page of tenure.admin.everybody(tenure.realm)) {
    await tenure.commit({ standings: standingsOf(tenure, page, policy) })
    await setImmediate()
  }
}

/** The same, for some users. */
export async function refreshSome(tenure: Tenure, userIds: Iterable<string>): Promise<void> {
  const records: UserRecord[] = []
  for (const id of userIds) {
    const record = await tenure.admin.user(tenure.realm, id)
    if (record !== undefined) records.push(record)
  }
  if (records.length === 0) return
  const policy = await tenure.admin.policy(tenure.realm)
  await tenure.commit({ standings: standingsOf(tenure, records, policy) })
}

function standingsOf(
  tenure: Tenure,
  records: UserRecord[],
  policy: RealmPolicy,
): NonNullable<Step['standings']> {
  const { registry, unavailable } = tenure
  const found = Map.groupBy(
    records,
    (record): Enforcement =>
      standingOf(record, policy, { registry, unavailable, now: tenure.now() }).enforcement,
  )
  return [...found].map(([enforcement, people]) => ({
    enforcement,
    userIds: people.map(({ user }) => user.id),
  }))
}
