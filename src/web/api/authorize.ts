import { reachOf, sightOf } from '../../core/administration/authority.ts'
import type { Administrator } from '../../core/administration/authority.ts'
import type { Realm } from '../../core/realm.ts'
import type { WebContext } from '../context.ts'
import type { Caller, Who } from './endpoint.ts'
import { Problem } from './problem.ts'

/** A second factor counts as fresh for a change this long, milliseconds. */
const FRESH = 5 * 60_000

/** Who is served, and how an error says it. */
const WHO: Record<Exclude<Who, 'anybody'>, { may: (caller: Administrator) => boolean; says: string }> = {
  reader: {
    may: (caller) => sightOf(caller) === 'everybody',
    says: 'one of the roles tfa-admin, tfa-manager and tfa-auditor',
  },
  looker: {
    may: (caller) => sightOf(caller) !== 'nobody',
    says: 'one of the roles tfa-admin, tfa-manager and tfa-auditor, or a group to manage',
  },
  helper: {
    may: (caller) => reachOf(caller) !== 'nobody',
    says: 'the role tfa-admin or tfa-manager, or a group to manage',
  },
  operator: {
    may: (caller) => reachOf(caller) === 'everybody',
    says: 'the role tfa-admin or tfa-manager',
  },
  administrator: { may: ({ roles }) => roles.has('tfa-admin'), says: 'the role tfa-admin' },
}

/** @throws Problem forbidden */
export function allow(who: Exclude<Who, 'anybody'>, caller: Administrator): void {
  const { may, says } = WHO[who]
  if (!may(caller)) throw new Problem('forbidden', `this needs ${says} in the realm`)
}

/**
 * Lets a change pass only where the caller's session gave a second factor a short while ago (RFC 9470): single sign-on
 * would let one in that knows the password alone (R17).
 * @param now epoch milliseconds
 * @throws Problem insufficient-user-authentication
 */
export async function demandFreshFactor(
  context: WebContext,
  realm: Realm,
  { sid, userId }: Caller,
  now: number,
): Promise<void> {
  const at = await context.admin.verifiedAt(realm.name, sid, userId)
  if (at !== undefined && now - at <= FRESH) return
  const seconds = FRESH / 1000
  const why = `a second factor given in this session in the last ${seconds} s is needed`
  throw new Problem(
    'insufficient-user-authentication',
    `${why}: log in again with acr_values=2 and max_age=0, and send the new token`,
    {
      headers: {
        'WWW-Authenticate': `Bearer realm="${realm.base}", error="insufficient_user_authentication", error_description="${why}", acr_values="2", max_age="${seconds}"`,
      },
    },
  )
}
