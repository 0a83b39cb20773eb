import type { EnforcementName, RuleRow } from '../render/admin-parts.ts'
import type { AdminView } from '../render/admin-view.ts'
import { doneOf, part, untilOf } from './visit.ts'
import type { Outcome, Visit } from './visit.ts'

const STRICTNESS: Record<EnforcementName, number> = { required: 2, optional: 1, disabled: 0 }

/** `GET /rules`: what groups mean, in the order in which it wins, and what counts where nothing does. */
export async function showRules(visit: Visit): Promise<Outcome> {
  const { api, at, caller, policy } = visit
  const { body } = await api.ask('listRules')
  const isAdministrator = caller.roles.has('tfa-admin')
  const proposed = new Set(body.proposals.map(({ groupId }) => groupId))
  const rows = body.rules.map((rule): RuleRow => {
    const { groupId, path, enforcement, methods = [], priority, grace, origin } = rule
    return {
      ...(isAdministrator && origin === 'administrator' ? { editUrl: at(`/rules/${part(groupId)}`) } : {}),
      path: path ?? groupId,
      enforcement,
      methods,
      priority,
      ...(grace === undefined
        ? {}
        : { grace: 'days' in grace ? grace : { until: untilOf(visit, grace.until) } }),
      origin,
      proposed: proposed.has(groupId),
    }
  })
  const view: AdminView = {
    page: 'rules',
    ...doneOf(visit),
    rules: rows.toSorted(winsBefore),
    byDefault: policy.settings.enforcement,
    ...(isAdministrator ? { addUrl: at('/rules/new') } : {}),
    proposals: body.proposals.map(({ groupId, path, sentence }) => ({ path: path ?? groupId, sentence })),
  }
  return { view }
}

/** As `winners` in the core has it: priority, then the deeper group, then the strictest. */
function winsBefore(a: RuleRow, b: RuleRow): number {
  const depth = ({ path }: RuleRow) => path.split('/').length
  return (
    b.priority - a.priority ||
    depth(b) - depth(a) ||
    STRICTNESS[b.enforcement] - STRICTNESS[a.enforcement] ||
    a.path.localeCompare(b.path)
  )
}
