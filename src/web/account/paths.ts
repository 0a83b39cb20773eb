/** The page that lists the user's methods, below the realm's base. */
export const HOME = '/account'

/** The page of one method, below the realm's base. */
export function methodPage(id: string, page: 'rename' | 'remove'): string {
  return `${HOME}/methods/${encodeURIComponent(id)}/${page}`
}
