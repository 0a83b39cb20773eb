import type { z } from 'zod'
import type { RealmPolicy } from '../../core/administration/administration.ts'
import { changeProposal, differences, saidBy } from '../../core/administration/changes.ts'
import type { RuleBody } from '../../core/administration/policy-input.ts'
import type { Answer, Call } from './endpoint.ts'
import { present } from './fields.ts'
import { expectedVersion, meets, stale } from './preconditions.ts'
import type { Expected } from './preconditions.ts'
import type { Problem } from './problem.ts'
import { toProposalListed } from './rule-schemas.ts'
import type { proposalAnswer } from './rule-schemas.ts'
import { proposalBody, proposalOf } from './show-proposal.ts'
import { pathOf, pathOfExisting } from './show-rule.ts'
import type { OfGroup } from './show-rule.ts'

/** A change of a rule that is reported on, and not in force. */
export async function saveProposal(
  call: Call<OfGroup, unknown, RuleBody>,
): Promise<Answer<z.input<typeof proposalAnswer>>> {
  const { context, realm, params, policy, by } = call
  const kept = proposalOf(policy, params)
  const expected = expectedVersion(call.request, 'save')
  if (!meets(expected, kept?.version)) throw await proposalOvertaken(call, expected, policy, call.body)
  const path = await pathOfExisting(call)
  const rule = { ...present(call.body), groupId: params.groupId }
  const change = changeProposal({ realm: realm.name, groupId: params.groupId, path }, kept, rule, by)
  const committed = change === undefined ? 'written' : await context.admin.commit(change)
  const now = await context.admin.policy(realm.name)
  const saved = proposalOf(now, params)
  if (committed !== 'written' || saved === undefined) {
    throw await proposalOvertaken(call, expected, now, call.body)
  }
  return { ...(await proposalBody(call, saved, path)), status: kept === undefined ? 201 : 200 }
}

/** `wanted` undefined: the caller wanted the proposal to go. */
export async function proposalOvertaken(
  call: Call<OfGroup>,
  expected: Expected,
  now: RealmPolicy,
  wanted: RuleBody | undefined,
): Promise<Problem> {
  const kept = proposalOf(now, call.params)
  return await stale(call, expected, {
    version: kept?.version,
    current: kept && toProposalListed(kept, await pathOf(call)),
    events: ['proposal.saved', 'proposal.removed'],
    isOf: ({ detail }) => detail['groupId'] === call.params.groupId,
    wanted: Object.keys(differences(kept ? saidBy(kept) : {}, wanted ?? {})),
  })
}
