import { setTimeout as pause } from 'node:timers/promises'
import { startRealm } from '../support/realm.ts'
import type { FakeRealm } from '../support/realm.ts'
import { createDatabase, startOwnPostgres } from '../support/postgres.ts'
import { clockFaults } from './clock-faults.ts'
import { databaseFaults } from './database-faults.ts'
import type { Figure, Part } from './part.ts'
import { FAULTS } from './proxy.ts'
import type { Fault } from './proxy.ts'
import { databaseStage, keycloakStage, mailStage, smsStage } from './stages.ts'
import { tells } from './sidecar.ts'
import type { Ask, Stage } from './stage.ts'

/** Milliseconds that a request may take, and that all may take to be well again. */
interface Bounds {
  answer: number
  well: number
}
const WHOLE: Bounds = { answer: 3_000, well: 5_000 }
/** Of the short form, which runs beside other tests: only that an answer comes at all. */
const SHORT: Bounds = { answer: 10_000, well: 30_000 }
/** Clients of each kind in a whole run. */
const CLIENTS = 5
/** What is tried in the short form where it is not the database's way. */
const SHORT_FAULTS: readonly Fault[] = ['black hole', 'down']
/** Milliseconds after which a client gives up. */
const GIVE_UP = 30_000

/**
 * Whatever is between the sidecar and its world does badly in every way, and the database in some more: every request is
 * answered, nobody is let in, the process lives and says what is wrong, and all is well soon after.
 */
export const faults: Part = async ({ size, progress }) => {
  const isWhole = size >= 1
  const [bounds, clients] = isWhole ? [WHOLE, CLIENTS] : [SHORT, 1]
  const [realm, postgres] = [await startRealm(), await startOwnPostgres()]
  const run = async (make: () => Promise<Stage>): Promise<Figure[]> => {
    const stage = await make()
    try {
      const figures: Figure[] = []
      for (const fault of isWhole || stage.isDown ? FAULTS : SHORT_FAULTS) {
        figures.push(...(await withFault(stage, fault, clients, bounds)))
        progress(`${stage.name}: ${fault}`)
      }
      return figures
    } finally {
      await stage.stop()
    }
  }
  try {
    const works = [
      ...stagesOf(realm, postgres.url).map((make) => async () => await run(make)),
      async () => await databaseFaults(realm, postgres.url),
      async () => await clockFaults(realm),
    ]
    const groups = isWhole
      ? await oneByOne(works)
      : await Promise.all(works.map(async (work) => await work()))
    return groups.flat()
  } finally {
    await postgres.stop()
    await realm.stop()
  }
}

function stagesOf(realm: FakeRealm, postgresUrl: string): (() => Promise<Stage>)[] {
  return [
    async () => await databaseStage(realm, (await createDatabase(postgresUrl)).url),
    async () => await keycloakStage(realm, false),
    async () => await keycloakStage(realm, true),
    async () => await smsStage(realm, 'webhook'),
    async () => await smsStage(realm, 'twilio'),
    async () => await mailStage(realm),
  ]
}

async function oneByOne<T>(works: (() => Promise<T>)[]): Promise<T[]> {
  const results: T[] = []
  for (const work of works) results.push(await work())
  return results
}

async function withFault(stage: Stage, fault: Fault, clients: number, bounds: Bounds): Promise<Figure[]> {
  const asks = await stage.prepare(clients)
  const before = stage.sidecar()
  const mark = before.log().length
  await stage.proxy.set(fault)
  const [answers, isReady] = await Promise.all([
    Promise.all(asks.map(async (ask) => await answerTo(ask))),
    before.isReady(),
  ])
  const isTold = answers.every(({ isLost }) => !isLost) || (await tells(before, mark, stage.tells))
  const isHealthTrue = fault === 'slow' || fault === 'latency' || isReady !== stage.isDown
  const isAlive = before.isAlive()
  await stage.proxy.set(undefined)
  const well = await untilWell(stage, bounds.well)
  const longest = Math.max(...answers.map(({ took }) => took))
  const wrong = answers.flatMap(({ wrong: why }) => why ?? [])
  const what = `${stage.name}, ${fault}`
  return [
    {
      what: `${what}: requests, the longest took`,
      figure: `${answers.length}, ${Math.round(longest)} ms`,
      holds: longest < bounds.answer,
    },
    {
      what: `${what}: answers that are not as they must be`,
      figure: [String(wrong.length), ...new Set(wrong)].join('; '),
      holds: wrong.length === 0,
    },
    {
      what: `${what}: the process lives, the log tells, health is true`,
      figure: [isAlive, isTold, isHealthTrue].map((yes) => (yes ? 'yes' : 'no')).join(', '),
      holds: isAlive && isTold && isHealthTrue,
    },
    { what: `${what}: well again after`, figure: `${Math.round(well)} ms`, holds: well < bounds.well },
  ]
}

/** What came back. `isLost`: the fault was felt; `wrong`: why it is not as it must be. */
async function answerTo({
  what,
  must,
  ask,
}: Ask): Promise<{ took: number; isLost: boolean; wrong?: string }> {
  const begun = performance.now()
  try {
    const response = await ask(AbortSignal.timeout(GIVE_UP))
    const body = await response.text()
    const took = performance.now() - begun
    const location = response.headers.get('location') ?? ''
    const isLost = response.status >= 500 || location.includes('send=')
    const letsIn = /[?&]code=/.test(location) || /"(decision|id_token)"/.test(body)
    const isClear =
      /data-page="error"|"error":"temporarily_unavailable"|urn:latchkey:problem:unavailable/.test(body)
    const isRight = {
      refused: !letsIn && response.status === 503 && isClear,
      'goes on': response.status < 500,
      answered: !letsIn && (response.status < 500 || (response.status === 503 && isClear)),
    }[must]
    return {
      took,
      isLost,
      ...(isRight ? {} : { wrong: `${what}: ${response.status} ${body.slice(0, 200)}` }),
    }
  } catch (error) {
    return { took: performance.now() - begun, isLost: true, wrong: `${what}: ${String(error)}` }
  }
}

/** Milliseconds until what the fault kept from being done is done; at most a little more than `most`. */
async function untilWell(stage: Stage, most: number): Promise<number> {
  const begun = performance.now()
  while (performance.now() - begun < most) {
    if ((await stage.isWell().catch(() => false)) && (await stage.sidecar().isReady())) break
    await pause(50)
  }
  return performance.now() - begun
}
