import { ADMINISTERS } from '../administration/authority.ts'
import { consoleProtection, followDeletion, refuseDeletion } from '../administration/console.ts'
import { noticesTo } from '../notices/notices.ts'
import type { Background, Change } from '../ports.ts'
import { deletedThere, listingOf } from './listing.ts'
import type { Push } from './question.ts'
import type { Kit } from './step.ts'

/**
 * What a push tells of deletions in Keycloak's console whose hint was lost; undefined where there is none. To be written
 * before the push is decided, from what is left. The user is told (R18); a protected user's method stays and is listed
 * again (R28).
 */
export function followConsole(push: Push, background: Background, kit: Kit): Change | undefined {
  const { account, claims, listed } = push
  const { credentials, listing, settings } = background
  const { realm, userId, username, email } = account
  const deleted = deletedThere(credentials, listing, listed)
  const [first] = deleted
  if (first === undefined) return undefined

  const told = claims.administers === undefined ? undefined : claims.administers ? [ADMINISTERS] : []
  const protection = consoleProtection({ id: userId, live: claims.roles, told })
  const deletion = { realm, userId, methods: credentials, deleted, at: kit.now }
  if (protection !== undefined) {
    const again = deleted.map(({ id }) => id)
    const next = listingOf(credentials, listing, { listed, again, now: kit.now })
    return {
      realm,
      userId,
      ...(next === undefined ? {} : { listing: { next, version: listing?.version } }),
      audit: refuseDeletion(deletion, protection),
    }
  }
  const { ids, audit } = followDeletion(deletion, kit.registry)
  return {
    realm,
    userId,
    takeAway: { ids },
    notices: noticesTo(
      { user: { id: userId, username, email } },
      { settings },
      { realm, kind: 'method-removed', method: first.method },
      kit,
    ),
    audit,
  }
}
