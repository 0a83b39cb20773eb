import { DatabaseSync } from 'node:sqlite'
import { sql } from 'kysely'
import type { LogEvent } from 'kysely'
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import { createSealer } from '../../src/adapters/secrets/sealer.ts'
import { openDatabase, openForReading } from '../../src/adapters/store/database.ts'
import type { Database } from '../../src/adapters/store/database.ts'
import { startPages } from '../support/admin-pages.ts'
import { NOW, startApi } from '../support/api.ts'
import { crowdId, seedCrowd } from '../support/crowd.ts'
import { SMALL, walksOf } from '../support/plans.ts'
import type { Sent, Walk } from '../support/plans.ts'
import { PLACES, newKey } from '../support/stores.ts'
import type { Place } from '../support/stores.ts'
import { tourApi, tourLogins, tourPages } from '../support/tour.ts'
import type { During } from '../support/tour.ts'
import { tourBackground } from '../support/tour-background.ts'

const key = newKey()
const environment = {
  LATCHKEY_ENCRYPTION_KEYS: `${key.id}:${key.key.toString('base64')}`,
  LATCHKEY_DELIVERY: 'inbox',
  LATCHKEY_PRIVATE_HOSTS: '127.0.0.1',
}

/** What reads a whole table, or all of a realm's rows of it, and may: each with the reason. */
const ALLOWED: { why: string; table: RegExp; text: RegExp }[] = [
  {
    why: 'what waits for its seal stands in an index of its own',
    table: /^audit$/,
    text: /"?seq"? is null/,
  },
  {
    why: 'the list of users says of how many it is a part, and is narrowed by words in the middle of names and by status',
    table: /^(directory_user|credential|membership)$/,
    text: /^select count\(\*\) as "total" from "directory_user"/,
  },
  {
    why: 'the overview counts everybody, once',
    table: /^(directory_user|credential)$/,
    text: /^\s*select case when locked\.user_id is not null then 'locked'/,
  },
  {
    why: 'a part of a name is found by no index; in the order of names it stops at a page',
    table: /^directory_user$/,
    text: /^select "directory_user"\.\* from "directory_user".* like .*limit/s,
  },
  {
    why: 'health counts the notices that wait, up to 10,001',
    table: /^outbox$/,
    text: /select count\(\*\) from \(select id from outbox where realm = .* limit /,
  },
  {
    why: 'every 15 minutes it is counted who is enrolled',
    table: /^credential$/,
    text: /^select count\(distinct "user_id"\) as "count" from "credential"/,
  },
  {
    why: 'a full pass of the worker counts whom it saw, and looks for whom it did not see',
    table: /^(directory_user|membership)$/,
    text: /sum\(case when pass >= |"pass" < .*order by "user_id"|order by "pass" desc|select distinct "group_id" from "membership"|and pass < /s,
  },
  {
    why: 'hints of the worker are read as they came, some hundred at a time, until there are none',
    table: /^hint$/,
    text: /^select "kind", "id", "at", "administers" from "hint"/,
  },
  {
    why: 'the worker finds the managers whom the attributes of groups name, once in a pass',
    table: /^directory_user$/,
    text: /lower\(username\) in /,
  },
]

describe.each(PLACES)('at 100,000 users on %s', (kind, makePlace) => {
  let place: Place
  let reading: Database
  let sent: Sent[] = []
  let at = ''

  /** Every statement once for each of what it is sent for. */
  const keep = (text: string, parameters: readonly unknown[]) => {
    if (at === '' || !/^\s*(select|insert|update|delete|with)\b/i.test(text) || text === 'select 1') return
    if (!sent.some((one) => one.text === text && one.at === at)) sent.push({ at, text, parameters })
  }
  const during: During = async (name, does) => {
    at = name
    try {
      return await does()
    } finally {
      at = ''
    }
  }
  const sqlLog = ({ query }: LogEvent) => keep(query.sql, query.parameters)
  const options = () => ({ dbUrl: place.url, environment, sqlLog, looksForLeaks: false })

  beforeAll(async () => {
    place = await makePlace()
    const database = await openDatabase(place.url)
    await seedCrowd(database, [key], NOW)
    await database.close()
    reading = openToExplain()
    if (kind === 'SQLite') {
      // What a change writes there passes by Kysely's log.
      const { prepare } = DatabaseSync.prototype
      vi.spyOn(DatabaseSync.prototype, 'prepare').mockImplementation(function (this: DatabaseSync, text) {
        keep(text, [])
        return prepare.call(this, text)
      })
    }
  }, 120_000)
  afterAll(async () => {
    vi.restoreAllMocks()
    await reading.close()
    await place.drop()
  })

  /** Small tables would be read whole although they have an index: what is asked is whether there is one. */
  function openToExplain(): Database {
    return openForReading(kind === 'SQLite' ? place.url : `${place.url}?options=-c%20enable_seqscan%3Doff`)
  }

  /** What walks and may not: the course of what, the table, the plan and the statement. */
  async function faults(allowed = ALLOWED): Promise<string[]> {
    const found: string[] = []
    for (const one of sent) {
      const walks = (await walksOf(reading, one)).filter((walk) => !mayWalk(walk, one, allowed))
      found.push(...walks.map(({ table, how }) => `${one.at}: ${table}: ${how}: ${one.text.slice(0, 300)}`))
    }
    return found
  }

  function mayWalk({ table }: Walk, { text }: Sent, allowed: typeof ALLOWED): boolean {
    return table in SMALL || allowed.some((one) => one.table.test(table) && one.text.test(text))
  }

  /** What came of it, and begins anew. */
  async function expectNoWalks(least: number): Promise<void> {
    expect(sent.length).toBeGreaterThan(least)
    expect(await faults()).toEqual([])
    sent = []
  }

  it('no login and no endpoint walks through a table', async () => {
    const world = await startApi({
      ...options(),
      groups: [{ id: 'g-finance', path: '/finance' }],
      users: [
        { id: 'erin', roles: ['tfa-admin'] },
        { id: 'frank', roles: ['tfa-manager'] },
        { id: 'heidi', roles: [] },
      ],
    })
    let n = 0
    const subs = { next: () => ({ value: crowdId((n += 4)), done: false as const }) }
    try {
      await tourLogins(world, subs, during)
      expect(sent.length).toBeGreaterThan(20)
      // Of a login nothing at all may.
      expect(await faults([])).toEqual([])
      sent = []
      await tourApi(world, crowdId(1), during)
      await expectNoWalks(50)
    } finally {
      await world.stop()
    }
  }, 120_000)

  it('no page walks through a table', async () => {
    const users = [
      { id: 'boss', roles: ['tfa-admin'] },
      { id: 'harry', roles: [] },
    ]
    const world = await startPages({ ...options(), users })
    const subjects = { userId: crowdId(1), methodId: 'totp-1', deviceId: 'device-1', groupId: 'g-1' }
    try {
      await tourPages(world, subjects, during)
      await expectNoWalks(50)
    } finally {
      await world.stop()
    }
  }, 120_000)

  it('no work in the background walks through a table', async () => {
    const database = await openDatabase(place.url, { log: sqlLog })
    try {
      await tourBackground(database, createSealer([key]), NOW, during)
      await expectNoWalks(30)
    } finally {
      await database.close()
    }
  }, 120_000)

  it('and it shows where an index is missing', async () => {
    const text =
      kind === 'SQLite'
        ? 'delete from "transaction" where realm = ? and user_id = ?'
        : 'delete from "transaction" where realm = $1 and user_id = $2'
    const one = { at: 'a change of methods', text, parameters: ['demo', crowdId(1)] }
    expect(await walksOf(reading, one)).toEqual([])
    const database = await openDatabase(place.url)
    await sql`drop index transaction_user`.execute(database.db)
    await database.close()
    const after = openToExplain()
    expect(await walksOf(after, one)).toEqual([expect.objectContaining({ table: 'transaction' })])
    await after.close()
  })
})
