import { allow } from '../api/authorize.ts'
import type { AdminView } from '../render/admin-view.ts'
import { filled, part } from './visit.ts'
import type { Outcome, Visit } from './visit.ts'

/** Groups that are offered at once; more are found by their names. */
const OFFERED = 50

/** `GET /rules/new?search=`: which group a new rule is for. */
export async function chooseGroup({ api, at, caller, form }: Visit): Promise<Outcome> {
  allow('administrator', caller)
  const query = filled(form, ['search'])
  const { body } = await api.ask('listGroups', { query: { ...query, max: String(OFFERED) } })
  const view: AdminView = {
    page: 'rule-group',
    search: query['search'] ?? '',
    groups: body.groups.map(({ id, path, hasRule }) => ({ path, hasRule, href: at(`/rules/${part(id)}`) })),
    total: body.total,
    cancelUrl: at('/rules'),
  }
  return { view }
}
