/** How many of so many users may go between two passes that go through: 1 %, and one always. */
export function allowance(known: number): number {
  return Math.ceil(known / 100)
}

/** What a full list of users is worth, before anybody is taken for gone. */
export interface Listing {
  /** Users whom this pass saw. */
  seen: number
  /** Users known of before whom it did not see. */
  missing: number
  /** Users as Keycloak counts them. */
  counted: number
}

/**
 * `contradicted`: Keycloak shows far fewer than it counts, or nobody of those it had: the list is not believed.
 * `shrunken`: far fewer than were known, and Keycloak counts as few: not believed either, unless a person does.
 */
export type Verdict = 'believed' | 'contradicted' | 'shrunken'

export function judge({ seen, missing, counted }: Listing): Verdict {
  if (seen * 2 < counted || (seen === 0 && missing > 0)) return 'contradicted'
  return seen < missing ? 'shrunken' : 'believed'
}
