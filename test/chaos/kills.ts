import { randomBytes } from 'node:crypto'
import { setTimeout as pause } from 'node:timers/promises'
import type { Anchor } from '../../src/adapters/store/audit-walk.ts'
import { createDatabase } from '../support/postgres.ts'
import { startRealm } from '../support/realm.ts'
import type { FakeRealm } from '../support/realm.ts'
import { sqlitePlace } from '../support/stores.ts'
import { compare, replay, verifyChain } from './ledger.ts'
import type { Totals } from './ledger.ts'
import type { Figure, Part } from './part.ts'
import { crowd } from './people.ts'
import type { Person } from './people.ts'
import { startKillablePostgres } from './postgres-process.ts'
import type { KillablePostgres } from './postgres-process.ts'
import { prepareRealm, settingsFor, startSidecar } from './sidecar.ts'
import type { Sidecar } from './sidecar.ts'

/** Kills of each kind in a whole run. */
const KILLS = 100
/** Clients that log in at the same time. */
const CLIENTS = 6
/** A kill comes once that many codes were spent and somebody was revoked, and up to so many milliseconds later. */
const MOMENT = { spent: 12, most: 300 }

/** Who is killed, and on which database. */
interface Victim {
  name: string
  dbUrl: string
  /** Kills it under load; gives the sidecar that answers afterwards. */
  kill(sidecar: Sidecar): Promise<Sidecar>
}

/**
 * `kill -9` of the sidecar, on either database, and of PostgreSQL, while people set up, log in, and are revoked. What a
 * client was told must be there afterwards, and no code be accepted again.
 */
export const kills: Part = async ({ size, progress }) => {
  const times = Math.max(1, Math.round(KILLS * size))
  const [realm, postgres, file] = [await startRealm(), await startKillablePostgres(), sqlitePlace()]
  const restarted = async (sidecar: Sidecar) => {
    await sidecar.kill()
    return await startSidecar(sidecar.environment)
  }
  const victims: Victim[] = [
    { name: 'the sidecar on SQLite', dbUrl: file.url, kill: restarted },
    { name: 'the sidecar on PostgreSQL', dbUrl: (await createDatabase(postgres.url)).url, kill: restarted },
    {
      name: 'PostgreSQL',
      dbUrl: (await createDatabase(postgres.url)).url,
      kill: async (sidecar) => await killPostgres(postgres, sidecar),
    },
  ]
  const figures: Figure[] = []
  try {
    for (const victim of victims) figures.push(...(await killAgainAndAgain(victim, realm, times, progress)))
  } finally {
    await postgres.stop()
    await realm.stop()
    await file.drop()
  }
  return figures
}

async function killPostgres(postgres: KillablePostgres, sidecar: Sidecar): Promise<Sidecar> {
  await postgres.kill()
  await postgres.start()
  while (sidecar.isAlive() && !(await sidecar.isReady())) await pause(20)
  return sidecar.isAlive() ? sidecar : await startSidecar(sidecar.environment)
}

async function killAgainAndAgain(
  { name, dbUrl, kill }: Victim,
  realm: FakeRealm,
  times: number,
  progress: (text: string) => void,
): Promise<Figure[]> {
  await prepareRealm(dbUrl, { enforcement: 'required', maxFailures: 20 })
  const keys = `k1:${randomBytes(32).toString('base64')}`
  const environment = await settingsFor({ keycloakUrl: realm.keycloakUrl, dbUrl, keys })
  const everybody: Person[] = []
  const [again, findings]: [string[], string[]] = [[], []]
  let sidecar = await startSidecar(environment)
  let anchor: Anchor | undefined
  let [endedByItself, inFlight] = [0, 0]
  for (let i = 1; i <= times; i++) {
    const actions = crowd(sidecar.url, realm)
    const load = await startLoad(actions)
    await load.underWay()
    await pause(Math.random() * MOMENT.most)
    const before = sidecar
    sidecar = await kill(before)
    if (name === 'PostgreSQL' && sidecar !== before) endedByItself++
    const { people, broken } = await load.stop()
    inFlight += broken
    everybody.push(...people)
    again.push(...(await replay(people, actions)))
    const verified = await verifyChain(environment, anchor)
    anchor = verified.head ?? anchor
    findings.push(...verified.findings)
    progress(`${name} killed ${i} of ${times} times, ${people.length} people between`)
  }
  const totals = await compare(everybody, dbUrl)
  await sidecar.stop()
  totals.acceptedTwice.push(...again)
  totals.audit = findings
  return figuresOf(name, times, inFlight, totals, endedByItself)
}

/** People come until it is stopped, or until an answer is lost. */
async function startLoad(actions: ReturnType<typeof crowd>) {
  const people: Person[] = []
  const load = { isOver: false, broken: 0 }
  const token = await actions.administrator()
  const client = async (n: number) => {
    for (let i = 0; !load.isOver; i++) {
      const person = await actions.enrol()
      people.push(person)
      await actions.spend(person, 'totp')
      await actions.spend(person, 'backup-codes')
      if ((i + n) % 3 === 0) await actions.revoke(person, token)
      else await actions.spend(person, 'backup-codes')
    }
  }
  const clients = Array.from({ length: CLIENTS }, async (_client, n) => {
    await client(n).catch(() => load.broken++)
  })
  return {
    async underWay() {
      const isSpent = () => people.flatMap(({ codes }) => codes).length >= MOMENT.spent
      const isRevoked = () => people.some(({ revocation }) => revocation === 'acknowledged')
      while (load.broken < CLIENTS && !(isSpent() && isRevoked())) await pause(5)
    },
    async stop() {
      load.isOver = true
      await Promise.all(clients)
      return { people, broken: load.broken }
    },
  }
}

function figuresOf(
  name: string,
  times: number,
  inFlight: number,
  totals: Totals,
  endedByItself: number,
): Figure[] {
  const { enrolments, revocations, codes, redeemed, entries, lost, acceptedTwice, audit } = totals
  const told = { enrolments, revocations, codes, redeemed, entries }
  const none = (what: string, list: string[]): Figure => ({
    what: `${name}: ${what}`,
    figure: [String(list.length), ...list.slice(0, 5)].join('; '),
    holds: list.length === 0,
  })
  return [
    {
      what: `${name}: kills, clients that were cut off`,
      figure: `${times}, ${inFlight}`,
      holds: inFlight > 0,
    },
    {
      what: `${name}: acknowledged enrolments, spent codes, redeemed logins, revocations, audit entries`,
      figure: [enrolments, codes, redeemed, revocations, entries].join(', '),
      holds: Object.values(told).every((count) => count > 0),
    },
    none('acknowledged and lost', lost),
    none('accepted twice', acceptedTwice),
    none('findings of audit verify', audit),
    ...(name === 'PostgreSQL'
      ? [
          {
            what: `${name}: sidecars that ended with it`,
            figure: String(endedByItself),
            holds: endedByItself === 0,
          },
        ]
      : []),
  ]
}
