import type { z } from 'zod'
import type { RealmPolicy } from '../../core/administration/administration.ts'
import { changeRule, differences, saidBy } from '../../core/administration/changes.ts'
import type { RuleBody } from '../../core/administration/policy-input.ts'
import type { Answer, Call } from './endpoint.ts'
import { present } from './fields.ts'
import { expectedVersion, meets, stale } from './preconditions.ts'
import type { Expected } from './preconditions.ts'
import { Problem } from './problem.ts'
import { toRuleAnswer } from './rule-schemas.ts'
import type { ruleAnswer } from './rule-schemas.ts'
import { pathOf, pathOfExisting, ruleOf } from './show-rule.ts'
import type { OfGroup } from './show-rule.ts'

export async function saveRule(
  call: Call<OfGroup, unknown, RuleBody>,
): Promise<Answer<z.input<typeof ruleAnswer>>> {
  const { context, realm, params, policy, by } = call
  const kept = editable(policy, params)
  const expected = expectedVersion(call.request, 'save')
  if (!meets(expected, kept?.version)) throw await ruleOvertaken(call, expected, policy, call.body)
  const path = await pathOfExisting(call)
  const rule = { ...present(call.body), groupId: params.groupId }
  const change = changeRule({ realm: realm.name, groupId: params.groupId, path }, kept, rule, by)
  const committed = change === undefined ? 'written' : await context.admin.commit(change)
  const now = await context.admin.policy(realm.name)
  const saved = ruleOf(now, params)
  if (committed !== 'written' || saved === undefined) {
    throw await ruleOvertaken(call, expected, now, call.body)
  }
  return {
    status: kept === undefined ? 201 : 200,
    body: toRuleAnswer(saved, path),
    version: saved.version,
  }
}

/** The group's rule, where it has one. @throws Problem kept-in-keycloak */
export function editable(policy: RealmPolicy, params: OfGroup) {
  const kept = ruleOf(policy, params)
  if (kept?.origin !== 'attribute') return kept
  throw new Problem(
    'kept-in-keycloak',
    "this rule comes from the group's attributes in Keycloak (tfa.…): edit it there, or remove them there first",
  )
}

/** `wanted` undefined: the caller wanted the rule to go. */
export async function ruleOvertaken(
  call: Call<OfGroup>,
  expected: Expected,
  now: RealmPolicy,
  wanted: RuleBody | undefined,
): Promise<Problem> {
  const kept = ruleOf(now, call.params)
  return await stale(call, expected, {
    version: kept?.version,
    current: kept && toRuleAnswer(kept, await pathOf(call)),
    events: ['rule.saved', 'rule.removed'],
    isOf: ({ detail }) => detail['groupId'] === call.params.groupId,
    wanted: Object.keys(differences(kept ? saidBy(kept) : {}, wanted ?? {})),
  })
}
