import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { createSealer } from '../../src/adapters/secrets/sealer.ts'
import { openDatabase } from '../../src/adapters/store/database.ts'
import type { Database } from '../../src/adapters/store/database.ts'
import { createLoginStore } from '../../src/adapters/store/login-store.ts'
import { prune } from '../../src/adapters/store/prune.ts'
import type { Count, LoginStore } from '../../src/core/ports.ts'
import { NO_ATTEMPTS } from '../../src/core/login/lockout.ts'
import { PLACES, newKey } from '../support/stores.ts'
import type { Place } from '../support/stores.ts'

const HOUR = 3_600_000
/** The start of an hour. */
const AT = 500_000 * HOUR

describe.each(PLACES)('the counts of text messages on %s', (_, makePlace) => {
  let place: Place
  let database: Database
  let store: LoginStore
  let realms = 0

  beforeAll(async () => {
    place = await makePlace()
    database = await openDatabase(place.url)
    store = createLoginStore(database, createSealer([newKey()]))
  })
  afterAll(async () => {
    await database.close()
    await place.drop()
  })

  const newRealm = () => `realm-${++realms}`
  const count = (scope: Count['scope'], limit: number, key = '', window = HOUR): Count => ({
    scope,
    key,
    window,
    limit,
  })
  const add = async (realm: string, at: number, ...counts: Count[]) =>
    await store.commit({ realm, userId: 'u', counts: { at, counts } })

  it('take as many as the limit in a window, and say when the next one begins (R10)', async () => {
    const realm = newRealm()
    const one = count('number', 3, 'n')
    for (const at of [AT, AT + 1, AT + HOUR - 1]) expect(await add(realm, at, one)).toBe('written')
    for (const at of [AT, AT + 1, AT + HOUR - 1]) {
      expect(await add(realm, at, one)).toEqual({ limitedUntil: AT + HOUR })
    }
    expect(await add(realm, AT + HOUR, one)).toBe('written')
  })

  it('stand apart by scope, key, realm and window (R10)', async () => {
    const realm = newRealm()
    await add(realm, AT, count('number', 1, 'n'))
    for (const other of [
      count('number', 1, 'm'),
      count('prefix', 1, 'n'),
      count('number', 1, 'n', 24 * HOUR),
    ]) {
      expect(await add(realm, AT, other)).toBe('written')
    }
    expect(await add(newRealm(), AT, count('number', 1, 'n'))).toBe('written')
    expect(await add(realm, AT, count('number', 1, 'n'))).not.toBe('written')
  })

  it('go with the whole change or not at all: where one stands, no other is counted and nothing is written', async () => {
    const realm = newRealm()
    await add(realm, AT, count('hour', 1))
    const refused = await store.commit({
      realm,
      userId: 'u',
      attempts: { next: { ...NO_ATTEMPTS, failures: 4 }, version: 0 },
      counts: { at: AT, counts: [count('number', 2, 'n'), count('hour', 1), count('day', 9, '', 24 * HOUR)] },
    })
    expect(refused).toEqual({ limitedUntil: AT + HOUR })
    expect((await store.background(realm, 'u', 'x')).attempts).toEqual(NO_ATTEMPTS)
    expect(await add(realm, AT, count('number', 1, 'n'))).toBe('written')
    expect(await add(realm, AT, count('day', 1, '', 24 * HOUR))).toBe('written')
  })

  it('hold a limit that is lowered at once, and one that is raised too', async () => {
    const realm = newRealm()
    for (let i = 0; i < 4; i++) await add(realm, AT, count('hour', 10))
    expect(await add(realm, AT, count('hour', 3))).toEqual({ limitedUntil: AT + HOUR })
    expect(await add(realm, AT, count('hour', 5))).toBe('written')
    expect(await add(realm, AT, count('hour', 5))).toEqual({ limitedUntil: AT + HOUR })
  })

  it('take no more than the limit of 50 at the same time (R10, P3)', async () => {
    const realm = newRealm()
    const answers = await Promise.all(
      Array.from({ length: 50 }, (_add, i) =>
        add(realm, AT + i, count('number', 50, String(i)), count('hour', 7)),
      ),
    )
    expect(answers.filter((answer) => answer === 'written')).toHaveLength(7)
    expect(answers.filter((answer) => answer === 'lost')).toEqual([])
  })

  it('give the figures of the hour as numbers', async () => {
    const realm = newRealm()
    expect(await store.sendFigures(realm, AT)).toEqual({ sent: 0, verified: 0 })
    for (let i = 0; i < 3; i++) await add(realm, AT, count('hour', 10), count('number', 10, 'n'))
    await add(realm, AT + 5, count('verified', Number.MAX_SAFE_INTEGER))
    expect(await store.sendFigures(realm, AT + HOUR - 1)).toEqual({ sent: 3, verified: 1 })
    expect(await store.sendFigures(realm, AT + HOUR)).toEqual({ sent: 0, verified: 0 })
    expect(await store.sendFigures(newRealm(), AT)).toEqual({ sent: 0, verified: 0 })
  })

  it('are cleaned up once their window is over, and not before it', async () => {
    const realm = newRealm()
    await add(realm, AT, count('hour', 2), count('day', 2, '', 24 * HOUR))
    await prune(database, AT + HOUR - 1)
    expect(await store.sendFigures(realm, AT)).toMatchObject({ sent: 1 })
    await prune(database, AT + HOUR + 1)
    expect(await store.sendFigures(realm, AT)).toMatchObject({ sent: 0 })
    await add(realm, AT + HOUR, count('day', 2, '', 24 * HOUR))
    expect(await add(realm, AT + HOUR, count('day', 2, '', 24 * HOUR))).not.toBe('written')
  })
})
