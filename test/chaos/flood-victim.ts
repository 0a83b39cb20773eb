import { setTimeout as pause } from 'node:timers/promises'
import { openForReading } from '../../src/adapters/store/database.ts'
import { codeFor } from '../support/login.ts'
import { LOCKOUT, TRIES } from './flood-people.ts'
import type { Owner } from './flood-people.ts'
import type { RunningFleet } from './fleet.ts'
import { addressOf } from './lanes.ts'
import type { Figure } from './part.ts'
import { Play, isLetIn } from './play.ts'
import type { Answer } from './play.ts'

/** How many lockouts the attackers wait for the end of. */
const LOCKOUTS = 4
const LOGINS = 8
const GUESSES = 40

/**
 * Guesses at one account, at once from many addresses and again when each lockout ends. None is taken while it is locked,
 * each lockout is longer than the one before, and then its owner gets in (R7, R8, P25).
 */
export async function floodVictim(fleet: RunningFleet, victim: Owner, where: string): Promise<Figure[]> {
  const wrong = wrongCodes(await codesAround(victim.secret))
  const answers: Answer[] = []
  let logins: Play[] = []
  for (let locks = 0; locks < LOCKOUTS; locks = (await recordOf(fleet, victim)).locks.length) {
    logins = await begin(fleet, victim, LOGINS)
    const guesses = Array.from({ length: GUESSES }, async (_, i) => {
      const code = wrong.next().value ?? ''
      answers.push(await logins[i % LOGINS]!.submit('challenge/totp', { code }))
    })
    await Promise.all(guesses)
    if ((await recordOf(fleet, victim)).locks.length < LOCKOUTS) await lockEnds(logins[0]!)
  }
  const { failed, locks } = await recordOf(fleet, victim)
  const owner = await enter(logins[0]!, victim)
  const { succeeded, failures } = await recordOf(fleet, victim)

  const lengths = locks.map((_, i) => Math.min(LOCKOUT.first * 2 ** i, LOCKOUT.longest))
  const isLocked = (at: number) => locks.some((lock) => at > lock.at && at < lock.until)
  const early = failed.filter(isLocked).length
  const letIn = answers.filter(isLetIn).length
  return [
    {
      what: `${where}: wrong codes for one account, ${GUESSES} at once from ${LOGINS} addresses, until ${LOCKOUTS} lockouts (R7, R8)`,
      figure: `${answers.length} wrong codes: ${failed.length} taken, ${early} of them while it was locked, ${letIn} let in`,
      holds: Math.floor(failed.length / TRIES) === locks.length && early === 0 && letIn === 0,
    },
    {
      what: `${where}: its lockouts grow up to the longest, ${LOCKOUT.longest} s, and end by themselves (R8, P25)`,
      figure: `${locks.map(({ at, until }) => (until - at) / 1000).join(', ')} s`,
      holds: locks.every(({ at, until }, i) => until - at === lengths[i]! * 1000),
    },
    {
      what: `${where}: its owner, who enters right codes all the while, gets in when the last one is over (P25)`,
      figure: `${owner.refused} right codes were not taken before; ${failures} failures are held against the account`,
      holds: succeeded.length === 1 && !succeeded.some(isLocked) && failures === 0,
    },
  ]
}

/** Enters right codes until one is taken. */
async function enter(login: Play, { secret }: Owner): Promise<{ refused: number }> {
  for (let refused = 0; ; refused++) {
    const answer = await login.submit('challenge/totp', { code: await codeFor(secret, Date.now()) })
    if (isLetIn(answer)) return { refused }
    await pause(100)
  }
}

async function begin(fleet: RunningFleet, { user }: Owner, count: number): Promise<Play[]> {
  const logins = Array.from({ length: count }, (_, i) => new Play(fleet, { user, address: addressOf(i) }))
  for (const login of logins) await login.begin()
  return logins
}

/** The codes that could be right while the guesses go on. */
async function codesAround(secret: string): Promise<Set<string>> {
  const now = Date.now()
  const steps = Array.from({ length: 40 }, async (_, i) => await codeFor(secret, now + (i - 2) * 30_000))
  return new Set(await Promise.all(steps))
}

function* wrongCodes(right: Set<string>): Generator<string, undefined> {
  for (let i = 0; i < 1_000_000; i++) {
    const code = String(i).padStart(6, '0')
    if (!right.has(code)) yield code
  }
}

/** Looks at the page until it asks for a code again. */
async function lockEnds(login: Play): Promise<void> {
  while ((await login.page()).status === 429) await pause(100)
}

/** What the server wrote down of the account: times are epoch milliseconds. */
async function recordOf({ dbUrl }: RunningFleet, { user }: Owner) {
  const database = openForReading(dbUrl)
  const entries = await database.db
    .selectFrom('audit')
    .select(['event', 'at', 'detail'])
    .where('user_id', '=', user)
    .orderBy('at')
    .execute()
  const attempts = await database.db
    .selectFrom('attempt')
    .select('failures')
    .where('user_id', '=', user)
    .executeTakeFirst()
  await database.close()
  const of = (event: string) => entries.filter((entry) => entry.event === event)
  return {
    failures: attempts?.failures ?? 0,
    failed: of('challenge.failed').map(({ at }) => at),
    succeeded: of('challenge.succeeded').map(({ at }) => at),
    locks: of('lockout.started').map(({ at, detail }) => ({
      at,
      until: (JSON.parse(detail) as { until: number }).until,
    })),
  }
}
