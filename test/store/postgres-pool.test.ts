import { sql } from 'kysely'
import { afterEach, beforeEach, describe, expect, inject, it } from 'vitest'
import { openDatabase } from '../../src/adapters/store/database.ts'
import type { Database } from '../../src/adapters/store/database.ts'
import { patiently, withinRequest } from '../../src/patience.ts'
import { startProxy } from '../chaos/proxy.ts'
import type { Proxy } from '../chaos/proxy.ts'
import { createDatabase } from '../support/postgres.ts'
import type { TestDatabase } from '../support/postgres.ts'

let place: TestDatabase
let proxy: Proxy
let database: Database

beforeEach(async () => {
  place = await createDatabase(inject('postgresUrl'))
  const url = new URL(place.url)
  proxy = await startProxy(Number(url.port))
  url.port = String(proxy.port)
  database = await openDatabase(url.href)
})
afterEach(async () => {
  await proxy.set(undefined)
  await database.close()
  await proxy.stop()
  await place.drop()
})

const one = async () => await sql`select 1 as one`.execute(database.db)
const AWAY = { name: 'AppError', code: 'unavailable' }

describe('statements on a PostgreSQL that does badly (B11, P15)', () => {
  it('end where no answer comes, and what hung is used no more', async () => {
    await one()
    await proxy.set('black hole')
    await expect(withinRequest(one)).rejects.toMatchObject(AWAY)
    await proxy.set(undefined)
    expect((await withinRequest(one)).rows).toEqual([{ one: 1 }])
  })

  it('fail where their connection breaks, and the process lives', async () => {
    const slow = sql`select pg_sleep(20)`.execute(database.db)
    const ended = expect(slow).rejects.toMatchObject(AWAY)
    await expect
      .poll(async () => (await activity("query like 'select pg_sleep%'")).length, { timeout: 10_000 })
      .toBe(1)
    await proxy.set('reset')
    await ended
    await proxy.set(undefined)
    expect((await one()).rows).toEqual([{ one: 1 }])
  })

  it('of one request wait together no longer than its client does, those of work as long as each takes', async () => {
    await Promise.all([one(), one()])
    await proxy.set('latency')
    const twice = async () => [await one(), await one()]
    await expect(withinRequest(twice)).rejects.toMatchObject(AWAY)
    await proxy.set(undefined)
    await one()
    await proxy.set('latency')
    expect(await withinRequest(() => patiently(twice))).toHaveLength(2)
  })

  it('give up waiting for what another holds', async () => {
    await database.db.insertInto('realm').values({ name: 'demo', settings: '{}' }).execute()
    const change = (db: Database['db']) => db.updateTable('realm').set({ settings: '{ }' }).execute()
    await database.db.transaction().execute(async (holder) => {
      await change(holder)
      await expect(change(database.db)).rejects.toMatchObject(AWAY)
    })
    await change(database.db)
  })

  it('are refused while it takes no writes', async () => {
    const write = async () =>
      await database.db.connection().execute(async (db) => {
        await sql`set default_transaction_read_only = on`.execute(db)
        try {
          await db.insertInto('realm').values({ name: 'demo', settings: '{}' }).execute()
        } finally {
          await sql`set default_transaction_read_only = off`.execute(db)
        }
      })
    await expect(write()).rejects.toMatchObject(AWAY)
  })
})

async function activity(where: string): Promise<unknown[]> {
  const { rows } = await sql`select 1 from pg_stat_activity
    where datname = current_database() and ${sql.raw(where)}`.execute(database.db)
  return rows
}
