import { readFileSync } from 'node:fs'
import { sql } from 'kysely'
import type { LogEvent } from 'kysely'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { openDatabase } from '../../src/adapters/store/database.ts'
import type { Database } from '../../src/adapters/store/database.ts'
import { PRUNE_BATCH, prune } from '../../src/adapters/store/prune.ts'
import { NOW } from '../support/kit.ts'
import { PLACES } from '../support/stores.ts'
import type { Place } from '../support/stores.ts'

const DAY = 86_400_000
const OVERDUE = 200_000

describe.each(PLACES)('the clean-up on %s', (kind, makePlace) => {
  let place: Place
  let database: Database
  let log: LogEvent[] = []
  beforeEach(async () => {
    place = await makePlace()
    database = await openDatabase(place.url, { log: (event) => void log.push(event) })
  })
  afterEach(async () => {
    await database.close()
    await place.drop()
  })

  const numbers = (count: number, from = 1) =>
    kind === 'SQLite'
      ? sql`(with recursive s(n) as (select ${sql.lit(from)} union all select n + 1 from s where n < ${sql.lit(count)}) select n from s)`
      : sql`generate_series(${sql.lit(from)}, ${sql.lit(count)}) as s(n)`
  const count = async (table: string) => {
    const { rows } = await sql<{ n: number }>`select count(*) as n from ${sql.table(table)}`.execute(
      database.db,
    )
    return Number(rows[0]?.n)
  }

  it('empties a table after an outage, however full, a batch in each statement', async () => {
    for (let from = 1; from < OVERDUE; from += 50_000) {
      await sql`insert into used_jti (realm, jti, expires_at)
        select 'demo', 'jti-' || n, ${sql.lit(NOW)} - n from ${numbers(from + 49_999, from)}`.execute(
        database.db,
      )
    }
    await sql`insert into used_jti (realm, jti, expires_at) values ('demo', 'live', ${NOW + 1})`.execute(
      database.db,
    )
    log = []
    await prune(database, NOW)
    expect(await count('used_jti')).toBe(1)
    const deleted = log.filter(({ query }) => query.sql.includes('delete from "used_jti"'))
    expect(deleted).toHaveLength(OVERDUE / PRUNE_BATCH + 1)
    for (const { query } of deleted) expect(query.parameters).toContain(PRUNE_BATCH)
  }, 60_000)

  it('is shared by servers that do it at the same time, none of which waits or fails', async () => {
    await sql`insert into send_count (realm, scope, key, window_end, count)
      select 'demo', 'user', 'u-' || n, ${sql.lit(NOW)} - n, 1 from ${numbers(10_000)}`.execute(database.db)
    const others =
      kind === 'SQLite' ? [] : await Promise.all([1, 2, 3].map(async () => await openDatabase(place.url)))
    await Promise.all([database, ...others].map(async (one) => await prune(one, NOW)))
    // What one skipped because another held it is the next run's.
    await prune(database, NOW)
    expect(await count('send_count')).toBe(0)
    for (const one of others) await one.close()
  })

  it('takes all that is known of a user who is gone for 30 days, and nothing of another', async () => {
    const { db } = database
    for (const [id, goneAt] of [
      ['gone', NOW - 31 * DAY],
      ['going', NOW - 29 * DAY],
      ['here', null],
    ] as const) {
      const own = sql`'demo', ${id}`
      for (const statement of [
        sql`insert into directory_user (realm, user_id, username, enabled, pass, gone_at) values (${own}, ${id}, 1, 1, ${goneAt})`,
        sql`insert into attempt (realm, user_id, version, failures, total, reported, locked_until) values (${own}, 1, 0, 0, 0, 0)`,
        sql`insert into listing (realm, user_id, version, since) values (${own}, 1, '{}')`,
        sql`insert into override (realm, user_id, enforcement) values (${own}, 'disabled')`,
        sql`insert into grace_start (realm, user_id, source, at) values (${own}, '', 1)`,
        sql`insert into put_off (realm, user_id, at) values (${own}, 1)`,
        sql`insert into membership (realm, user_id, group_id, pass) values (${own}, 'g', 1)`,
        sql`insert into credential (id, realm, user_id, method, sealed, version, failures, created_at, gone_at)
          values (${id}, ${own}, 'totp', 'x', 1, 0, 1, ${goneAt})`,
      ]) {
        await statement.execute(db)
      }
    }
    await prune(database, NOW)
    for (const table of OF_A_USER) {
      const { rows } = await sql<{
        user_id: string
      }>`select user_id from ${sql.table(table)} order by 1`.execute(db)
      expect([table, ...rows.map(({ user_id }) => user_id)]).toEqual([table, 'going', 'here'])
    }
  })

  it('and what ends it are told of every table there is', async () => {
    const text = readFileSync(new URL('../../docs/operations.md', import.meta.url), 'utf8')
    const [, section = ''] = /## What grows, and what ends it\n(.*?)\n## /s.exec(text) ?? []
    const told = [...section.matchAll(/^\| ((?:`\w+`(?:, )?)+) \|/gm)].flatMap(([, names = '']) =>
      [...names.matchAll(/`(\w+)`/g)].map(([, name]) => name),
    )
    const tables = (await database.db.introspection.getTables()).map(({ name }) => name)
    const ours = tables.filter((name) => !name.startsWith('kysely_'))
    expect(new Set(told)).toEqual(new Set(ours))
    expect(told).toHaveLength(ours.length)
  })
})

const OF_A_USER = [
  'directory_user',
  'attempt',
  'listing',
  'override',
  'grace_start',
  'put_off',
  'membership',
  'credential',
]
