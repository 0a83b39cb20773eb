import type { AuditEntry, AuditEvent } from '../audit/audit.ts'
import { isNeeded } from '../policy/policy.ts'
import type { Decision, PolicyInput } from '../policy/policy.ts'
import { attributeNumber, numberLookup } from '../number.ts'
import type { Background, Change } from '../ports.ts'
import { proposedOtherwise } from '../policy/proposals.ts'
import type { Push } from './question.ts'
import type { Kit } from './step.ts'

/** What is to be kept of a push, whatever it comes to: part of its change. */
export function learned(
  push: Push,
  { gone, toldRoles, toldLookup }: Background,
  { graceStarts }: Decision,
  kit: Kit,
): Omit<Change, 'realm' | 'userId'> {
  const { account, claims, address } = push
  const roles = rolesToTell(claims)
  const number = attributeNumber(account.phone)
  const lookup = number === undefined ? undefined : numberLookup(account.realm, number, kit)
  const news = (roles !== undefined && !sameRoles(roles, toldRoles)) || lookup !== toldLookup
  return {
    ...(graceStarts === undefined ? {} : { graceStarted: graceStarts }),
    ...(news ? { told: { username: account.username, roles, lookup } } : {}),
    ...(address === undefined ? {} : { address }),
    ...(gone ? { returned: true, audit: [entryOn(push, 'user.returned', {}, kit)] } : {}),
  }
}

/** As `UserRecord.roles` has them; undefined where Keycloak did not say who administers. */
function rolesToTell({ roles, administers }: Push['claims']): string[] | undefined {
  if (administers === undefined) return undefined
  const own = roles.filter((role) => role.startsWith('tfa-'))
  return [...new Set([...own, ...(administers ? ['administers'] : [])])].toSorted()
}

/** `roles` are sorted. */
function sameRoles(roles: readonly string[], known: readonly string[] | undefined): boolean {
  return JSON.stringify(roles) === JSON.stringify(known?.toSorted())
}

/** What the audit is told of a decision; `step` is the transaction's id, where one begins. */
export function decisionEntries(
  push: Push,
  { proposals }: Background,
  { input, decision }: { input: PolicyInput; decision: Decision },
  kit: Kit,
  step?: string,
): AuditEntry[] {
  const { because, enforcement, action } = decision
  const event = isNeeded(decision) ? 'decision.needed' : 'decision.not-needed'
  const proposed = proposedOtherwise(decision, input, proposals)
  const why = action.do === 'blocked' ? { reason: action.reason } : {}
  const transaction = step === undefined ? {} : { transaction: step }
  return [
    entryOn(push, event, { because, enforcement, do: action.do, ...why, ...transaction }, kit),
    ...(proposed === undefined
      ? []
      : [entryOn(push, 'decision.proposed', { ...proposed, ...transaction }, kit)]),
  ]
}

function entryOn(
  { account }: Push,
  event: AuditEvent,
  detail: Record<string, unknown>,
  { now }: Kit,
): AuditEntry {
  return { event, realm: account.realm, userId: account.userId, at: now, detail }
}
