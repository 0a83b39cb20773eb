import type { Tenure } from './tenure.ts'

/** Something that is read page by page, from a place on. */
export interface Paged<Place, Page> {
  ask: (place: Place) => Promise<Page>
  /** Where the next page begins; undefined after the last. */
  after: (place: Place, page: Page) => Place | undefined
  /** Writes a page down, all of it. */
  write: (place: Place, page: Page) => Promise<void>
}

/**
 * Reads page by page, and asks Keycloak for the next while one is written down. What `between` wrote may be newer than a
 * page that was read before it: that one is asked for again, and none is read ahead while such things go on.
 * @param from the first place; undefined where there is nothing to read
 * @param between done between two pages
 * @throws DirectoryError where a page can't be read: all before it were written
 */
export async function readAhead<Place, Page>(
  tenure: Tenure,
  from: Place | undefined,
  { ask, after, write }: Paged<Place, Page>,
  between: () => Promise<void>,
): Promise<void> {
  const read = (place: Place | undefined) => place && tenure.read(ask(place))
  let isQuiet = true
  let place = from
  let asked = read(place)
  while (place !== undefined && asked !== undefined) {
    const page = await asked
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
