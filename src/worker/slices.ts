import { setImmediate } from 'node:timers/promises'

/** Users that Keycloak is asked for at once. */
export const PAGE = 1_000
/** Users that are written at once: on SQLite nothing else happens meanwhile. */
const SLICE = 250

/** Cuts a page into what is written at once, the last of it marked; one slice with nothing where the page has nothing. */
export async function* slicesOf<T>(page: readonly T[]): AsyncGenerator<{ slice: T[]; isLast: boolean }> {
  for (let from = 0; ; from += SLICE) {
    const isLast = from + SLICE >= page.length
    yield { slice: page.slice(from, from + SLICE), isLast }
    if (isLast) return
    await setImmediate()
  }
}
