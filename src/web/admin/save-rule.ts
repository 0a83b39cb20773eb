import type { AdminView } from '../render/admin-view.ts'
import { saidBy } from '../../core/administration/changes.ts'
import type { KeptRule } from '../../core/administration/administration.ts'
import { changedFrom } from '../api/preconditions.ts'
import { faultsOf } from './faults.ts'
import { labelOf } from './field-views.ts'
import type { Spec } from './fields.ts'
import { inWords } from './in-words.ts'
import { changedSince, compare, conflictFields, isSame, versionIn } from './overtaken.ts'
import { NO_VERSION, ruleBody, ruleSpecs, versionOf } from './rule-form.ts'
import { ruleAt, ruleView } from './show-rule.ts'
import { asQuery, hiddenOf } from './visit.ts'
import type { Outcome, Visit } from './visit.ts'
import { tryOut } from './what-if.ts'

/** `GET /rules/{groupId}/save?…`: what a rule would do, before it is saved. */
export async function previewRule(visit: Visit): Promise<Outcome> {
  const found = await ruleAt(visit)
  const { groupId, kept, path, own } = found
  const { form, at, context } = visit
  // An address without its form, as after a change of the language.
  if (!form.has('version')) return { to: at(own) }
  const specs = ruleSpecs(context.kit().registry)
  const body = ruleBody(specs, form)
  const wrong = await wrongOrOvertaken(visit, specs, body, found)
  if (wrong !== undefined) return wrong
  const changes = differences(visit, specs, kept, body)
  if (changes.length === 0) return { to: at('/rules', { done: 'unchanged' }) }
  const view: AdminView = {
    page: 'preview',
    about: 'rule',
    subject: path,
    changes,
    whatIf: await tryOut(visit, { rules: { save: [{ ...body, groupId }] } }),
    action: at(`${own}/save`),
    hidden: hiddenOf(form),
    backUrl: `${at(own)}?${asQuery(hiddenOf(form))}`,
    cancelUrl: at('/rules'),
  }
  return { view }
}

/** `POST /rules/{groupId}/save`. */
export async function saveRule(visit: Visit): Promise<Outcome> {
  const found = await ruleAt(visit)
  const { form, at, api, context } = visit
  const specs = ruleSpecs(context.kit().registry)
  const body = ruleBody(specs, form)
  const wrong = await wrongOrOvertaken(visit, specs, body, found)
  if (wrong !== undefined) return wrong
  const overtaken = await changedSince(() =>
    api.ask('saveRule', {
      path: { groupId: found.groupId },
      body,
      version: found.kept?.version ?? 'none',
    }),
  )
  if (overtaken === undefined) return { to: at('/rules', { done: 'rule-saved' }) }
  return { to: `${at(`${found.own}/save`)}?${asQuery(hiddenOf(form))}` }
}

/** The form with what is wrong in it, or the page that shows both values where somebody else was faster. */
async function wrongOrOvertaken(
  visit: Visit,
  specs: readonly Spec[],
  body: Record<string, unknown>,
  { groupId, kept, path, own }: Awaited<ReturnType<typeof ruleAt>>,
): Promise<Outcome | undefined> {
  const { form, api, at } = visit
  const version = form.get('version') ?? NO_VERSION
  const faults = await faultsOf(visit, specs, () => api.read('saveRule', body))
  if (faults !== undefined) {
    return { status: 400, view: await ruleView(visit, form, version, faults) }
  }
  const now = versionOf(kept)
  if (version === now || form.get('seen') === now) return undefined
  const old = versionIn(version)
  if (old === undefined && version !== NO_VERSION) return { to: at(own) }
  const isOf = ({ detail }: { detail: Record<string, unknown> }) => detail['groupId'] === groupId
  const changed = old === undefined ? [] : await changedFrom(visit, old, ['rule.saved', 'rule.removed'], isOf)
  const mine = new Map(specs.map(({ name }) => [name, body[name]]))
  const compared = compare(changed, mine)
  const view: AdminView = {
    page: 'conflict',
    subject: path,
    ...(await conflictFields(visit, specs, 'rule', compared, mine)),
    whole: true,
    action: at(`${own}/save`),
    hidden: [...hiddenOf(form, ['seen']), { name: 'seen', value: now }],
    cancelUrl: at(kept === undefined ? '/rules' : own),
  }
  return { status: 409, view }
}

function differences(
  visit: Visit,
  specs: readonly Spec[],
  kept: KeptRule | undefined,
  body: Record<string, unknown>,
) {
  const before: Record<string, unknown> = kept === undefined ? {} : { ...saidBy(kept) }
  return specs
    .filter(({ name }) => !isSame(before[name], body[name]))
    .map((spec) => ({
      label: labelOf(visit, 'rule', spec.name),
      from: inWords(visit, spec, before[spec.name]),
      to: inWords(visit, spec, body[spec.name]),
    }))
}
