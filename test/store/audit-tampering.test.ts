import fc from 'fast-check'
import { sql } from 'kysely'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import type { Anchor } from '../../src/adapters/store/audit-walk.ts'
import { auditPlace, tamper } from '../support/audit.ts'
import type { AuditPlace } from '../support/audit.ts'
import { PLACES } from '../support/stores.ts'

/** What is done to ten sealed entries, and what a look says of it. */
const TAMPERINGS: [what: string, statements: string[], found: string[]][] = [
  ['a changed event', ["update audit set event = 'challenge.failed' where seq = 4"], ['changed 4']],
  ['a changed detail', [`update audit set detail = '{"method":"sms"}' where seq = 4`], ['changed 4']],
  ['a changed time', ['update audit set at = at - 1 where seq = 4'], ['changed 4']],
  ['a changed user', ["update audit set user_id = 'user-5' where seq = 4"], ['changed 4']],
  ['a changed actor', ["update audit set actor = 'mallory' where seq = 4"], ['changed 4']],
  ['a changed address', ["update audit set address = '192.0.2.8' where seq = 4"], ['changed 4']],
  ['an address that was taken off', ['update audit set address = null where seq = 4'], ['changed 4']],
  ['a changed id', ["update audit set id = 'x' where seq = 4"], ['changed 4']],
  ['a changed hash', ["update audit set mac = 'x' where seq = 4"], ['changed 4']],
  ['no hash', ['update audit set mac = null where seq = 4'], ['changed 4']],
  ['no key', ['update audit set key_id = null where seq = 4'], ['changed 4']],
  ['another key', ["update audit set key_id = 'x' where seq = 4"], ['key 4']],
  ['a changed first entry', ["update audit set event = 'x' where seq = 1"], ['changed 1']],
  ['a changed last entry', ["update audit set event = 'x' where seq = 10"], ['changed 10']],
  ['a hash changed at the end', ["update audit set mac = 'x' where seq = 10"], ['changed 10']],
  [
    'two that follow each other, changed',
    ["update audit set event = 'x' where seq in (4, 5)"],
    ['changed 4', 'changed 5'],
  ],
  [
    'all of them changed',
    ["update audit set event = 'x'"],
    Array.from({ length: 10 }, (_, i) => `changed ${i + 1}`),
  ],
  ['another realm', ["update audit set realm = 'other' where seq = 4"], ['missing 4 to 4']],
  ['one that is not sealed any more', ['update audit set seq = null where seq = 4'], ['missing 4 to 4']],
  ['one deleted in the middle', ['delete from audit where seq = 4'], ['missing 4 to 4']],
  ['several deleted in the middle', ['delete from audit where seq between 4 and 7'], ['missing 4 to 7']],
  ['the first ones deleted', ['delete from audit where seq < 3'], ['missing 1 to 2']],
  ['the last ones deleted', ['delete from audit where seq > 7'], ['missing 8 to 10']],
  ['all of them deleted', ['delete from audit'], ['missing 1 to 10']],
  [
    'one deleted and the gap closed',
    [
      'delete from audit where seq = 4',
      'update audit set seq = -seq',
      'update audit set seq = -seq - (case when seq < -4 then 1 else 0 end)',
    ],
    [
      'changed 4',
      'moved 5 from 6',
      'moved 6 from 7',
      'moved 7 from 8',
      'moved 8 from 9',
      'changed 9',
      'missing 10 to 10',
    ],
  ],
  ['two neighbours swapped', swap(4, 5), ['moved 4 from 5', 'moved 5 from 4']],
  ['two far ones swapped', swap(2, 9), ['moved 2 from 9', 'moved 9 from 2']],
  ['the first and the last swapped', swap(1, 10), ['moved 1 from 10', 'moved 10 from 1']],
  [
    'three moved in a circle',
    [
      'update audit set seq = -seq where seq in (3, 4, 5)',
      'update audit set seq = case seq when -3 then 4 when -4 then 5 else 3 end where seq < 0',
    ],
    ['moved 3 from 5', 'moved 4 from 3', 'moved 5 from 4'],
  ],
  ['one put in after the end', [copy(4, '11')], ['inserted 11']],
  ['one put in before the beginning', [copy(4, '0')], ['inserted 0']],
  [
    'one put in between, in the place of another',
    ['delete from audit where seq = 4', copy(7, '4')],
    // What follows on it can't be told from a change: the hash that it rests on is gone.
    ['changed 4', 'changed 5'],
  ],
  [
    'one with the number of another, where the index was dropped',
    ['drop index audit_seq', copy(4, '4')],
    ['inserted 4'],
  ],
  ['a chain whose row is gone', ['delete from audit_chain'], ['chain ']],
  ['a chain that is said to end earlier', ['update audit_chain set seq = 9'], ['chain ']],
  ['a chain that is said to begin later', ['update audit_chain set base_seq = 1'], ['chain ']],
  ['a chain whose end was changed', ["update audit_chain set mac = 'x'"], ['chain ']],
  ['a chain whose beginning was changed', ["update audit_chain set base_mac = 'x'"], ['chain ']],
  ['a chain whose seal was changed', ["update audit_chain set seal = 'x'"], ['chain ']],
  ['a chain whose key was changed', ["update audit_chain set key_id = 'x'"], ['key ']],
  [
    'a chain with the row of another realm',
    ["delete from audit_chain where realm = 'demo'", "update audit_chain set realm = 'demo'"],
    ['chain '],
  ],
  [
    'the last ones deleted and the row made to fit',
    [
      'delete from audit where seq > 7',
      'update audit_chain set seq = 7, mac = (select mac from audit where seq = 7)',
    ],
    ['chain '],
  ],
  [
    'a forged row, and what it was to hide',
    [
      'delete from audit where seq = 6',
      "update audit set event = 'x' where seq = 3",
      'update audit_chain set base_seq = 6',
    ],
    ['chain ', 'changed 3', 'missing 6 to 6'],
  ],
]

