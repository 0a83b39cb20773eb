import { DatabaseSync } from 'node:sqlite'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { createLoginStore } from '../../src/adapters/store/login-store.ts'
import { openDatabase } from '../../src/adapters/store/database.ts'
import type { Database } from '../../src/adapters/store/database.ts'
import { createSealer } from '../../src/adapters/secrets/sealer.ts'
import type { LoginStore } from '../../src/core/ports.ts'
import { newKey, sqlitePlace } from '../support/stores.ts'
import type { Place } from '../support/stores.ts'

let place: Place
let database: Database
let store: LoginStore

beforeEach(async () => {
  place = sqlitePlace()
  database = await openDatabase(place.url)
  store = createLoginStore(database, createSealer([newKey()]))
})
afterEach(async () => {
  await database.close()
  await place.drop()
})

let users = 0
/** As large as a change with pictures would be. */
const write = async () => {
  users++
  const data = { secret: 'x'.repeat(100_000) }
  const credential = { id: `c${users}`, method: 'totp', label: undefined, data, at: users }
  return await store.commit({ realm: 'demo', userId: `user-${users}`, enrol: [credential] })
}
const pragma = (text: string) => database.sqlite?.exec(`PRAGMA ${text}`)
const AWAY = { name: 'AppError', code: 'unavailable' }

describe('a SQLite file that does badly refuses the write as a whole, and takes the next (B11, P15)', () => {
  it('where it takes no writes', async () => {
    pragma('query_only = ON')
    await expect(write()).rejects.toMatchObject(AWAY)
    expect((await store.background('demo', `user-${users}`, 'none')).credentials).toEqual([])
    pragma('query_only = OFF')
    expect(await write()).toBe('written')
  })

  it('where there is no room', async () => {
    pragma('max_page_count = 1')
    await expect(write()).rejects.toMatchObject(AWAY)
    expect((await store.background('demo', `user-${users}`, 'none')).credentials).toEqual([])
    pragma('max_page_count = 1000000')
    expect(await write()).toBe('written')
  })

  it('where another program holds it', async () => {
    const other = new DatabaseSync(place.url.slice('sqlite:'.length))
    other.exec('BEGIN IMMEDIATE')
    await expect(write()).rejects.toMatchObject(AWAY)
    other.exec('ROLLBACK')
    other.close()
    expect(await write()).toBe('written')
  })
})
