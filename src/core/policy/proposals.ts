import { decide } from './policy.ts'
import type { Decision, PolicyInput, Rule } from './policy.ts'

/** The rules as they would be with these proposals in force: each takes the place of its group's rule, or joins them. */
export function withProposals(rules: readonly Rule[], proposals: readonly Rule[]): Rule[] {
  const proposed = new Set(proposals.map(({ groupId }) => groupId))
  return [...rules.filter(({ groupId }) => !proposed.has(groupId)), ...proposals]
}

/**
 * What the proposals for the user's groups would have decided otherwise, as the detail of an entry `decision.proposed`;
 * undefined where they would not have. It names those that would have by themselves, or all of them where only their
 * sum would. Pure; what is in force stays as it is.
 */
export function proposedOtherwise(
  inForce: Decision,
  input: PolicyInput,
  proposals: readonly Rule[],
): Record<string, unknown> | undefined {
  const groups = new Set(input.claims.groups.map(({ id }) => id))
  const touching = proposals.filter(({ groupId }) => groups.has(groupId))
  if (touching.length === 0) return undefined
  const decidedWith = (some: readonly Rule[]) => decide({ ...input, rules: withProposals(input.rules, some) })
  const proposed = decidedWith(touching)
  if (comesToTheSame(proposed, inForce)) return undefined
  const alone = touching.filter((one) => !comesToTheSame(decidedWith([one]), inForce))
  return {
    because: proposed.because,
    enforcement: proposed.enforcement,
    do: proposed.action.do,
    insteadOf: { enforcement: inForce.enforcement, do: inForce.action.do },
    proposals: (alone.length > 0 ? alone : touching).map(({ groupId }) => ({ groupId })),
  }
}

function comesToTheSame(a: Decision, b: Decision): boolean {
  return a.enforcement === b.enforcement && a.action.do === b.action.do && setsUp(a) === setsUp(b)
}

/** Whether a challenge leads to a replacement. */
function setsUp({ action }: Decision): boolean {
  return action.do === 'challenge' && action.then === 'enrol'
}
