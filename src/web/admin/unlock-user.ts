import { confirmation } from './confirmation.ts'
import { targetOf } from './target.ts'
import { part, whenOf } from './visit.ts'
import type { Outcome, Visit } from './visit.ts'

/** `GET …/unlock`: until when the user is locked. */
export async function confirmUnlock(visit: Visit): Promise<Outcome> {
  const found = await targetOf(visit)
  if (found.act === undefined) return found.elsewhere
  const { own, user } = found.act
  // Somebody was faster, or the time ran out.
  if (user.lockedUntil === null) return { to: visit.at(own) }
  const view = confirmation(visit, {
    act: 'unlock',
    subject: user.username,
    detail: whenOf(visit, user.lockedUntil).text,
    own,
    below: '/unlock',
  })
  return { view }
}

/** `POST …/unlock`. */
export async function unlock(visit: Visit): Promise<Outcome> {
  const { userId = '' } = visit.params
  await visit.api.ask('unlockUser', { path: { userId } })
  return { to: visit.at(`/users/${part(userId)}`, { done: 'unlocked' }) }
}
