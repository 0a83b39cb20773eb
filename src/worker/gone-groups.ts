import type { KeptRule } from '../core/administration/administration.ts'
import type { SeenGroup } from '../core/sync/sync-store.ts'
import { removal } from './plan.ts'
import { studyGroups } from './study.ts'
import type { Tenure } from './tenure.ts'
import { otherGroupsRead } from './witness.ts'

/** A group that Keycloak has no more, with the rule that would go with it. */
export interface GoneGroup {
  group: SeenGroup
  rule: KeptRule | undefined
}

/** Of these groups, those that Keycloak has no more while others still read. What it has is written. */
export async function lookForGroups(tenure: Tenure, groups: SeenGroup[]): Promise<GoneGroup[]> {
  const gone: SeenGroup[] = []
  for (const group of groups) {
    const now = await tenure.read(tenure.directory.group(group.id))
    if (now === undefined) gone.push(group)
    else {
      const { step, changes } = await studyGroups(tenure, [now])
      await tenure.commit(step, { changes: tenure.kept.changes + changes })
    }
  }
  if (gone.length === 0 || !(await otherGroupsRead(tenure, new Set(gone.map(({ id }) => id))))) return []
  const { rules } = await tenure.admin.policy(tenure.realm)
  return gone.map((group) => ({ group, rule: rules.find(({ groupId }) => groupId === group.id) }))
}

/** The group is gone, and its rule with it. */
export async function dropGroup(tenure: Tenure, { group, rule }: GoneGroup): Promise<void> {
  const { realm } = tenure
  const removed =
    rule === undefined
      ? {}
      : {
          removeRules: [{ groupId: group.id, version: rule.version }],
          audit: [removal(group, rule, { realm, now: tenure.now() }, 'group-gone')],
        }
  await tenure.commit({ groups: { gone: [group.id] }, ...removed }, { changes: tenure.kept.changes + 1 })
}

/**
 * Looks for every group that the pass did not see, and drops those that Keycloak has no more. Gives those that wait to
 * be confirmed: with each of them a Required rule would go.
 */
export async function dropMissingGroups(tenure: Tenure): Promise<SeenGroup[]> {
  const { pass, confirmed } = tenure.kept
  const missing = (await tenure.store.groups(tenure.realm)).filter(
    (group) => group.goneAt === undefined && group.pass < pass,
  )
  const asked: SeenGroup[] = []
  for (const one of await lookForGroups(tenure, missing)) {
    const isWanted = confirmed !== undefined && one.group.pass < confirmed
    if (one.rule?.enforcement === 'required' && !isWanted) asked.push(one.group)
    else await dropGroup(tenure, one)
  }
  return asked
}
