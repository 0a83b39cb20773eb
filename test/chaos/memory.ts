import type { RunningFleet } from './fleet.ts'
import type { Figure } from './part.ts'

/** What a server's process holds once everything that nobody needs was collected, MiB. */
export interface Memory {
  /** Its resident set. */
  rss: number
  /** The heap in use. */
  heap: number
}

/** What may be more at the end, MiB. The resident set keeps some of what was in use when much was. */
const MORE: Memory = { rss: 96, heap: 12 }

/** What the server of a fleet of one holds now, as its own figures say. */
export async function look(fleet: RunningFleet): Promise<Memory> {
  await fleet.collectGarbage()
  const [rss = 0] = await fleet.metric('process_resident_memory_bytes')
  const [heap = 0] = await fleet.metric('nodejs_heap_size_used_bytes')
  return { rss: Math.round(rss / 2 ** 20), heap: Math.round(heap / 2 ** 20) }
}

/** Whether memory stayed what it was when everything had been used; `warm` absent: it never came so far. */
export function memoryFigure(when: string, warm: Memory | undefined, end: Memory): Figure {
  return {
    what: `${when} and at the end the server's memory is the same`,
    figure: `RSS ${warm?.rss} and ${end.rss} MiB, heap in use ${warm?.heap} and ${end.heap} MiB`,
    holds: warm !== undefined && end.rss <= warm.rss + MORE.rss && end.heap <= warm.heap + MORE.heap,
  }
}
