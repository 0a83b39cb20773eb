import { randomBytes } from 'node:crypto'
import { codeFor } from '../test/support/login.ts'
import { appOf, saveCredentials } from '../test/chaos/race-people.ts'
import { Play, isLetIn } from '../test/chaos/play.ts'
import { startPost } from '../test/chaos/post.ts'
import { createDatabase, startPostgres } from '../test/support/postgres.ts'
import { startRealm } from '../test/support/realm.ts'
import { newKey, sqlitePlace } from '../test/support/stores.ts'
import type { Place } from '../test/support/stores.ts'
import { createSealer } from '../src/adapters/secrets/sealer.ts'
import { openDatabase } from '../src/adapters/store/database.ts'
import { createPolicyStore } from '../src/adapters/store/policy-store.ts'
import { root } from '../scripts/lib/paths.ts'
import { run } from '../scripts/lib/run.ts'
import { median } from './figures.ts'
import { against } from './part.ts'
import type { Part } from './part.ts'
import { residentBytes } from './processes.ts'
import { bundle, startServer } from './servers.ts'

const STARTS = { quick: 3, whole: 9 }
const LOGINS = { quick: 200, whole: 1_000 }
const LANES = 4
/** What is asked at most: of a start milliseconds, of memory MiB. */
const READY = 700
const MEBIBYTES = 120

/** What Node takes for nothing, and for the web framework alone, until it could answer. */
const FLOORS = {
  node: '0',
  express: "require('express')().listen(0, '127.0.0.1', () => process.exit())",
}

/** From the start of the process to ready on a database that is up to date; then what it holds after whole logins. */
export const start: Part = async ({ quick, progress }) => {
  const [starts, logins] = quick ? [STARTS.quick, LOGINS.quick] : [STARTS.whole, LOGINS.whole]
  await bundle()
  const postgres = await startPostgres()
  try {
    const places = { PostgreSQL: await createDatabase(postgres.url), SQLite: sqlitePlace() }
    const [onPostgres, onSqlite] = [
      await siteAt(places.PostgreSQL, logins),
      await siteAt(places.SQLite, logins),
    ]
    try {
      const samples = {
        postgres: [] as number[],
        sqlite: [] as number[],
        node: [] as number[],
        express: [] as number[],
      }
      for (let i = 0; i < starts; i++) {
        progress(`start ${i + 1} of ${starts}`)
        // In turn, so that what slows the machine for a while slows all of them.
        samples.postgres.push(await onPostgres.start())
        samples.sqlite.push(await onSqlite.start())
        samples.node.push(await floor(FLOORS.node))
        samples.express.push(await floor(FLOORS.express))
      }
      progress(`${logins} whole logins on each database`)
      const rss = { postgres: await onPostgres.logIn(), sqlite: await onSqlite.logIn() }
      const ms = { unit: ' ms', digits: 0 }
      const readyMs = { postgres: median(samples.postgres), sqlite: median(samples.sqlite) }
      const inMebibytes = (bytes: number) => bytes / 2 ** 20
      const after = `memory after ${logins.toLocaleString('en')} whole logins`
      return {
        rows: [
          against('start to ready, PostgreSQL', readyMs.postgres, { most: READY }, ms),
          against('start to ready, SQLite', readyMs.sqlite, { most: READY }, ms),
          { what: 'beside it: node -e 0', figure: `${median(samples.node).toFixed(0)} ms`, goal: '' },
          { what: 'beside it: a bare express', figure: `${median(samples.express).toFixed(0)} ms`, goal: '' },
          against(`${after}, PostgreSQL`, inMebibytes(rss.postgres.after), { most: MEBIBYTES }, MIB),
          against(`${after}, SQLite`, inMebibytes(rss.sqlite.after), { most: MEBIBYTES }, MIB),
        ],
        data: {
          readyMs: Math.max(readyMs.postgres, readyMs.sqlite),
          rssMb: inMebibytes(Math.max(rss.postgres.after, rss.sqlite.after)),
          logins,
          residentBytes: rss,
          samples,
        },
      }
    } finally {
      await Promise.all([onPostgres.stop(), onSqlite.stop()])
    }
  } finally {
    await postgres.stop()
  }
}
const MIB = { unit: ' MiB', digits: 0 }

/** A database that is up to date, with so many people who have an app. */
async function siteAt(place: Place, people: number) {
  const [keycloak, post, key] = [await startRealm(), await startPost(), newKey()]
  const sealer = createSealer([key])
  const users = Array.from({ length: people }, () => {
    const user = randomBytes(16).toString('hex')
    return { user, ...appOf(user, sealer) }
  })
  const database = await openDatabase(place.url)
  await createPolicyStore(database).saveSettings('demo', { enforcement: 'required' })
  await saveCredentials(
    database,
    sealer,
    'demo',
    users.flatMap(({ credentials }) => credentials),
  )
  await database.close()
  const open = async () =>
    await startServer({
      LATCHKEY_ENCRYPTION_KEYS: `${key.id}:${key.key.toString('base64')}`,
      LATCHKEY_DB_URL: place.url,
      LATCHKEY_KEYCLOAK_URL: keycloak.keycloakUrl,
    })
  return {
    /** Milliseconds until it was ready. */
    async start() {
      const server = await open()
      await server.stop()
      return server.readyMs
    },
    /** Everybody logs in once. @returns what the process has resident, its garbage and all, bytes */
    async logIn() {
      const server = await open()
      try {
        const before = residentBytes(server.pid)
        const fleet = { urls: [server.url], keycloak, post }
        const waiting = users.values()
        await Promise.all(
          Array.from({ length: LANES }, async () => {
            for (const { user, secret } of waiting) await logIn(fleet, user, secret)
          }),
        )
        return { before, after: residentBytes(server.pid) }
      } finally {
        await server.stop()
      }
    },
    async stop() {
      await Promise.all([keycloak.stop(), post.stop()])
      await place.drop()
    },
  }
}

/** A whole login: question, browser, page, code, redemption. @throws Error where it did not go through */
async function logIn(
  fleet: ConstructorParameters<typeof Play>[0],
  user: string,
  secret: string,
): Promise<void> {
  const login = await new Play(fleet, { user }).begin()
  await login.page()
  const answer = await login.submit('challenge/totp', { code: await codeFor(secret, Date.now()) })
  if (!isLetIn(answer)) throw new Error(`not let in: ${answer.status} ${answer.location}`)
  const { status } = await login.redeem(new URL(answer.location).searchParams.get('code') ?? '')
  if (status !== 200) throw new Error(`the code was not redeemed: ${status}`)
}

async function floor(script: string): Promise<number> {
  const begun = performance.now()
  await run(process.execPath, ['-e', script], { cwd: root, what: 'node' })
  return performance.now() - begun
}
