import { setImmediate as tick } from 'node:timers/promises'
import { expect, inject, it } from 'vitest'
import { createSealer } from '../../src/adapters/secrets/sealer.ts'
import { openDatabase } from '../../src/adapters/store/database.ts'
import type { Change, LoginStore } from '../../src/core/ports.ts'
import { startApp } from '../support/app.ts'
import { createDatabase } from '../support/postgres.ts'
import { startRealm } from '../support/realm.ts'
import { newKey, sqlitePlace } from '../support/stores.ts'
import { environmentOf } from './fleet.ts'
import { startPost } from './post.ts'
import { KINDS } from './race-kinds.ts'
import { LINKED, seedRacers } from './race-people.ts'
import { figuresOf, raceOn, raceWith } from './races.ts'

/** Processes start in seconds, and much later on a machine that is busy. */
const PATIENCE = 180_000
const quiet = () => {}

it(
  'accepts each of 10 × 3 codes once, of eight submits each, on one server with SQLite (R2 to R4, R12, R13, R19, R29, P3, P8)',
  async () => {
    const figures = await raceOn('SQLite, one server', sqlitePlace(), { servers: 1, codes: 3 }, quiet)
    expect(figures.filter(({ holds }) => !holds)).toEqual([])
    expect(figures).toHaveLength(Object.keys(KINDS).length + 1)
  },
  PATIENCE,
)

it(
  'accepts each of 10 × 3 codes once, of eight submits each, on two servers with PostgreSQL (R2 to R4, R12, R13, R19, R29, P3, P8)',
  async () => {
    const place = await createDatabase(inject('postgresUrl'))
    const figures = await raceOn('PostgreSQL, two servers', place, { servers: 2, codes: 3 }, quiet)
    expect(figures.filter(({ holds }) => !holds)).toEqual([])
    expect(figures).toHaveLength(Object.keys(KINDS).length + 1)
  },
  PATIENCE,
)

it(
  'sees codes of every kind accepted twice by a store that reads, waits and writes (P3)',
  async () => {
    const place = sqlitePlace()
    const [realm, post, key] = [await startRealm(), await startPost(), newKey()]
    const database = await openDatabase(place.url)
    const racers = await seedRacers(database, createSealer([key]), post.mailPort, 3)
    await database.close()
    const app = await startApp({
      keycloakUrl: realm.keycloakUrl,
      realms: ['demo', LINKED],
      dbUrl: place.url,
      environment: environmentOf(post, key),
    })
    unguard(app.store)
    const tallies = await raceWith({ urls: [app.url], keycloak: realm, post }, racers)
    await Promise.all([app.stop(), realm.stop(), post.stop()])
    await place.drop()

    const blind = Object.entries(tallies).filter(([, { more }]) => more === 0)
    expect(blind).toEqual([])
    expect(figuresOf('a mutant', tallies, 3).filter(({ holds }) => holds)).toEqual([])
  },
  PATIENCE,
)

/** Takes every guard from what is written: a moment after it was decided, as if it had just been read. */
function unguard(store: LoginStore): void {
  const commit = store.commit.bind(store)
  store.commit = async (change) => {
    await tick()
    return await commit(await asRead(store, change))
  }
}

async function asRead(store: LoginStore, change: Change): Promise<Change> {
  const { realm, userId } = change
  // What is remembered of a message, of a spent link and of a spent code is the guard itself.
  const { once: _, useLink: __, spendBypass: ___, ...next } = change
  const nonce = (change.insert ?? change.transaction?.next)?.question.nonce ?? ''
  const now = await store.background(realm, userId, nonce)
  if (next.insert !== undefined && now.transaction !== undefined) {
    const { version } = now.transaction
    next.transaction = { next: next.insert, version }
    delete next.insert
  }
  // A redeemed step is written by no statement; who does not look writes nothing and goes on.
  if (now.transaction?.redeemed === true) delete next.transaction
  if (next.transaction !== undefined) {
    next.transaction = { ...next.transaction, version: now.transaction?.version ?? next.transaction.version }
  }
  if (next.attempts !== undefined) next.attempts = { ...next.attempts, version: now.attempts.version }
  if (next.listing !== undefined) next.listing = { ...next.listing, version: now.listing?.version }
  if (next.credentials !== undefined) {
    next.credentials = next.credentials.map((one) => ({
      ...one,
      version: now.credentials.find(({ id }) => id === one.id)?.version ?? one.version,
    }))
  }
  if (next.rotate !== undefined) {
    const { rotate } = next
    next.rotate = { ...rotate, from: now.devices.find(({ id }) => id === rotate.id)?.token ?? rotate.from }
  }
  return next
}
