const SIZES = [200, 20, 5, 1]

/**
 * Cuts a list so that statements over it come in a few lengths only: each is prepared once and kept, and none has more
 * values than a database takes.
 */
export function slices<T>(list: readonly T[]): T[][] {
  const cut: T[][] = []
  let from = 0
  for (const size of SIZES) {
    for (; list.length - from >= size; from += size) cut.push(list.slice(from, from + size))
  }
  return cut
}
