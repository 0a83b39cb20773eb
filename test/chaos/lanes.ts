/** Does so many pieces of work, a few at a time; `isOver` ends it early. @returns how many were done */
export async function inLanes(
  count: number,
  lanes: number,
  work: (i: number) => Promise<void>,
  isOver: () => boolean = () => false,
): Promise<number> {
  let next = 0
  const lane = async () => {
    while (next < count && !isOver()) await work(next++)
  }
  await Promise.all(Array.from({ length: lanes }, lane))
  return next
}

/** An address of a network of its own: none that shares limits with another. */
export function addressOf(i: number): string {
  return `2001:db8:${(i >> 16).toString(16)}:${(i & 0xffff).toString(16)}::1`
}
