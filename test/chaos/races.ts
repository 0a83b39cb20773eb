import { openForReading } from '../../src/adapters/store/database.ts'
import { createDatabase, startPostgres } from '../support/postgres.ts'
import { sqlitePlace } from '../support/stores.ts'
import type { Place } from '../support/stores.ts'
import { startFleet } from './fleet.ts'
import type { Fleet } from './fleet.ts'
import type { Figure, Part } from './part.ts'
import { KINDS, SUBMITS, raceAll, wordsFor } from './race-kinds.ts'
import type { Kind, Race } from './race-kinds.ts'
import { LINKED, seedRacers } from './race-people.ts'
import type { Racers } from './race-people.ts'

/** Codes of each kind on each database in the whole run. */
const CODES = 1_000
/** How many people race at the same time. */
const LANES = 4

/** What became of the codes of one kind. */
export interface Tally {
  codes: number
  submits: number
  /** How many codes were accepted once, more than once, and never. */
  once: number
  more: number
  never: number
  /** Requests that were told to try once more, since others came between five times (503). */
  busy: number
  /** What the requests for the first code were told that was not accepted exactly once. */
  odd: string
}

export type Tallies = Record<Kind, Tally>

/** Eight requests for each right code at the same time: one is accepted, whatever the database and the number of servers. */
export const races: Part = async ({ size, progress }) => await raceOnBoth(Math.ceil(CODES * size), progress)

/** As `races`, for that many codes of each kind. */
export async function raceOnBoth(codes: number, progress: (text: string) => void): Promise<Figure[]> {
  const postgres = await startPostgres()
  try {
    // Beside each other: the one waits for its disk most of the time.
    const figures = await Promise.all([
      raceOn('SQLite, one server', sqlitePlace(), { servers: 1, codes }, progress),
      raceOn('PostgreSQL, two servers', await createDatabase(postgres.url), { servers: 2, codes }, progress),
    ])
    return figures.flat()
  } finally {
    await postgres.stop()
  }
}

/** Races on a fleet of its own, which is gone at the end, and its database with it. */
export async function raceOn(
  where: string,
  place: Place,
  { servers, codes }: { servers: number; codes: number },
  progress: (text: string) => void,
): Promise<Figure[]> {
  let racers: Racers[] = []
  const fleet = await startFleet(place, {
    servers,
    realms: ['demo', LINKED],
    prepare: async (database, sealer, post) => {
      racers = await seedRacers(database, sealer, post.mailPort, codes)
    },
  })
  try {
    const tallies = await raceWith(fleet, racers, (text) => progress(`races on ${where}: ${text}`))
    const audited = await auditedIn(fleet.dbUrl)
    return [...figuresOf(where, tallies, codes), auditFigure(where, tallies, audited)]
  } finally {
    await fleet.stop()
  }
}

/** Lets people race in a few lanes. */
export async function raceWith(
  fleet: Fleet,
  racers: Racers[],
  progress: (text: string) => void = () => {},
): Promise<Tallies> {
  const tallies = Object.fromEntries(
    Object.keys(KINDS).map((kind) => [
      kind,
      { codes: 0, submits: 0, once: 0, more: 0, never: 0, busy: 0, odd: '' },
    ]),
  ) as Tallies
  const waiting = [...racers]
  let done = 0
  const lane = async () => {
    for (let next = waiting.pop(); next !== undefined; next = waiting.pop()) {
      await raceAll(fleet, next, (race) => count(tallies[race.kind], race))
      done++
      if (done % Math.max(10, Math.ceil(racers.length / 10)) === 0)
        progress(`${done} of ${racers.length} codes of each kind`)
    }
  }
  await Promise.all(Array.from({ length: LANES }, lane))
  return tallies
}

function count(tally: Tally, { submits, accepted, answers }: Race): void {
  tally.codes++
  tally.submits += submits
  tally.busy += answers.filter(({ status }) => status === 503).length
  if (accepted === 1) tally.once++
  else if (accepted > 1) tally.more++
  else tally.never++
  if (accepted !== 1 && tally.odd === '') tally.odd = wordsFor(answers)
}

/** What came out of as many codes of each kind as were to be raced for. */
export function figuresOf(where: string, tallies: Tallies, expected: number): Figure[] {
  return Object.entries(KINDS).map(([kind, what]) => {
    const { codes, submits, once, more, never, busy, odd } = tallies[kind as Kind]
    const asked = busy === 0 ? '' : `; ${number(busy)} requests were asked to try again`
    const wrong = odd === '' ? '' : `; for example ${odd}`
    return {
      what: `${where}: ${what}`,
      figure: `${number(submits)} submits of ${number(codes)}: ${number(once)} accepted once, ${number(more)} more than once, ${number(never)} never${asked}${wrong}`,
      holds: once === expected && submits === expected * SUBMITS,
    }
  })
}

/** The second witness: what the servers wrote down themselves, where an acceptance writes an entry. */
function auditFigure(where: string, tallies: Tallies, audited: Record<string, number>): Figure {
  const expected: Record<string, number> = {
    'challenge.succeeded': sum(tallies, ['totp', 'backup-code', 'sms', 'email']),
    'device.used': sum(tallies, ['device']),
    'bypass.used': sum(tallies, ['bypass']),
    'link.used': sum(tallies, ['link']),
  }
  const told = Object.keys(expected).map((event) => `${event} ${number(audited[event] ?? 0)}`)
  return {
    what: `${where}: the audit has one entry for each acceptance`,
    figure: told.join(', '),
    holds: Object.entries(expected).every(([event, times]) => audited[event] === times),
  }
}

function sum(tallies: Tallies, kinds: Kind[]): number {
  return kinds.reduce((all, kind) => all + tallies[kind].once + tallies[kind].more, 0)
}

async function auditedIn(dbUrl: string): Promise<Record<string, number>> {
  const database = openForReading(dbUrl)
  const rows = await database.db
    .selectFrom('audit')
    .select((eb) => ['event', eb.fn.countAll().as('times')])
    .groupBy('event')
    .execute()
  await database.close()
  return Object.fromEntries(rows.map(({ event, times }) => [event, Number(times)]))
}

const number = (value: number) => value.toLocaleString('en')
