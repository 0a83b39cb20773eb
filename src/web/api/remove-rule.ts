import { removeRule as removalOf } from '../../core/administration/changes.ts'
import type { Answer, Call } from './endpoint.ts'
import { expectedVersion, meets } from './preconditions.ts'
import { Problem } from './problem.ts'
import { editable, ruleOvertaken } from './save-rule.ts'
import { pathOf } from './show-rule.ts'
import type { OfGroup } from './show-rule.ts'

export async function removeRule(call: Call<OfGroup>): Promise<Answer<undefined>> {
  const { context, realm, params, policy, by } = call
  const kept = editable(policy, params)
  if (kept === undefined) throw new Problem('not-found', 'this group has no rule')
  const expected = expectedVersion(call.request, 'change')
  if (!meets(expected, kept.version)) throw await ruleOvertaken(call, expected, policy, undefined)
  const target = { realm: realm.name, groupId: params.groupId, path: await pathOf(call) }
  if ((await context.admin.commit(removalOf(target, kept, by))) !== 'written') {
    throw await ruleOvertaken(call, expected, await context.admin.policy(realm.name), undefined)
  }
  return { body: undefined }
}
