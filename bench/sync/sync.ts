import { collectGarbage } from '../../test/chaos/inspector.ts'
import { interleaved, median, percentile, ratio } from '../figures.ts'
import type { Round } from '../figures.ts'
import { against } from '../part.ts'
import type { Part, Row } from '../part.ts'
import { peakResidentBytes, residentBytes } from '../processes.ts'
import { change } from './changes.ts'
import { openPlace } from './place.ts'
import type { Place, RunningWorker } from './place.ts'

const WHOLE = { few: 1_000, users: 10_000, groups: 1_000, rounds: 5, firsts: 3, changes: 40, warm: 10 }
const QUICK = { few: 100, users: 500, groups: 50, rounds: 2, firsts: 1, changes: 8, warm: 4 }

/** The sync worker beside the bare REST calls for the same, and how fast and at what cost it follows a change. */
export const sync: Part = async ({ quick, progress }) => {
  const size = quick ? QUICK : WHOLE
  progress(`starting Keycloak and PostgreSQL; ${size.groups} groups`)
  const place = await openPlace(size.groups)
  try {
    await place.population.growTo(size.few)
    progress(`${size.warm} changes at ${size.few} users`)
    const few = await withWorker(place, async (worker) => {
      await worker.pass('first')
      return await change(place, worker, size.warm)
    })
    progress(`making ${size.users} users`)
    await place.population.growTo(size.users)
    const known = await place.bare.readAll()

    progress(`${size.firsts} first passes`)
    const first = await interleaved(
      size.firsts,
      async () => await withWorker(place, async (worker) => (await worker.pass('first')).ms),
      async () => (await place.bare.readAll()).ms,
    )
    const { rounds, withLists, memory, seen } = await withWorker(place, async (worker) => {
      await worker.pass('first')
      progress(`${size.rounds} passes where nothing changed`)
      const passes = await passesOf(place, worker, size.rounds)
      progress(`${size.changes} changes at ${size.users} users`)
      return { ...passes, seen: await change(place, worker, size.changes) }
    })

    const vsRest = ratio(rounds)
    const changeP95Ms = percentile(seen.ms, 95)
    const n = size.users.toLocaleString('en')
    const least = memory.collected[0] ?? 0
    const last = memory.collected.at(-1) ?? 0
    const rows: Row[] = [
      against(`full pass over ${n} users where nothing changed, by bare REST calls for the same`, vsRest, {
        most: 1.2,
      }),
      {
        what: 'first full pass, into an empty database, by bare REST calls',
        figure: ratio(first).toFixed(2),
        goal: '',
      },
      {
        what: 'the bare calls, and the pass where nothing changed',
        figure: `${seconds(rounds.map(({ theirs }) => theirs))} and ${seconds(rounds.map(({ ours }) => ours))}`,
        goal: '',
      },
      {
        what: 'the same pass until the lists of the admin pages are made anew',
        figure: seconds(withLists),
        goal: '',
      },
      against(
        'a change in Keycloak is in the database, p95',
        changeP95Ms / 1000,
        { most: 2 },
        { unit: ' s' },
      ),
      {
        what: `calls of the Admin API for a change, at ${size.few.toLocaleString('en')} and at ${n} users`,
        figure: `${few.callsEach.toFixed(1)} and ${seen.callsEach.toFixed(1)}`,
        goal: 'the same',
        met: few.callsEach === seen.callsEach,
      },
      {
        what: `memory after ${memory.collected.length} full passes, by after the first`,
        figure: `${(last / least).toFixed(2)} (${last} MiB; at most ${memory.peak} MiB)`,
        goal: 'at most 1.10',
        met: last <= least * 1.1,
      },
    ]
    return {
      rows,
      data: {
        vsRest,
        firstVsRest: ratio(first),
        changeP95Ms,
        callsPerChange: seen.callsEach,
        callsPerChangeFew: few.callsEach,
        rssMb: { first: least, last, peak: memory.peak },
        read: known,
        samples: { rounds, first, withLists, changes: seen.ms, rssMb: memory.collected },
      },
      versions: place.versions,
    }
  } finally {
    await place.stop()
  }
}

/** Passes where nothing changed, in turn with the bare calls; the worker's memory after each, MiB. */
async function passesOf(place: Place, worker: RunningWorker, times: number) {
  const withLists: number[] = []
  const collected: number[] = []
  const look = async () => {
    await collectGarbage(worker.inspector)
    collected.push(toMiB(residentBytes(worker.pid)))
  }
  await look()
  const rounds: Round[] = await interleaved(
    times,
    async () => {
      const { ms, msWithLists } = await worker.pass('next')
      withLists.push(msWithLists)
      await look()
      return ms
    },
    async () => (await place.bare.readAll()).ms,
  )
  return { rounds, withLists, memory: { collected, peak: toMiB(peakResidentBytes(worker.pid)) } }
}

export async function withWorker<T>(place: Place, work: (worker: RunningWorker) => Promise<T>): Promise<T> {
  const worker = await place.startWorker()
  try {
    return await work(worker)
  } finally {
    await worker.stop()
  }
}

const toMiB = (bytes: number) => Math.round(bytes / 2 ** 20)
const seconds = (milliseconds: number[]) => `${(median(milliseconds) / 1000).toFixed(1)} s`
