import { confirmation } from './confirmation.ts'
import { targetOf } from './target.ts'
import { part, whenOf } from './visit.ts'
import type { Outcome, Visit } from './visit.ts'

/** `GET …/bypass/take-back`: whose code opens nothing any more. */
export async function confirmTakeBack(visit: Visit): Promise<Outcome> {
  const found = await targetOf(visit)
  if (found.act === undefined) return found.elsewhere
  const { own, user } = found.act
  // It was used, or its time ran out.
  if (user.bypass === null) return { to: visit.at(own) }
  const view = confirmation(visit, {
    act: 'bypass',
    subject: user.username,
    detail: whenOf(visit, user.bypass.until).text,
    own,
    below: '/bypass/take-back',
  })
  return { view }
}

/** `POST …/bypass/take-back`. */
export async function takeBypassBack(visit: Visit): Promise<Outcome> {
  const { userId = '' } = visit.params
  await visit.api.ask('takeBypassBack', { path: { userId } })
  return { to: visit.at(`/users/${part(userId)}`, { done: 'bypass-taken-back' }) }
}
