import { peakResidentBytes } from '../processes.ts'
import type { Part } from '../part.ts'
import { openPlace } from './place.ts'
import { withWorker } from './sync.ts'

const WHOLE = { users: 100_000, groups: 1_000 }
const QUICK = { users: 2_000, groups: 100 }

/** One realm of 100,000 users, once: how long a full pass takes there, and how much memory. */
export const hundredThousand: Part = async ({ quick, progress }) => {
  const { users, groups } = quick ? QUICK : WHOLE
  progress(`starting Keycloak and PostgreSQL; ${groups} groups`)
  const place = await openPlace(groups)
  try {
    for (let made = 0; made < users;) {
      made = Math.min(users, made + 10_000)
      await place.population.growTo(made)
      progress(`${made} users made`)
    }
    return await withWorker(place, async (worker) => {
      const first = await measured('first')
      progress(`first pass: ${Math.round(first.ms / 1000)} s`)
      const next = await measured('next')
      const peakMb = Math.round(peakResidentBytes(worker.pid) / 2 ** 20)
      const n = users.toLocaleString('en')
      return {
        rows: [
          row(`first full pass over ${n} users`, `${seconds(first.ms)} in ${first.calls} calls`),
          row('full pass where nothing changed', `${seconds(next.ms)} in ${next.calls} calls`),
          row('the same until the lists of the admin pages are made anew', seconds(next.msWithLists)),
          row('memory at most', `${peakMb} MiB`),
        ],
        data: { first, next, peakMb },
        versions: place.versions,
      }

      async function measured(which: 'first' | 'next') {
        const before = which === 'first' ? 0 : place.calls.soFar().admin
        const pass = await worker.pass(which)
        return { ...pass, calls: place.calls.soFar().admin - before }
      }
    })
  } finally {
    await place.stop()
  }
}

const row = (what: string, figure: string) => ({ what, figure, goal: '' })
const seconds = (milliseconds: number) => `${(milliseconds / 1000).toFixed(1)} s`
