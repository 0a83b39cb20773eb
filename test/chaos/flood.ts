import { randomUUID } from 'node:crypto'
import { codeFor } from '../support/login.ts'
import { createDatabase, startPostgres } from '../support/postgres.ts'
import { sqlitePlace } from '../support/stores.ts'
import type { Place } from '../support/stores.ts'
import { startFleet } from './fleet.ts'
import type { RunningFleet } from './fleet.ts'
import { TEXTS, seedFlood } from './flood-people.ts'
import type { Owner } from './flood-people.ts'
import { floodTexts } from './flood-texts.ts'
import { floodVictim } from './flood-victim.ts'
import { addressOf, inLanes } from './lanes.ts'
import { look, memoryFigure } from './memory.ts'
import type { Memory } from './memory.ts'
import type { Figure, Part } from './part.ts'
import { Play, isLetIn } from './play.ts'

/** Attackers of the whole run, half of them on each database, and how long each half may take, milliseconds. */
const ATTACKERS = 100_000
const LONGEST = 300_000
const LANES = 16
/** Of so many attackers one knows the password of an account and guesses its code; the others push and leave. */
const GUESSES_EVERY = 4
const BYSTANDERS = 50
/** After so many attackers everything has been used; of a short run a quarter has to do. */
const WARM = 1_000

/** Very many strangers at once, and a few who know a password: memory, bystanders, lockouts and what is sent. */
export const flood: Part = async ({ size, progress }) => {
  const postgres = await startPostgres()
  try {
    return [
      ...(await floodOn('SQLite', sqlitePlace(), size, progress)),
      ...(await floodOn('PostgreSQL', await createDatabase(postgres.url), size, progress)),
    ]
  } finally {
    await postgres.stop()
  }
}

/** Floods one server on this database, which is gone at the end. */
export async function floodOn(
  where: string,
  place: Place,
  size: number,
  progress: (text: string) => void,
): Promise<Figure[]> {
  const attackers = Math.ceil((ATTACKERS / 2) * size)
  let people: Awaited<ReturnType<typeof seedFlood>> | undefined
  const fleet = await startFleet(place, {
    servers: 1,
    realms: ['demo', ...TEXTS],
    prepare: async (database, sealer) => {
      people = await seedFlood(database, sealer, {
        guessed: Math.ceil(attackers / GUESSES_EVERY),
        bystanders: BYSTANDERS,
      })
    },
  })
  try {
    const { guessed = [], bystanders = [], victim } = people ?? {}
    const [strangers, ofVictim, texts] = await Promise.all([
      floodWithStrangers(fleet, { where, attackers, guessed, bystanders, progress }),
      floodVictim(fleet, victim!, where),
      floodTexts(fleet, where),
    ])
    return [...strangers, ...ofVictim, ...texts]
  } finally {
    await fleet.stop()
  }
}

/** Everybody has a name and an address of their own; meanwhile bystanders log in, and memory is looked at. */
async function floodWithStrangers(
  fleet: RunningFleet,
  options: {
    where: string
    attackers: number
    guessed: Owner[]
    bystanders: Owner[]
    progress(text: string): void
  },
): Promise<Figure[]> {
  const { where, attackers, guessed, bystanders, progress } = options
  const end = Date.now() + LONGEST
  let warm: Memory | undefined
  const warmAt = Math.min(WARM, Math.floor(attackers / 4))
  const logins: boolean[] = []
  const told = { step: 0, refused: 0, letIn: 0 }
  const every = Math.max(1, Math.floor(attackers / (2 * BYSTANDERS)))

  const done = await inLanes(
    attackers,
    LANES,
    async (i) => {
      const owner = i % GUESSES_EVERY === 0 ? guessed[i / GUESSES_EVERY] : undefined
      await attack(fleet, i, owner, told)
      if (i === warmAt) warm = await look(fleet)
      if (i % every !== 0) return
      progress(`flood on ${where}: ${i} of ${attackers} attackers`)
      const bystander = (i / every) % 2 === 1 ? bystanders[(i / every - 1) / 2] : undefined
      if (bystander !== undefined) logins.push(await logIn(fleet, bystander))
    },
    () => Date.now() > end,
  )
  const last = await look(fleet)
  return [
    {
      what: `${where}: attackers, each with a user and an address of their own; one in ${GUESSES_EVERY} guesses at an account (R7, R8)`,
      figure: `${done.toLocaleString('en')} of ${attackers.toLocaleString('en')} in the time there was: ${told.step.toLocaleString('en')} steps begun, ${told.refused.toLocaleString('en')} wrong codes refused, ${told.letIn} let in`,
      holds: told.letIn === 0 && told.step === done && told.refused === Math.ceil(done / GUESSES_EVERY),
    },
    memoryFigure(`${where}: after ${warmAt.toLocaleString('en')} of them`, warm, last),
    {
      what: `${where}: bystanders who log in meanwhile, each once (R8, P25)`,
      figure: `${logins.filter(Boolean).length} of ${logins.length} let in at the first try`,
      holds: logins.length > 0 && logins.every(Boolean),
    },
  ]
}

/** One attacker: a push for somebody who is nobody here, or a wrong code for somebody who has an app. */
async function attack(
  fleet: RunningFleet,
  i: number,
  owner: Owner | undefined,
  told: { step: number; refused: number; letIn: number },
): Promise<void> {
  const login = new Play(fleet, { user: owner?.user ?? randomUUID(), address: addressOf(i) })
  if (owner === undefined) {
    if ((await login.push(await login.signed())).status === 201) told.step++
    return
  }
  await login.begin()
  told.step++
  const answer = await login.submit('challenge/totp', { code: await wrongFor(owner) })
  if (isLetIn(answer)) told.letIn++
  if (answer.location.endsWith('error=code-wrong')) told.refused++
}

async function logIn(fleet: RunningFleet, { user, secret }: Owner): Promise<boolean> {
  const login = await new Play(fleet, { user, address: '192.0.2.1' }).begin()
  return isLetIn(await login.submit('challenge/totp', { code: await codeFor(secret, Date.now()) }))
}

async function wrongFor({ secret }: Owner): Promise<string> {
  const now = Date.now()
  const right = await Promise.all(
    [-1, 0, 1, 2].map(async (step) => await codeFor(secret, now + step * 30_000)),
  )
  return ['424242', '424243', '424244', '424245', '424246'].find((code) => !right.includes(code))!
}
