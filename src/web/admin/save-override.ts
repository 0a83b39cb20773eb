import type { AdminView } from '../render/admin-view.ts'
import { targetOf } from './target.ts'
import { hiddenOf, part } from './visit.ts'
import type { Outcome, Visit } from './visit.ts'
import { tryOut } from './what-if.ts'

/** `GET …/override?enforcement=&reason=`: what an enforcement of the user's own would come to. */
export async function previewOverride(visit: Visit): Promise<Outcome> {
  const found = await targetOf(visit)
  if (found.act === undefined) return found.elsewhere
  const { own, user } = found.act
  const { form, api, say, term } = visit
  const wanted = form.get('enforcement')
  if (wanted === null) return { to: visit.at(own) }
  const next = wanted === 'default' ? null : wanted
  if (next === user.override) return { to: visit.at(own, { done: 'unchanged' }) }
  if (next !== null) api.read('saveOverride', bodyOf(form))
  const named = (enforcement: string | null) =>
    enforcement === null
      ? say('user.backToDefault', term('enforcement', user.default.enforcement))
      : term('enforcement', enforcement)
  const reason = form.get('reason')?.trim() ?? ''
  const view: AdminView = {
    page: 'preview',
    about: 'override',
    subject: user.username,
    changes: [
      { label: say('preview.enforcement'), from: named(user.override), to: named(next) },
      ...(reason === '' || next === null ? [] : [{ label: say('preview.reason'), from: '', to: reason }]),
    ],
    whatIf: await tryOut(visit, {
      overrides: [{ userId: visit.params['userId'] ?? '', enforcement: next }],
    }),
    action: visit.at(`${own}/override`),
    hidden: hiddenOf(form),
    backUrl: visit.at(own),
    cancelUrl: visit.at(own),
  }
  return { view }
}

/** `POST …/override`. */
export async function saveOverride({ api, form, params, at }: Visit): Promise<Outcome> {
  const { userId = '' } = params
  const own = `/users/${part(userId)}`
  if (form.get('enforcement') === 'default') {
    await api.ask('removeOverride', { path: { userId } })
    return { to: at(own, { done: 'override-removed' }) }
  }
  await api.ask('saveOverride', { path: { userId }, body: bodyOf(form) })
  return { to: at(own, { done: 'override-saved' }) }
}

function bodyOf(form: URLSearchParams) {
  const reason = form.get('reason')?.trim() ?? ''
  return { enforcement: form.get('enforcement'), ...(reason === '' ? {} : { reason }) }
}
