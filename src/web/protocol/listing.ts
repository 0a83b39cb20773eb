import type { Listing } from '../../core/login/listing.ts'
import { shownOf } from '../../core/login/triable.ts'
import type { Credential } from '../../core/login/transaction.ts'
import type { Registry } from '../../core/method.ts'
import type { ListingWriter } from '../render/listing.ts'

/** As Keycloak's column takes it. */
const LONGEST = 255

/** The claim `listing` of docs/protocol.md: what Keycloak's consoles are to list. Never a secret or a full number (R23). */
export function listingClaim(
  listing: Listing | undefined,
  credentials: readonly Credential[],
  { registry, write, locale }: { registry: Registry; write: ListingWriter; locale: string | undefined },
): { listing?: object } {
  if (listing === undefined) return {}
  const methods = credentials.map((credential) => {
    const { id, method, label, createdAt } = credential
    const shown = shownOf(credential, registry)
    const text = write(
      {
        kind: method,
        ...(label === undefined ? {} : { label }),
        ...(shown?.kind === 'sent-code' ? { destination: shown.to } : {}),
        ...(shown?.kind === 'backup-codes' ? { left: shown.left ?? 0 } : {}),
      },
      locale,
    )
    return {
      id,
      type: method,
      label: text.slice(0, LONGEST).toWellFormed(),
      created: Math.floor((createdAt ?? 0) / 1000),
      since: listing.since[id],
    }
  })
  return { listing: { version: listing.version, methods } }
}
