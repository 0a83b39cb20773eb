import { z } from 'zod'
import type { Addition, Invitation, NewUser, UserMaker } from '../../core/administration/new-user.ts'
import type { Realm } from '../../core/realm.ts'
import { actInKeycloak } from './acting.ts'
import { MANAGE, PHONE } from './setup/names.ts'

/** Milliseconds. */
const TIMEOUT = 10_000

const fault = z.object({ field: z.string(), errorMessage: z.string() })
const refusal = z.union([z.object({ errors: z.array(fault) }), fault.transform((one) => ({ errors: [one] }))])
const conflict = z.object({ errorMessage: z.string() })

/** Adds users by the Admin API, with the token of whoever acts. */
export function createUserMaker(realm: Realm): UserMaker {
  return {
    async add(user, token) {
      const answer = await actInKeycloak(realm, token, {
        verb: 'POST',
        path: '/users',
        body: representationOf(user),
        timeout: TIMEOUT,
      })
      return answer === undefined ? { result: 'unknown' } : additionOf(answer)
    },
    async invite(userId, token): Promise<Invitation> {
      const answer = await actInKeycloak(realm, token, {
        verb: 'PUT',
        path: `/users/${encodeURIComponent(userId)}/execute-actions-email`,
        body: ['UPDATE_PASSWORD', MANAGE],
        timeout: TIMEOUT,
      })
      if (answer !== undefined && isRefusal(answer.status)) return 'forbidden'
      return answer !== undefined && answer.status < 300 ? 'sent' : 'failed'
    },
  }
}

function representationOf({ username, email, firstName, lastName, phone, groups }: NewUser) {
  return {
    username,
    enabled: true,
    ...(email === undefined ? {} : { email }),
    ...(firstName === undefined ? {} : { firstName }),
    ...(lastName === undefined ? {} : { lastName }),
    ...(phone === undefined ? {} : { attributes: { [PHONE]: [phone] } }),
    ...(groups.length === 0 ? {} : { groups }),
  }
}

function additionOf({
  status,
  location,
  body,
}: {
  status: number
  location: string
  body: unknown
}): Addition {
  const id = /\/users\/([^/?]+)$/.exec(location)?.[1]
  if (status === 201 && id !== undefined) return { result: 'added', id: decodeURIComponent(id) }
  if (isRefusal(status)) return { result: 'forbidden' }
  if (status === 409) {
    const said = conflict.safeParse(body).data?.errorMessage ?? ''
    const named = (['username', 'email'] as const).filter((field) => said.includes(field))
    return { result: 'exists', field: named.length === 1 ? named[0] : undefined }
  }
  if (status !== 400) return { result: 'unknown' }
  const faults = (refusal.safeParse(body).data?.errors ?? []).map(({ field, errorMessage }) => ({
    field: field === PHONE ? 'phone' : field,
    rule: errorMessage,
  }))
  return { result: 'invalid', faults }
}

function isRefusal(status: number): boolean {
  return status === 401 || status === 403
}
