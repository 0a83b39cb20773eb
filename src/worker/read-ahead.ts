import { DirectoryError } from '../core/sync/directory.ts'
import type { DirectoryUser } from '../core/sync/directory.ts'
import type { Tenure } from './tenure.ts'

/** Lists of users that are read page by page; a place says how many of its list come before it. */
export interface Paged<Place extends { first: number }> {
  ask: (place: Place) => Promise<DirectoryUser[]>
  /** Where the next page begins; undefined after the last. */
  after: (place: Place, page: DirectoryUser[]) => Place | undefined
  /** Writes a page down, all of it. */
  write: (place: Place, page: DirectoryUser[]) => Promise<void>
}

/**
 * Reads page by page, and asks Keycloak for the next while one is written down. What `between` wrote may be newer than a
 * page that was read before it: that one is asked for again, and none is read ahead while such things go on.
 * @param from the first place; undefined where there is nothing to read
 * @param between done between two pages
 * @throws DirectoryError where a page can't be read, or is the one before once more: all before it were written
 */
export async function readAhead<Place extends { first: number }>(
  tenure: Tenure,
  from: Place | undefined,
  { ask, after, write }: Paged<Place>,
  between: () => Promise<void>,
): Promise<void> {
  const read = (place: Place | undefined) => place && tenure.read(ask(place))
  let isQuiet = true
  let before: string | undefined
  let place = from
  let asked = read(place)
  while (place !== undefined && asked !== undefined) {
    const page = await asked
    const head = page[0]?.id
    // Another list may begin with the same user.
    if (place.first > 0 && head !== undefined && head === before) {
      throw new DirectoryError('unreachable', 'Keycloak gives the same page of users again and again')
    }
    before = head
    const next = after(place, page)
    const ahead = isQuiet ? read(next) : undefined
    await write(place, page)
    const written = tenure.kept
    await between()
    isQuiet = tenure.kept === written
    asked = isQuiet && ahead !== undefined ? ahead : read(next)
    place = next
  }
}
