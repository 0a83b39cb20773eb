import type { Credential } from './transaction.ts'

/**
 * What Keycloak was told to list of a user's methods in its consoles. The version grows with each telling that names
 * other methods; `since` says, by a method's id, which version named it first, or named it again.
 */
export interface Listing {
  version: number
  since: Record<string, number>
}

/** What Keycloak lists: ids, and the version that it wrote down last; undefined where nothing tells. */
export interface Listed {
  ids: readonly string[]
  version: number | undefined
}

/**
 * The methods that somebody deleted in Keycloak. Absence alone says nothing (R32): the version beside what is still
 * listed is the proof that the missing one had been written there. A database that was restored from a backup has an
 * older version, and a user who lost every row has none.
 */
export function deletedThere(
  credentials: readonly Credential[],
  listing: Listing | undefined,
  { ids, version }: Listed,
): Credential[] {
  if (listing === undefined || version === undefined) return []
  return credentials.filter(({ id }) => (listing.since[id] ?? Infinity) <= version && !ids.includes(id))
}

/**
 * What Keycloak is to list now: the same object where that was told already, undefined where there was never anything.
 * @param again ids that are to be listed again though they were deleted there
 */
export function listingOf(
  credentials: readonly Pick<Credential, 'id'>[],
  known: Listing | undefined,
  { listed, again = [], now }: { listed?: Listed; again?: readonly string[]; now: number },
): Listing | undefined {
  const ids = credentials.map(({ id }) => id)
  const before = Object.keys(known?.since ?? {})
  const isTold = ids.length === before.length && ids.every((id) => before.includes(id))
  if (isTold && again.length === 0) return known
  const version = Math.max(now, (known?.version ?? 0) + 1, (listed?.version ?? 0) + 1)
  const since = (id: string) => (again.includes(id) ? version : (known?.since[id] ?? version))
  return { version, since: Object.fromEntries(ids.map((id) => [id, since(id)])) }
}
