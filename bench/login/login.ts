import { interleaved, median, percentile, ratio } from '../figures.ts'
import type { Round } from '../figures.ts'
import { against } from '../part.ts'
import type { Outcome, Part, Row } from '../part.ts'
import { closeConnections } from './browser.ts'
import type { Queue } from './people.ts'
import { logIn } from './walk.ts'
import type { Second, Walk } from './walk.ts'
import { startWorld } from './world.ts'
import type { Cpu, World } from './world.ts'

/** Logins at once where throughput and processor time are measured. */
const AT_ONCE = 4

const SIZES = {
  quick: { users: 30, rounds: 30, slots: 1, perSlot: 24 },
  whole: { users: 200, rounds: 250, slots: 2, perSlot: 100 },
}

type Size = (typeof SIZES)['whole']

/** A kind of login, and what it came to so far. */
interface Side {
  logIn(): Promise<number>
  walks: Walk[]
  /** Of each slot: logins a second, and milliseconds of processor time for each of its logins. */
  slots: ({ perSecond: number } & Cpu)[]
}

/** Two kinds that are compared. */
interface Pair {
  ours: Side
  theirs: Side
}

/** Whole logins at a real Keycloak, with Latchkey and without it. */
export const login: Part = async ({ quick, ...options }) => {
  const progress = (text: string) => options.progress(text)
  const size = quick ? SIZES.quick : SIZES.whole
  const world = await startWorld(size.users, { quick, progress })
  try {
    const { ours, theirs, queues } = world
    const pairs = {
      vsKeycloakOtp: {
        ours: sideOf(ours, queues.app, 'ours', ['pwd', 'otp', 'mfa']),
        theirs: sideOf(theirs, queues.otp, 'otp-form'),
      },
      notNeeded: {
        ours: sideOf(ours, queues.oursAlone, 'none', ['pwd']),
        theirs: sideOf(theirs, queues.theirsAlone, 'none'),
      },
    }
    const samples = await measure(world, pairs, size, progress)
    return outcomeOf(world, pairs, samples)
  } finally {
    closeConnections()
    await world.stop()
  }
}

/** @param amr what the ID token must say; undefined where nothing writes it */
function sideOf(issuer: string, queue: Queue, second: Second, amr?: string[]): Side {
  const side: Side = {
    walks: [],
    slots: [],
    async logIn() {
      const walk = await queue.next((person) => logIn(issuer, person, second))
      if (JSON.stringify(walk.amr) !== JSON.stringify(amr)) {
        throw new Error(`the ID token says amr ${JSON.stringify(walk.amr)}, not ${JSON.stringify(amr)}`)
      }
      side.walks.push(walk)
      return walk.ms
    },
  }
  return side
}

type Pairs<T> = { vsKeycloakOtp: T; notNeeded: T }

async function measure(
  world: World,
  { vsKeycloakOtp, notNeeded }: Pairs<Pair>,
  size: Size,
  progress: (text: string) => void,
): Promise<Pairs<Round[]>> {
  const compare = async (pair: Pair, rounds: number) =>
    await interleaved(
      rounds,
      () => pair.ours.logIn(),
      () => pair.theirs.logIn(),
    )
  const sides = [vsKeycloakOtp, notNeeded].flatMap(({ ours, theirs }) => [ours, theirs])

  // Everybody once: a user's first login also writes what Keycloak's consoles list of their methods.
  progress(`Warming up: ${size.users} logins of each kind`)
  for (const pair of [vsKeycloakOtp, notNeeded]) await compare(pair, size.users)
  for (const side of sides) side.walks = []

  const before = await decisions(world)
  progress(`One login at a time: ${size.rounds} of each kind`)
  const samples = {
    vsKeycloakOtp: await compare(vsKeycloakOtp, size.rounds),
    notNeeded: await compare(notNeeded, size.rounds),
  }
  const walks = sides.map((side) => side.walks)

  progress(`${AT_ONCE} logins at a time`)
  for (let i = 0; i < size.slots; i++) {
    for (const side of i % 2 === 0 ? sides : sides.toReversed())
      side.slots.push(await slot(world, side, size))
  }
  sides.forEach((side, i) => (side.walks = walks[i] ?? []))

  const after = await decisions(world)
  const expected = size.rounds + size.slots * size.perSlot
  const told = [after.needed - before.needed, after.notNeeded - before.notNeeded]
  if (told.some((number) => number !== expected)) {
    throw new Error(
      `the sidecar decided "needed" and "not needed" ${told.join(' and ')} times, not ${expected}`,
    )
  }
  return samples
}

