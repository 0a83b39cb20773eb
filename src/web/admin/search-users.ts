import { numbersOf } from '../../core/number.ts'
import { numberIn } from '../api/list-users.ts'
import { NARROWING, usersView } from './show-users.ts'
import { filled } from './visit.ts'
import type { Outcome, Visit } from './visit.ts'

/** What may be a number, whole or not: it is in no address either way (R23). */
const LIKE_A_NUMBER = /^[+(]*(\d[\s()./\p{Pd}]*){6,}$/u

/**
 * `POST /users/search`: a search for a name has an address of its own, and is led there; what is found by a phone number
 * is shown at once.
 */
export async function searchUsers(visit: Visit): Promise<Outcome> {
  const { api, form, at, context } = visit
  const narrowing = filled(form, NARROWING)
  const words = narrowing['search'] ?? ''
  const number = numberIn(visit, words)
  if (number === undefined && !LIKE_A_NUMBER.test(words)) return { to: at('/users', narrowing) }
  const { body } = await api.ask('searchUsers', { body: { ...narrowing, max: MOST } })
  const numbers = numbersOf(context.kit().registry)
  return {
    view: await usersView(visit, body, {
      search: '',
      number: number === undefined ? '' : (numbers?.mask(number) ?? ''),
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
