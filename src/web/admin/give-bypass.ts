import { Problem } from '../api/problem.ts'
import type { AdminView } from '../render/admin-view.ts'
import { targetOf } from './target.ts'
import { whenOf } from './visit.ts'
import type { Outcome, Visit } from './visit.ts'

/** `GET …/bypass`: what a one-time code does, and the form for its reason. */
export async function askForReason(visit: Visit): Promise<Outcome> {
  const found = await targetOf(visit)
  return found.act === undefined ? found.elsewhere : { view: viewOf(visit, found.act) }
}

/**
 * `POST …/bypass`: the code, on the page that is the answer. It is kept nowhere, so that no other address could show it:
 * a reload gives another in its place.
 */
export async function giveBypass(visit: Visit): Promise<Outcome> {
  const found = await targetOf(visit)
  if (found.act === undefined) return found.elsewhere
  const { own, user } = found.act
  const { api, form, params } = visit
  const { userId = '' } = params
  try {
    const reason = form.get('reason') ?? ''
    const { body } = await api.ask('giveBypass', { path: { userId }, body: { reason } })
    const until = whenOf(visit, body.until)
    const { username } = user
    return { view: { page: 'bypass-given', username, code: body.code, until, backUrl: visit.at(own) } }
  } catch (error) {
    if (!(error instanceof Problem) || error.code !== 'bad-request') throw error
    return { status: 400, view: { ...viewOf(visit, found.act), wrong: true } }
  }
}

type Target = NonNullable<Awaited<ReturnType<typeof targetOf>>['act']>

function viewOf(visit: Visit, { own, user }: Target): Extract<AdminView, { page: 'bypass' }> {
  return {
    page: 'bypass',
    username: user.username,
    reason: visit.form.get('reason') ?? '',
    replaces: user.bypass !== null,
    action: visit.at(`${own}/bypass`),
    cancelUrl: visit.at(own),
  }
}
