import { withSubgroups } from '../core/administration/authority.ts'
import { rootsOf } from './roots.ts'
import { fingerprintOf, refreshAll } from './standings.ts'
import type { Tenure } from './tenure.ts'

/**
 * Follows a change of settings, rules, proposals or managers: members of what newly carries something are to be read,
 * others forgotten, and lists made anew. Whether there was anything to do.
 */
export async function followPolicy(tenure: Tenure): Promise<boolean> {
  const { realm, store, admin, kept } = tenure
  const policy = await admin.policy(realm)
  const fingerprint = fingerprintOf(policy)
  if (fingerprint === kept.fingerprint) return false
  const groups = await store.groups(realm)
  const roots = await rootsOf(tenure, groups)
  if (roots.join(' ') !== kept.roots.join(' ')) {
    const [before, now] = [withSubgroups(groups, kept.roots), withSubgroups(groups, roots)]
    const here = new Set(groups.filter(({ goneAt }) => goneAt === undefined).map(({ id }) => id))
    const filled = await store.membershipGroups(realm)
    await tenure.commit(
      {
        more: [...now].filter((id) => !before.has(id)).map((id) => ({ kind: 'members', id })),
        memberships: { drop: filled.filter((id) => here.has(id) && !now.has(id)) },
      },
      { roots },
    )
    return true
  }
  await refreshAll(tenure, policy)
  await tenure.commit({}, { fingerprint })
  return true
}
