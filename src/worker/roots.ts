import type { SeenGroup } from '../core/sync/sync-store.ts'
import type { Tenure } from './tenure.ts'

/** The groups that carry a rule, a proposal or managers, by id: whose members, and their subgroups', are kept. */
export async function rootsOf(
  { realm, admin }: Pick<Tenure, 'realm' | 'admin'>,
  groups: readonly SeenGroup[],
): Promise<string[]> {
  const { rules, proposals } = await admin.policy(realm)
  const carrying = new Set([...rules, ...proposals].map(({ groupId }) => groupId))
  return groups
    .filter(({ goneAt }) => goneAt === undefined)
    .filter(({ id, managers }) => carrying.has(id) || managers.length > 0)
    .map(({ id }) => id)
    .toSorted()
}
