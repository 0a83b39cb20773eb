import { numbersOf } from '../../core/number.ts'
import { numberIn } from '../api/list-users.ts'
import { NARROWING, usersView } from './show-users.ts'
import { filled } from './visit.ts'
import type { Outcome, Visit } from './visit.ts'

/**
 * `POST /users/search`: a search for a name has an address of its own, and is led there; what is found by a phone number
 * is shown at once, so that the number is in no address (R23).
 */
export async function searchUsers(visit: Visit): Promise<Outcome> {
  const { api, form, at, context } = visit
  const narrowing = filled(form, NARROWING)
  const number = numberIn(visit, narrowing['search'] ?? '')
  if (number === undefined) return { to: at('/users', narrowing) }
  const { body } = await api.ask('searchUsers', { body: { ...narrowing, max: MOST } })
  const masked = numbersOf(context.kit().registry)?.mask(number) ?? ''
  return {
    view: await usersView(visit, body, {
      search: '',
      number: masked,
      narrowed: true,
      to: () => at('/users'),
    }),
  }
}

/** A number is one user's, or a few have it. */
const MOST = 100

/** `GET /users/search`: where a challenge comes back to, and a change of the language. */
export async function leadToUsers({ at }: Visit): Promise<Outcome> {
  return { to: at('/users') }
}