function swap(a: number, b: number): string[] {
  return [
    `update audit set seq = -seq where seq in (${a}, ${b})`,
    `update audit set seq = case seq when -${a} then ${b} else ${a} end where seq < 0`,
  ]
}

function copy(from: number, seq: string): string {
  return `insert into audit (id, at, realm, user_id, actor, address, event, detail, seq, key_id, mac)
    select 'zzzz', at, realm, user_id, actor, address, event, detail, ${seq}, key_id, mac from audit where seq = ${from}`
}

describe.each(PLACES)('an audit on %s that was tampered with', (kind, makePlace) => {
  let place: AuditPlace
  beforeAll(async () => {
    place = await auditPlace(await makePlace())
    await place.write(10)
    await place.seal()
    for (const table of ['audit', 'audit_chain']) {
      await tamper(place, `create table kept_${table} as select * from ${table}`)
    }
  })
  afterEach(putBack)
  afterAll(async () => {
    await place.close()
  })

  async function putBack() {
    for (const table of ['audit', 'audit_chain']) {
      await tamper(place, `delete from ${table}`)
      await tamper(place, `insert into ${table} select * from kept_${table}`)
    }
    await tamper(
      place,
      'create unique index if not exists audit_seq on audit (realm, seq) where seq is not null',
    )
  }

  it.each(TAMPERINGS)('shows %s', async (what, statements, found) => {
    if (what.includes('another realm')) {
      await place.write(1, { realm: 'other' })
      if (what.includes('row')) await place.seal('other')
    }
    for (const statement of statements) await tamper(place, statement)
    expect(await place.findings()).toEqual(found)
  })

  it('names the id and the time of an entry', async () => {
    const { id, at } = await place.database.db
      .selectFrom('audit')
      .select(['id', 'at'])
      .where('seq', '=', 4)
      .executeTakeFirstOrThrow()
    await tamper(place, "update audit set event = 'x' where seq = 4")
    expect((await place.verify()).findings).toEqual([
      { kind: 'changed', seq: 4, id, at: new Date(at).toISOString() },
    ])
  })

  it('shows an entry that came from another realm there too', async () => {
    await tamper(place, "update audit set realm = 'other' where seq = 4")
    expect(await place.findings('other')).toEqual(['chain '])
    await tamper(place, "update audit set realm = 'third', seq = 1 where seq = 4")
    await place.write(3, { realm: 'third' })
    await expect(place.seal('third')).rejects.toThrow('tampered')
  })

  it('seals nothing on top of a forged row, which would make the forgery good', async () => {
    await tamper(place, 'delete from audit where seq > 7')
    await tamper(place, 'update audit_chain set seq = 7, mac = (select mac from audit where seq = 7)')
    await place.write(1)
    await expect(place.seal()).rejects.toThrow('the audit of the realm "demo" was tampered with')
    await tamper(place, 'delete from audit_chain')
    await expect(place.seal()).rejects.toThrow('tampered')
    expect(await place.verify()).toMatchObject({ unsealed: 1 })
  })

  it('goes on being sealed where entries are missing, which still shows', async () => {
    await tamper(place, 'delete from audit where seq in (4, 9, 10)')
    await place.write(3)
    expect(await place.seal()).toBe(3)
    expect(await place.findings()).toEqual(['missing 4 to 4', 'missing 9 to 10'])
  })

  it('is found rolled back by an anchor alone', async () => {
    const old = { ...(await place.verify()).head! }
    await place.write(5)
    await place.seal()
    const anchor = (await place.verify({ anchor: old })).head!
    expect(anchor.seq).toBe(15)
    await putBack()
    expect(await place.verify()).toMatchObject({ found: 0, head: old })
    const problem = async (one: Anchor) => (await place.verify({ anchor: one })).findings
    expect(await problem(anchor)).toEqual([{ kind: 'anchor', seq: 15, problem: 'beyond-end' }])
    // It goes on from there with other entries, past the number of the anchor.
    await place.write(8)
    await place.seal()
    expect(await problem(anchor)).toEqual([{ kind: 'anchor', seq: 15, problem: 'other-entry' }])
    expect(await problem(old)).toEqual([])
  })

  it('lists a hundred findings and counts the others', async () => {
    await place.write(500)
    await place.seal()
    await tamper(place, "update audit set event = 'x'")
    const { findings, found } = await place.verify()
    expect([findings.length, found]).toEqual([100, 510])
  })

  if (kind === 'SQLite') {
    it.each([
      [
        'a time too large for a number',
        'update audit set at = 9223372036854775807 where seq = 4',
        'changed 4',
      ],
      ['a time that is a text', "update audit set at = 'soon' where seq = 4", 'changed 4'],
      [
        'a time that is bytes',
        'update audit set at = cast(cast(at as text) as blob) where seq = 4',
        'changed 4',
      ],
      ['a user that is bytes', 'update audit set user_id = cast(user_id as blob) where seq = 4', 'changed 4'],
      ['a number too large', 'update audit set seq = 9223372036854775807 where seq = 10', 'missing 10 to 10'],
      ['a number that is a text', "update audit set seq = 'x' where seq = 10", 'missing 10 to 10'],
    ])('shows %s, which only this database takes', async (_what, statement, found) => {
      await tamper(place, statement)
      expect(await place.findings()).toContain(found)
    })

    it('shows a fraction between two numbers', async () => {
      await tamper(place, copy(4, '4.5'))
      expect(await place.findings()).toEqual(['inserted 4.5'])
    })
  }
})

