import { sql } from 'kysely'
import { expect, inject, it } from 'vitest'
import { openDatabase } from '../../src/adapters/store/database.ts'
import { INDEXES } from '../../src/adapters/store/indexes.ts'
import { createDatabase } from '../support/postgres.ts'
import { PLACES } from '../support/stores.ts'

it.each(PLACES)(
  'what large realms are read by is there on %s, and not what it replaces',
  async (kind, makePlace) => {
    const place = await makePlace()
    const database = await openDatabase(place.url)
    const { rows } = await sql<{ name: string }>`${sql.raw(
      kind === 'SQLite'
        ? "select name from sqlite_master where type = 'index'"
        : 'select indexname as name from pg_indexes where schemaname = current_schema()',
    )}`.execute(database.db)
    const names = rows.map(({ name }) => name)
    for (const { name, replaces } of INDEXES) {
      expect(names).toContain(name)
      if (replaces !== undefined) expect(names).not.toContain(replaces)
    }
    await database.close()
    await place.drop()
  },
)

it('a start builds again what a server that was killed left half built', async () => {
  const place = await createDatabase(inject('postgresUrl'))
  await (await openDatabase(place.url)).close()
  const broken = await openDatabase(place.url)
  await sql`update pg_index set indisvalid = false where indexrelid = 'audit_event'::regclass`.execute(
    broken.db,
  )
  await sql`drop index transaction_user`.execute(broken.db)
  await broken.close()
  const database = await openDatabase(place.url)
  const { rows } = await sql<{
    name: string
    valid: boolean
  }>`select indexrelid::regclass::text as name, indisvalid as valid
    from pg_index where indexrelid in ('audit_event'::regclass, 'transaction_user'::regclass) order by 1`.execute(
    database.db,
  )
  expect(rows).toEqual([
    { name: 'audit_event', valid: true },
    { name: 'transaction_user', valid: true },
  ])
  await database.close()
  await place.drop()
})
