import { allow } from '../api/authorize.ts'
import { editable } from '../api/save-rule.ts'
import { Problem } from '../api/problem.ts'
import type { AdminView } from '../render/admin-view.ts'
import { fieldsOf } from './field-views.ts'
import type { Faults } from './field-views.ts'
import { ruleForm, ruleSpecs, versionOf } from './rule-form.ts'
import { part } from './visit.ts'
import type { Outcome, Visit } from './visit.ts'

/** `GET /rules/{groupId}`: the form for what a group means; what was typed before stands in the query. */
export async function showRule(visit: Visit): Promise<Outcome> {
  const { form, context } = visit
  const { kept } = await ruleAt(visit)
  const typed = form.get('version')
  const specs = ruleSpecs(context.kit().registry)
  const values = typed === null ? ruleForm(specs, kept) : form
  return { view: await ruleView(visit, values, typed ?? versionOf(kept)) }
}

/** Who is left, as lists have it: those whom another rule or an override exempts are in neither number. */
async function progressOf({ api, at }: Visit, group: string) {
  const [left, enrolled] = await Promise.all(
    (['required-not-enrolled', 'enrolled'] as const).map(async (status) => {
      const { body } = await api.ask('listUsers', { query: { status, group, max: '1' } })
      return body.total
    }),
  )
  const [missing, done] = [left ?? 0, enrolled ?? 0]
  const leftUrl = at('/users', { status: 'required-not-enrolled', group })
  const all = missing + done
  return all === 0
    ? {}
    : { progress: { left: missing, enrolled: done, share: Math.floor((done / all) * 100), leftUrl } }
}

/**
 * The group that a page is about, with its rule where it has one.
 * @throws Problem forbidden, kept-in-keycloak or not-found
 */
export async function ruleAt({ caller, policy, params, groups }: Visit) {
  allow('administrator', caller)
  const groupId = params['groupId'] ?? ''
  const kept = editable(policy, { groupId })
  const path = (await groups()).find(({ id }) => id === groupId)?.path
  if (path === undefined && kept === undefined) throw new Problem('not-found', 'there is no such group')
  return { groupId, kept, path: path ?? groupId, own: `/rules/${part(groupId)}` }
}

/** @param faults absent: nothing is wrong */
export async function ruleView(
  visit: Visit,
  form: URLSearchParams,
  version: string,
  faults?: Faults,
): Promise<AdminView> {
  const { at, context } = visit
  const { kept, path, own } = await ruleAt(visit)
  return {
    page: 'rule',
    path,
    ...(kept === undefined ? {} : await progressOf(visit, kept.groupId)),
    exists: kept !== undefined,
    fields: fieldsOf(visit, ruleSpecs(context.kit().registry), form, 'rule', faults),
    action: at(`${own}/save`),
    hidden: [{ name: 'version', value: version }],
    ...(kept === undefined ? {} : { removeUrl: at(`${own}/remove`) }),
    cancelUrl: at('/rules'),
    ...(faults === undefined ? {} : { wrong: true }),
  }
}
