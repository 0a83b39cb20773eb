import { sql } from 'kysely'
import type { LogEvent } from 'kysely'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { createAuditStore } from '../../src/adapters/store/audit-store.ts'
import { openDatabase, openForReading } from '../../src/adapters/store/database.ts'
import type { AuditQuery, AuditStore, KeptEntry } from '../../src/core/audit/audit.ts'
import { AppError } from '../../src/core/errors.ts'
import { auditPlace, tamper } from '../support/audit.ts'
import type { AuditPlace } from '../support/audit.ts'
import { NOW } from '../support/kit.ts'
import { PLACES } from '../support/stores.ts'

describe.each(PLACES)('the audit as it is read on %s', (kind, makePlace) => {
  let place: AuditPlace
  let store: AuditStore
  beforeAll(async () => {
    place = await auditPlace(await makePlace())
    store = createAuditStore(place.database)
    await place.write(20)
    // Several at one moment: the order must not depend on the time alone.
    await place.write(10, { at: NOW, event: 'code.sent' })
    await place.write(5, { userId: 'bob', actor: 'erin', event: 'rule.saved' })
    await place.write(3, { realm: 'other' })
    await place.seal('demo', 10)
  })
  afterAll(async () => {
    await place.close()
  })

  async function walk(query: AuditQuery, max: number) {
    const pages: KeptEntry[][] = []
    let after: string | undefined
    do {
      const { entries, next } = await store.list('demo', query, { max, ...(after && { after }) })
      pages.push(entries)
      after = next
    } while (after !== undefined)
    return pages
  }

  async function everything(realm: string, query: AuditQuery = {}) {
    const entries: KeptEntry[] = []
    for await (const page of store.everything(realm, query)) entries.push(...page)
    return entries
  }

  it.each([1, 7, 10, 34, 35, 36])('gives each entry once, newest first, in pages of %i', async (max) => {
    const pages = await walk({}, max)
    expect(pages.length).toBe(Math.ceil(35 / max))
    const entries = pages.flat()
    expect(new Set(entries.map(({ id }) => id)).size).toBe(35)
    const order = entries.map(({ at, id }) => [at, id])
    expect(order).toEqual(
      order.toSorted(([a, x], [b, y]) => Number(b) - Number(a) || (String(y) < String(x) ? -1 : 1)),
    )
    expect(entries.toReversed()).toEqual(await everything('demo'))
  })

  it('keeps a page where it is while newer entries come', async () => {
    const { next, entries } = await store.list('other', {}, { max: 2 })
    await place.write(1, { realm: 'other', userId: 'late' })
    const second = await store.list('other', {}, { max: 2, after: next! })
    expect(second.entries).toHaveLength(1)
    expect(second.next).toBeUndefined()
    expect(entries.map(({ id }) => id)).not.toContain(second.entries[0]!.id)
  })

  it.each<[string, AuditQuery, number]>([
    ['user', { userId: 'bob' }, 5],
    ['actor', { actor: 'erin' }, 5],
    ['event', { event: 'code.sent' }, 10],
    ['times, the end not included', { from: NOW + 1000, to: NOW + 4000 }, 3],
    ['all of them', { userId: 'bob', actor: 'erin', event: 'rule.saved', from: NOW, to: NOW * 2 }, 5],
    ['nobody', { userId: 'nobody' }, 0],
  ])('narrows by %s', async (_, query, count) => {
    expect((await walk(query, 3)).flat()).toHaveLength(count)
    expect(await everything('demo', query)).toHaveLength(count)
  })

  it('gives an entry as it was written, with its number once it is sealed', async () => {
    const [entry] = await everything('demo', { userId: 'user-1' })
    expect(entry).toEqual({
      id: expect.any(String),
      seq: expect.any(Number),
      event: 'challenge.succeeded',
      realm: 'demo',
      userId: 'user-1',
      actor: 'actor-1',
      address: '192.0.2.7',
      at: NOW + 1000,
      detail: { method: 'totp', n: 1 },
    })
    const [unsealed] = await everything('other')
    expect(unsealed!.seq).toBeUndefined()
  })

  it.each([
    '',
    'x',
    '!',
    'W10',
    btoa('[1]'),
    btoa('["1","x"]'),
    btoa('[1,""]'),
    btoa('[1.5,"x"]'),
    btoa('{}'),
  ])('refuses the cursor "%s"', async (after) => {
    const refused = store.list('demo', {}, { max: 1, after })
    await expect(refused).rejects.toThrow(AppError)
    await expect(refused).rejects.toMatchObject({ code: 'bad-request' })
  })

  it('stays readable where a detail was spoilt', async () => {
    await place.write(1, { realm: 'spoilt' })
    await tamper(place, `update audit set detail = '{"a":' where realm = 'spoilt'`)
    expect((await everything('spoilt'))[0]!.detail).toEqual({ unreadable: '{"a":' })
    await tamper(place, `update audit set detail = '[1]' where realm = 'spoilt'`)
    expect((await everything('spoilt'))[0]!.detail).toEqual({ unreadable: '[1]' })
  })

  it('is never written through a database that was opened for reading', async () => {
    const reading = openForReading(place.url)
    expect((await createAuditStore(reading).list('demo', {}, { max: 1 })).entries).toHaveLength(1)
    const refused = { code: 'unavailable', cause: { message: expect.stringMatching(/read-?only/) } }
    await expect(sql`delete from audit`.execute(reading.db)).rejects.toMatchObject(refused)
    await expect(sql`create table x (y text)`.execute(reading.db)).rejects.toMatchObject(refused)
    await reading.close()
  })

  it('reads a page of a large audit by an index, whoever it is about and whenever', async () => {
    await fill(place, kind, 100_000)
    const log: LogEvent[] = []
    const database = await openDatabase(kind === 'SQLite' ? 'sqlite::memory:' : place.url, {
      log: (event) => void log.push(event),
    })
    const logged = createAuditStore(database)
    const { next } = await store.list('big', {}, { max: 50 })
    expect(next).toBeDefined()
    log.length = 0
    for (const query of [{}, { userId: 'user-7' }, { from: NOW, to: NOW + 50_000 }]) {
      await logged.list('big', query, { max: 50 })
      await logged.list('big', query, { max: 50, after: next! })
      for await (const _ of logged.everything('big', { ...query, to: NOW + 50_000 }));
    }
    for (const { query } of log) {
      const plan = await explain(place, kind, query)
      expect(plan, query.sql).toMatch(/audit_(realm|user)/)
      expect(plan, query.sql).not.toMatch(/SCAN audit|Seq Scan|^Sort|-> +Sort/)
    }
    await database.close()
  })
})

