import { confirmation } from './confirmation.ts'
import { targetOf } from './target.ts'
import { part } from './visit.ts'
import type { Outcome, Visit } from './visit.ts'

/** `GET …/reset`: everything that will go. */
export async function confirmReset(visit: Visit): Promise<Outcome> {
  const found = await targetOf(visit)
  if (found.act === undefined) return found.elsewhere
  const { own, user } = found.act
  const view = confirmation(visit, {
    act: 'reset',
    subject: user.username,
    detail: user.enforcement,
    methods: user.methods.map(({ method }) => method),
    own,
    below: '/reset',
  })
  return { view }
}

/** `POST …/reset`. */
export async function reset(visit: Visit): Promise<Outcome> {
  const { userId = '' } = visit.params
  const { body } = await visit.api.ask('resetUser', { path: { userId } })
  const done = body.sessionsEnded ? 'reset-sessions' : 'reset'
  return { to: visit.at(`/users/${part(userId)}`, { done }) }
}
