import { createDatabase, startOwnPostgres } from '../../test/support/postgres.ts'
import type { Part } from '../part.ts'
import { costOf } from './cost.ts'
import { startFloor } from './floor.ts'
import { openMeter } from './measure.ts'
import type { Meter, RivalName, Sample } from './measure.ts'
import { startOurs } from './ours.ts'
import { startPrivacyidea } from './privacyidea.ts'
import { privacyideaPython } from './python.ts'
import { MIXES } from './rival.ts'
import type { Mix, Rival } from './rival.ts'
import { LANES, outcomeOf } from './table.ts'

// A code answered: what the sidecar does for it, beside the floor (the least that can be done) and privacyIDEA.
//
// All are processes of their own on databases of one PostgreSQL, with its settings as they are made: a commit is on the
// disk before it is acknowledged. Each round measures each kind of answer at each number of requests at once, the rivals
// right after each other and in another order each time, by one client that shares their cores with them. What leads up
// to a code (the login to its step, users, tokens) is done before the clock starts; an answer that is not the expected one
// ends the run. CPU is what the kernel counted for the server's processes and for PostgreSQL's meanwhile, without the
// client's.

/** Answers in a sample; enough of them that a sample takes a good part of a second. */
const ANSWERS: Record<RivalName, Record<number, number>> = {
  ours: { 1: 40, 8: 160, 64: 192 },
  floor: { 1: 160, 8: 480, 64: 512 },
  privacyidea: { 1: 10, 8: 32, 64: 64 },
}
const ROUNDS = 5

/** `POST /realms/{realm}/step/{id}/challenge/{method}` against the floor and privacyIDEA. */
export const verify: Part = async (options) => {
  const python = await privacyideaPython(!options.quick)
  const postgres = await startOwnPostgres()
  const place = async () => (await createDatabase(postgres.url)).url
  const rivals = new Map<RivalName, Rival>()
  const meter = await openMeter(postgres)
  try {
    options.progress('starting the sidecar and its rivals')
    const cost = await costOf(await place())
    rivals.set('ours', await startOurs(await place()))
    rivals.set('floor', await startFloor(await place()))
    if ('bin' in python) rivals.set('privacyidea', await startPrivacyidea(await place(), python.bin))
    const samples = await rounds(meter, rivals, options)
    return outcomeOf(samples, cost, 'missing' in python ? python.missing : undefined)
  } finally {
    for (const rival of rivals.values()) await rival.stop()
    await meter.stop()
    await postgres.stop()
  }
}

async function rounds(
  meter: Meter,
  rivals: ReadonlyMap<RivalName, Rival>,
  options: Parameters<Part>[0],
): Promise<Sample[]> {
  const samples: Sample[] = []
  const sizeOf = (name: RivalName, lanes: number) =>
    Math.ceil((ANSWERS[name][lanes] ?? 0) / (options.quick && name !== 'privacyidea' ? 4 : 1))
  options.progress('warming up')
  for (const [name, rival] of rivals) {
    for (const mix of mixesOf(name)) await meter.measure(name, rival, mix, 8, sizeOf(name, 8))
  }
  for (let round = 1; round <= (options.quick ? 1 : ROUNDS); round++) {
    options.progress(`round ${round}`)
    for (const mix of MIXES) {
      for (const lanes of LANES) {
        for (const [name, rival] of inTurn([...rivals], round)) {
          if (mixesOf(name).includes(mix)) {
            samples.push(await meter.measure(name, rival, mix, lanes, sizeOf(name, lanes)))
          }
        }
      }
    }
  }
  return samples
}

/** The rivals know app codes alone. */
function mixesOf(name: RivalName): readonly Mix[] {
  return name === 'ours' ? MIXES : ['totp right', 'totp wrong']
}

function inTurn<T>(all: T[], round: number): T[] {
  const first = round % all.length
  return [...all.slice(first), ...all.slice(0, first)]
}
