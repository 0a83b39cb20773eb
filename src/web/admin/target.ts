import { part } from './visit.ts'
import type { Visit } from './visit.ts'

/**
 * The user that a page is about to act on, with the path of their page; where the reader may not act on them, that page
 * alone, which says why.
 */
export async function targetOf({ api, params, at }: Visit) {
  const userId = params['userId'] ?? ''
  const own = `/users/${part(userId)}`
  const { body: user } = await api.ask('showUser', { path: { userId } })
  return user.mayAct ? { act: { own, user } } : { elsewhere: { to: at(own) } }
}
