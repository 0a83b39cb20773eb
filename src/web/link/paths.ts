/** Where the pages of links live, below the realm's base. */
export const LINK = '/link'