/** How often the sidecar said that a second factor is needed, and that none is. */
async function decisions(world: World) {
  const total = async (result: string) => await world.metric('latchkey_pushes_total', `result="${result}"`)
  return { needed: await total('needed'), notNeeded: await total('not-needed') }
}

/** Several at a time, of one kind alone, so that all that the processors do is for that kind. */
async function slot(world: World, side: Side, { perSlot }: Size): Promise<Side['slots'][number]> {
  const [cpu, begun] = [world.cpu(), performance.now()]
  let left = perSlot
  const one = async () => {
    while (left-- > 0) await side.logIn()
  }
  await Promise.all(Array.from({ length: AT_ONCE }, one))
  const seconds = (performance.now() - begun) / 1000
  const used = world.cpu()
  const each = (who: keyof Cpu) => ((used[who] - cpu[who]) * 1000) / perSlot
  return {
    perSecond: perSlot / seconds,
    keycloak: each('keycloak'),
    sidecar: each('sidecar'),
    database: each('database'),
  }
}

function outcomeOf(world: World, pairs: Pairs<Pair>, samples: Pairs<Round[]>): Outcome {
  const ratios = { vsKeycloakOtp: ratio(samples.vsKeycloakOtp), notNeeded: ratio(samples.notNeeded) }
  const goal = { most: 1.05 }
  return {
    rows: [
      against("password and Latchkey's app by Keycloak's own", ratios.vsKeycloakOtp, goal),
      ...rowsOf(pairs.vsKeycloakOtp, "Latchkey's app", "Keycloak's"),
      against('password alone, Latchkey asked and not needed, by no Latchkey', ratios.notNeeded, goal),
      ...rowsOf(pairs.notNeeded, 'Latchkey asked', 'no Latchkey'),
    ],
    data: {
      ...ratios,
      samples,
      sides: {
        vsKeycloakOtp: {
          ours: figuresOf(pairs.vsKeycloakOtp.ours),
          theirs: figuresOf(pairs.vsKeycloakOtp.theirs),
        },
        notNeeded: { ours: figuresOf(pairs.notNeeded.ours), theirs: figuresOf(pairs.notNeeded.theirs) },
      },
    },
    versions: { Keycloak: world.version },
  }
}

/** What stands behind a ratio: no goals. */
function rowsOf(pair: Pair, our: string, their: string): Row[] {
  const [ours, theirs] = [figuresOf(pair.ours), figuresOf(pair.theirs)]
  const row = (what: string, figure: (of: typeof ours) => string): Row => ({
    what: `${what}: ${our} / ${their}`,
    figure: `${figure(ours)} / ${figure(theirs)}`,
    goal: '',
  })
  return [
    row(
      'median, 95 of 100 within',
      ({ medianMs, p95Ms }) => `${medianMs.toFixed(1)}, ${p95Ms.toFixed(1)} ms`,
    ),
    row(`logins a second, ${AT_ONCE} at a time`, ({ perSecond }) => perSecond.toFixed(1)),
    row(
      'processor time a login: Keycloak + sidecar + database',
      ({ cpuMs }) =>
        `${cpuMs.keycloak.toFixed(1)} + ${cpuMs.sidecar.toFixed(1)} + ${cpuMs.database.toFixed(1)} ms`,
    ),
  ]
}

function figuresOf({ walks, slots }: Side) {
  const times = walks.map(({ ms }) => ms)
  const names = Object.keys(walks[0]?.legs ?? {})
  const ofSlots = (figure: keyof Side['slots'][number]) => median(slots.map((one) => one[figure]))
  return {
    medianMs: median(times),
    p95Ms: percentile(times, 95),
    /** The median of each request. */
    legsMs: Object.fromEntries(names.map((name) => [name, median(walks.map(({ legs }) => legs[name] ?? 0))])),
    perSecond: ofSlots('perSecond'),
    cpuMs: { keycloak: ofSlots('keycloak'), sidecar: ofSlots('sidecar'), database: ofSlots('database') },
  }
}