describe.each(PLACES)('any change of any sealed entry on %s', (_, makePlace) => {
  const COUNT = 12
  let place: AuditPlace
  beforeAll(async () => {
    place = await auditPlace(await makePlace())
    await place.write(COUNT)
    await place.seal()
  })
  afterAll(async () => {
    await place.close()
  })

  const text = fc.string({ unit: 'grapheme-ascii', maxLength: 40 })
  const whole = fc.integer({ min: -1_000, max: 2 ** 43 })
  const value = fc.oneof(
    fc.record({ column: fc.constantFrom('id', 'realm', 'user_id', 'actor', 'event', 'detail'), to: text }),
    fc.record({
      column: fc.constantFrom('address', 'key_id', 'mac'),
      to: fc.option(text, { nil: null }),
    }),
    fc.record({ column: fc.constantFrom('at'), to: whole }),
    fc.record({ column: fc.constantFrom('seq'), to: fc.option(whole, { nil: null }) }),
  )

  it('is found', async () => {
    const { db } = place.database
    await fc.assert(
      fc.asyncProperty(fc.integer({ min: 1, max: COUNT }), value, async (seq, { column, to }) => {
        const row = await db.selectFrom('audit').selectAll().where('seq', '=', seq).executeTakeFirstOrThrow()
        fc.pre((row as Record<string, unknown>)[column] !== to)
        fc.pre(column !== 'seq' || typeof to !== 'number' || to < 1 || to > COUNT)
        await sql`update audit set ${sql.ref(column)} = ${to} where realm = 'demo' and seq = ${seq}`.execute(
          db,
        )
        expect((await place.verify()).found).toBeGreaterThan(0)
        const where = column === 'id' ? sql`id = ${to}` : sql`id = ${row.id}`
        await sql`delete from audit where ${where}`.execute(db)
        await db.insertInto('audit').values(row).execute()
        expect((await place.verify()).found).toBe(0)
      }),
      { numRuns: 100 },
    )
  })
})
