import type { z } from 'zod'
import type { Proposal, RealmPolicy } from '../../core/administration/administration.ts'
import type { Answer, Call } from './endpoint.ts'
import { isoOrNull } from './fields.ts'
import { Problem } from './problem.ts'
import { toProposalListed } from './rule-schemas.ts'
import type { proposalAnswer } from './rule-schemas.ts'
import { pathOf } from './show-rule.ts'
import type { OfGroup } from './show-rule.ts'

/** Entries that are looked through for when a proposal was saved. */
const LOOK_BACK = 100

export async function showProposal(call: Call<OfGroup>): Promise<Answer<z.input<typeof proposalAnswer>>> {
  const kept = proposalOf(call.policy, call.params)
  if (kept === undefined) throw new Problem('not-found', 'this group has no proposal')
  return await proposalBody(call, kept, await pathOf(call))
}

export function proposalOf({ proposals }: RealmPolicy, { groupId }: OfGroup) {
  return proposals.find((proposal) => proposal.groupId === groupId)
}

/** A proposal with what it would have decided otherwise, since it became what it is. */
export async function proposalBody(
  { context, realm }: Call<OfGroup>,
  kept: Proposal,
  path: string | undefined,
): Promise<Answer<z.input<typeof proposalAnswer>>> {
  const { entries } = await context.audit.list(realm.name, { event: 'proposal.saved' }, { max: LOOK_BACK })
  const since = entries.find(({ detail }) => detail['groupId'] === kept.groupId)?.at
  const otherwise = await context.admin.proposalFigures(realm.name, kept.groupId, since ?? 0)
  return {
    body: { ...toProposalListed(kept, path), since: isoOrNull(since), otherwise },
    version: kept.version,
  }
}
