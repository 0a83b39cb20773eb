import { sql } from 'kysely'
import { describe, expect, it } from 'vitest'
import { openDatabase } from '../../src/adapters/store/database.ts'
import { inspectDatabase } from '../../src/adapters/store/inspect.ts'
import { NEVER_SYNCED } from '../../src/core/sync/sync.ts'
import { PLACES, sqlitePlace } from '../support/stores.ts'

describe.each(PLACES)('looking at %s beside a running server', (_, makePlace) => {
  it('reads what the worker wrote down, by realm, and fills in what JSON leaves out', async () => {
    const place = await makePlace()
    const database = await openDatabase(place.url)
    const state = JSON.stringify({ pass: 3, state: { completedAt: 7, failures: 2 } })
    await database.db.insertInto('sync').values({ realm: 'demo', state }).execute()
    expect((await inspectDatabase(place.url)).sync).toEqual(
      new Map([['demo', { ...NEVER_SYNCED, completedAt: 7, failures: 2 }]]),
    )
    await database.close()
    await place.drop()
  })

  it('finds nothing wrong, then a migration that was not run', async () => {
    const place = await makePlace()
    const database = await openDatabase(place.url)
    expect(await inspectDatabase(place.url)).toEqual({ pending: [], sync: new Map() })
    await sql`delete from kysely_migration where name = '0001-login'`.execute(database.db)
    expect(await inspectDatabase(place.url)).toMatchObject({ pending: ['0001-login'] })
    await database.close()
    await place.drop()
  })
})

it('makes no file where there is none, and says what it cannot reach', async () => {
  const place = sqlitePlace()
  expect(await inspectDatabase(place.url)).toEqual({ pending: undefined })
  expect(await inspectDatabase(place.url)).toEqual({ pending: undefined })
  await place.drop()
  expect((await inspectDatabase('postgres://nobody@127.0.0.1:1/none')).problem).toContain('ECONNREFUSED')
})
