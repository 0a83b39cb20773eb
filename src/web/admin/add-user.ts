import { allow } from '../api/authorize.ts'
import { Problem } from '../api/problem.ts'
import type { AdminView } from '../render/admin-view.ts'
import { newUserBody, newUserFaults, newUserFields } from './new-user-form.ts'
import type { NewUserFaults } from './new-user-form.ts'
import { part } from './visit.ts'
import type { Outcome, Visit } from './visit.ts'

/** `GET /users/new`: the form, with what was typed where a challenge came between. */
export async function newUser(visit: Visit): Promise<Outcome> {
  allow('administrator', visit.caller)
  return { view: await viewOf(visit, { fields: new Map(), status: 200 }) }
}

/** `POST /users/new`. What is refused is said in the form, with what was typed. */
export async function addUser(visit: Visit): Promise<Outcome> {
  allow('administrator', visit.caller)
  try {
    const { body } = await visit.api.ask('addUser', { body: await newUserBody(visit) })
    return { to: visit.at(`/users/${part(body.id)}`, { done: doneBy(body) }) }
  } catch (error) {
    const faults = error instanceof Problem ? newUserFaults(visit, error) : undefined
    if (faults === undefined) throw error
    return { status: faults.status, view: await viewOf(visit, faults) }
  }
}

function doneBy({ phone, invitation }: { phone: string; invitation: string }) {
  if (phone === 'dropped') return 'user-added-phone-dropped'
  if (invitation === 'sent') return 'user-added-invited'
  return invitation === 'not-asked' ? 'user-added' : 'user-added-not-invited'
}

async function viewOf(visit: Visit, faults: NewUserFaults): Promise<AdminView> {
  const { alert } = faults
  return {
    page: 'new-user',
    ...(alert === undefined ? {} : { alert }),
    fields: await newUserFields(visit, faults.fields),
    ...(faults.fields.size > 0 || alert !== undefined ? { wrong: true as const } : {}),
    action: visit.at('/users/new'),
    cancelUrl: visit.at('/users'),
  }
}
