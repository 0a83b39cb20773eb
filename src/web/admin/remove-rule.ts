import type { AdminView } from '../render/admin-view.ts'
import { changedSince } from './overtaken.ts'
import { ruleAt } from './show-rule.ts'
import type { Outcome, Visit } from './visit.ts'
import { tryOut } from './what-if.ts'

/** `GET /rules/{groupId}/remove`: what would count without the rule. */
export async function previewRemoval(visit: Visit): Promise<Outcome> {
  const { groupId, kept, path, own } = await ruleAt(visit)
  const { at, say, term } = visit
  // Somebody was faster.
  if (kept === undefined) return { to: at('/rules') }
  const view: AdminView = {
    page: 'preview',
    about: 'rule-removal',
    subject: path,
    changes: [
      { label: say('preview.enforcement'), from: term('enforcement', kept.enforcement), to: say('nothing') },
    ],
    whatIf: await tryOut(visit, { rules: { remove: [groupId] } }),
    action: at(`${own}/remove`),
    hidden: [{ name: 'version', value: String(kept.version) }],
    backUrl: at(own),
    cancelUrl: at('/rules'),
  }
  return { view }
}

/** `POST /rules/{groupId}/remove`; a rule that somebody changed in between is shown again first. */
export async function removeRule(visit: Visit): Promise<Outcome> {
  const { groupId, own } = await ruleAt(visit)
  const { at, api, form } = visit
  const version = Number(form.get('version') ?? '')
  const overtaken = await changedSince(() => api.ask('removeRule', { path: { groupId }, version }))
  return { to: overtaken === undefined ? at('/rules', { done: 'rule-removed' }) : at(`${own}/remove`) }
}