/** Entries of the realm `big`, a second apart, of 500 users. */
async function fill({ database: { db } }: AuditPlace, kind: string, count: number): Promise<void> {
  const numbers =
    kind === 'SQLite'
      ? sql`(with recursive s(n) as (select 1 union all select n + 1 from s where n < ${sql.lit(count)}) select n from s)`
      : sql`generate_series(1, ${sql.lit(count)}) as s(n)`
  await sql`insert into audit (id, at, realm, user_id, actor, event, detail)
    select 'big-' || n, ${sql.lit(NOW)} + n * 1000, 'big', 'user-' || (n % 500), 'x', 'code.sent', '{}'
    from ${numbers}`.execute(db)
  await sql`analyze`.execute(db)
}

async function explain(
  { database: { db } }: AuditPlace,
  kind: string,
  query: { sql: string; parameters: readonly unknown[] },
): Promise<string> {
  // The parameters as they are: a plan for any parameter could be another one.
  const parts = query.sql.split(kind === 'SQLite' ? /\?/ : /\$\d+/)
  const text = sql.join(
    parts.flatMap((part, i) => [
      sql.raw(part),
      ...(i < parts.length - 1 ? [sql.lit(query.parameters[i])] : []),
    ]),
    sql``,
  )
  const { rows } = await sql<
    Record<string, unknown>
  >`${sql.raw(kind === 'SQLite' ? 'explain query plan' : 'explain')} ${text}`.execute(db)
  return rows.map((row) => String(row['detail'] ?? row['QUERY PLAN'])).join('\n')
}
