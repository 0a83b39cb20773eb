import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { readExport } from '../../src/adapters/keycloak/moving/export-file.ts'
import { createSealer } from '../../src/adapters/secrets/sealer.ts'
import { openDatabase } from '../../src/adapters/store/database.ts'
import type { Database } from '../../src/adapters/store/database.ts'
import { createLoginStore } from '../../src/adapters/store/login-store.ts'
import { createMovingStore } from '../../src/adapters/store/moving-store.ts'
import { importInto } from '../../src/cli/import.ts'
import { moveIn } from '../../src/cli/import-run.ts'
import type { ForeignUser, MovingChange, MovingStore } from '../../src/core/moving/moving.ts'
import type { LoginStore } from '../../src/core/ports.ts'
import { writeBigExport } from '../support/moving.ts'
import { seedDirectory } from '../support/people.ts'
import { PLACES, dump, newKey, sqlitePlace } from '../support/stores.ts'
import type { Place } from '../support/stores.ts'

const NOW = 1_800_000_000_000
const SECRET = 'MFRGGZDFMZTWQ2LKGAYTEMZUGU3DOOBZ'
const key = newKey()

async function* source(...users: ForeignUser[]) {
  yield* users
}
const user = (id: string, ...sources: string[]): ForeignUser => ({
  id,
  apps: sources.map((one) => ({
    id: one,
    label: 'Pixel',
    createdAt: NOW - 5000,
    data: { secret: SECRET, lastStep: 7, digits: 8 },
  })),
  phone: undefined,
  hasCredentials: true,
})

describe.each(PLACES)('what moves in on %s', (_, makePlace) => {
  let place: Place
  let database: Database
  let store: MovingStore
  let login: LoginStore
  beforeAll(async () => {
    place = await makePlace()
    database = await openDatabase(place.url)
    store = createMovingStore(database, createSealer([key]))
    login = createLoginStore(database, createSealer([key]))
    await seedDirectory(database, 'acme', { users: [{ id: 'gone', username: 'gone', goneAt: NOW }] })
  })
  afterAll(async () => {
    await database.close()
    await place.drop()
  })
  const move = async (...users: ForeignUser[]) => {
    const options = { realm: 'acme', dryRun: false, clock: () => NOW, readPhone: () => undefined }
    return Object.fromEntries((await moveIn({ ...options, store, users: source(...users) })).apps)
  }
  const credentials = async (userId: string) => (await login.background('acme', userId, 'none')).credentials

  it('is a credential like any other, with its own parameters, sealed (R5)', async () => {
    expect(await move(user('ann', 'k1', 'k2'))).toEqual({ moved: 2 })
    expect(await credentials('ann')).toMatchObject([
      {
        method: 'totp',
        label: 'Pixel',
        version: 1,
        failures: 0,
        data: { secret: SECRET, lastStep: 7, digits: 8 },
      },
      { data: { secret: SECRET } },
    ])
    expect((await dump(database)).filter(({ text }) => text.includes(SECRET))).toEqual([])
  })

  it('stands in the audit as the work of the command line', async () => {
    const rows = await database.db.selectFrom('audit').selectAll().where('user_id', '=', 'ann').execute()
    expect(rows.map(({ event, actor, at }) => ({ event, actor, at }))).toEqual(
      Array.from({ length: 2 }, () => ({
        event: 'method.imported',
        actor: 'latchkey:command-line',
        at: NOW,
      })),
    )
  })

  it('does not move again, and is not given back once it was removed here', async () => {
    expect(await move(user('ann', 'k1', 'k2'))).toEqual({ present: 2 })
    const [first] = await credentials('ann')
    await login.commit({ realm: 'acme', userId: 'ann', remove: [first?.id ?? ''] })
    expect(await move(user('ann', 'k1', 'k2'))).toEqual({ removed: 1, present: 1 })
    expect(await credentials('ann')).toHaveLength(1)
  })

  it('is of one realm: the same id in another is another', async () => {
    const other = { realm: 'other', dryRun: false, clock: () => NOW, readPhone: () => undefined, store }
    expect((await moveIn({ ...other, users: source(user('ann', 'k1')) })).apps.get('moved')).toBe(1)
  })

  it('is nothing of a user who is gone from Keycloak (R32)', async () => {
    expect(await move(user('gone', 'k9'))).toEqual({ gone: 1 })
    expect(await credentials('gone')).toEqual([])
  })

  it('moves once where two runs do it at the same time', async () => {
    const users = Array.from({ length: 250 }, (__, i) => user(`twin-${i}`, `twin-${i}`))
    const both = await Promise.all([move(...users), move(...users)])
    const moved = both.reduce((sum, { moved: number = 0 }) => sum + number, 0)
    expect(moved).toBe(250)
    const rows = await database.db
      .selectFrom('credential')
      .select('id')
      .where('user_id', 'like', 'twin-%')
      .execute()
    expect(rows).toHaveLength(250)
  })

  it('is refused whole where one of it came in meanwhile', async () => {
    const one = (id: string, from: string) =>
      ({
        id,
        source: from,
        userId: 'zoe',
        method: 'totp',
        label: undefined,
        data: {},
        createdAt: NOW,
      }) as const
    const change: MovingChange = {
      realm: 'acme',
      at: NOW,
      credentials: [one('z1', 'z'), one('z2', 'k2')],
      audit: [],
    }
    expect(await store.commit(change)).toBe('lost')
    expect(await credentials('zoe')).toEqual([])
  })
})

it('reads a hundred thousand users without holding them', { timeout: 300_000 }, async () => {
  setFlagsFromString('--expose-gc')
  const collect = runInNewContext('gc') as () => void
  const place = sqlitePlace()
  const path = `${place.url.slice('sqlite:'.length)}.json`
  try {
    await writeBigExport(path, 'acme', 100_000)
    await (await openDatabase(place.url)).close()
    const users = readExport(path, { realm: 'acme', phoneAttribute: 'phoneNumber', now: NOW })
    const held: number[] = []
    const tally = await importInto(
      { dbUrl: place.url, encryptionKeys: [key] },
      { realm: 'acme', users, dryRun: true },
      ({ users: count }) => {
        if (count % 10_000 !== 0) return
        collect()
        held.push(process.memoryUsage().heapUsed / 1e6)
      },
    )
    expect(tally).toMatchObject({ users: 100_000, apps: new Map([['moved', 100_000]]) })
    expect(held).toHaveLength(10)
    expect(Math.max(...held) - Math.min(...held)).toBeLessThan(20)
    console.log(`100,000 users: ${held.map(Math.round).join(', ')} MB held`)
  } finally {
    await place.drop()
  }
})
