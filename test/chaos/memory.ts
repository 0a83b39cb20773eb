import type { RunningFleet } from './fleet.ts'
import type { Figure } from './part.ts'

/** Fewer looks tell nothing: the collector has not been at work often enough. */
const TELLING = 100
/**
 * What may be more at the end, MiB: the heap in use, and the resident set, which grows and shrinks as the collector likes.
 */
const MORE = { live: 16, rss: 128 }

/** What a server's process holds at a moment, MiB. */
export interface Sample {
  /** Its resident set. */
  rss: number
  heap: number
}

/** Memory in a quarter of a run, MiB: the median of the resident set, and what of the heap was left at its emptiest. */
interface Quarter {
  rss: number
  live: number
}

/** What the server of a fleet of one holds now, as its own figures say. */
export async function look(fleet: RunningFleet): Promise<Sample> {
  const [rss = 0] = await fleet.metric('process_resident_memory_bytes')
  const [heap = 0] = await fleet.metric('nodejs_heap_size_used_bytes')
  return { rss: rss / 2 ** 20, heap: heap / 2 ** 20 }
}

/** The second quarter of what was seen, when everything has been used once, and the last. */
function quarters(samples: Sample[]): { second: Quarter; last: Quarter } {
  const of = (from: number, to: number): Quarter => {
    const some = samples.slice(Math.floor(samples.length * from), Math.ceil(samples.length * to))
    const sorted = some.map(({ rss }) => rss).toSorted((a, b) => a - b)
    return {
      rss: Math.round(sorted[Math.floor(sorted.length / 2)] ?? 0),
      live: Math.round(Math.min(...some.map(({ heap }) => heap))),
    }
  }
  return { second: of(0.25, 0.5), last: of(0.75, 1) }
}

/** Whether memory stayed what it was, from when everything had been used once to the end. */
export function memoryFigure(where: string, samples: Sample[]): Figure {
  const { second, last } = quarters(samples)
  const isTelling = samples.length >= TELLING
  return {
    what: `${where}: memory of the server stays flat (RSS, and the heap in use; second quarter and last)`,
    figure: `RSS ${second.rss} and ${last.rss} MiB, heap ${second.live} and ${last.live} MiB${isTelling ? '' : '; too short a run to tell'}`,
    holds: !isTelling || (last.live <= second.live + MORE.live && last.rss <= second.rss + MORE.rss),
  }
}
