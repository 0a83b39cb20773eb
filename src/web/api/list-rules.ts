import type { z } from 'zod'
import type { Answer, Call } from './endpoint.ts'
import { toProposalListed, toRuleAnswer } from './rule-schemas.ts'
import type { rulesAnswer } from './rule-schemas.ts'

export async function listRules(call: Call): Promise<Answer<z.input<typeof rulesAnswer>>> {
  const paths = new Map((await call.groups()).map(({ id, path }) => [id, path]))
  const { rules, proposals } = call.policy
  return {
    body: {
      rules: rules.map((rule) => toRuleAnswer(rule, paths.get(rule.groupId))),
      proposals: proposals.map((proposal) => toProposalListed(proposal, paths.get(proposal.groupId))),
    },
  }
}
