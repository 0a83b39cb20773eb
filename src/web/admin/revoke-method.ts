import { goingWith } from '../../core/administration/acts.ts'
import { confirmation } from './confirmation.ts'
import { targetOf } from './target.ts'
import { part } from './visit.ts'
import type { Outcome, Visit } from './visit.ts'

/** `GET …/methods/{methodId}/revoke`: what will go, and what goes with it. */
export async function confirmRevoke(visit: Visit): Promise<Outcome> {
  const found = await targetOf(visit)
  if (found.act === undefined) return found.elsewhere
  const { own, user } = found.act
  const { registry } = visit.context.kit()
  const [revoked, ...others] = goingWith(user.methods, visit.params['methodId'] ?? '', registry) ?? []
  // Somebody was faster.
  if (revoked === undefined) return { to: visit.at(own) }
  const view = confirmation(visit, {
    act: 'revoke',
    subject: user.username,
    detail: visit.term('method', revoked.method),
    methods: others.map(({ method }) => method),
    own,
    below: `/methods/${part(revoked.id)}/revoke`,
  })
  return { view }
}

/** `POST …/methods/{methodId}/revoke`. */
export async function revoke(visit: Visit): Promise<Outcome> {
  const { userId = '', methodId = '' } = visit.params
  await visit.api.ask('revokeMethod', { path: { userId, methodId } })
  return { to: visit.at(`/users/${part(userId)}`, { done: 'revoked' }) }
}
