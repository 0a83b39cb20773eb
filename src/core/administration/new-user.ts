import type { AdminChange } from './administration.ts'
import { entryBy } from './changes.ts'
import type { By } from './changes.ts'
import type { Enforcement } from '../settings.ts'

/** A user whom an administrator adds. */
export interface NewUser {
  username: string
  email: string | undefined
  firstName: string | undefined
  lastName: string | undefined
  /** E.164; becomes the attribute that only administrators change (R25). */
  phone: string | undefined
  /** The paths of the groups that they join. */
  groups: string[]
}

/**
 * What Keycloak made of a wish to add a user. `forbidden`: whoever acts lacks the right there. `exists`: by the name or
 * the address, where it says which. `invalid`: by its own field, or another that it wants; `rule` is Keycloak's word for
 * what was not met. `unknown`: no answer, so the user may be there or not.
 */
export type Addition =
  | { result: 'added'; id: string }
  | { result: 'forbidden' }
  | { result: 'exists'; field: 'username' | 'email' | undefined }
  | { result: 'invalid'; faults: { field: string; rule: string }[] }
  | { result: 'unknown' }

/** `forbidden`: whoever acts lacks the right. `failed`: Keycloak can't send mail, or does not answer. */
export type Invitation = 'sent' | 'forbidden' | 'failed'

/** Adds users in Keycloak with the access token of whoever acts, and with no right of the sidecar's own. Never throws. */
export interface UserMaker {
  add(user: NewUser, token: string): Promise<Addition>
  /** Sends Keycloak's mail that asks for a password and a second factor. */
  invite(userId: string, token: string): Promise<Invitation>
}

/** What is written here of a user whom Keycloak has since just now; the audit never has the whole number (R23). */
export function addedUser(
  realm: string,
  id: string,
  user: NewUser,
  told: {
    maskedPhone: string | undefined
    groupIds: string[]
    comesTo: Enforcement
    lookup: string | undefined
  },
  by: By,
): AdminChange {
  const { username, email, firstName, lastName, groups } = user
  const { maskedPhone, ...rest } = told
  const detail = { username, groups, ...(maskedPhone === undefined ? {} : { phone: maskedPhone }) }
  return {
    realm,
    added: {
      user: { id, username, firstName, lastName, email, enabled: true, federation: undefined },
      ...rest,
    },
    audit: [entryBy(by, { event: 'user.created', realm, userId: id, detail })],
  }
}
