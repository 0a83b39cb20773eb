import { existsSync } from 'node:fs'
import { sql } from 'kysely'
import { describe, expect, it } from 'vitest'
import { openDatabase } from '../../src/adapters/store/database.ts'
import { createPolicyStore } from '../../src/adapters/store/policy-store.ts'
import { createLoginStore } from '../../src/adapters/store/login-store.ts'
import { createSealer } from '../../src/adapters/secrets/sealer.ts'
import { PLACES, newKey, sqlitePlace } from '../support/stores.ts'
import { createDatabase } from '../support/postgres.ts'
import { inject } from 'vitest'

describe.each(PLACES)('opening %s', (_, makePlace) => {
  it('brings the schema up to date once, and keeps what is there the next time', async () => {
    const place = await makePlace()
    const first = await openDatabase(place.url)
    await createPolicyStore(first).saveSettings('demo', { maxFailures: 3 })
    await first.close()
    const second = await openDatabase(place.url)
    const store = createLoginStore(second, createSealer([newKey()]))
    expect((await store.background('demo', 'u', 'n')).settings.maxFailures).toBe(3)
    await second.close()
    await place.drop()
  })

  it('keeps rules by group, the last word counting', async () => {
    const place = await makePlace()
    const database = await openDatabase(place.url)
    const policy = createPolicyStore(database)
    await policy.saveRule('demo', { groupId: 'g', enforcement: 'required', priority: 1, methods: ['totp'] })
    await policy.saveRule('other', { groupId: 'g', enforcement: 'disabled', priority: 0 })
    await policy.saveRule('demo', { groupId: 'g', enforcement: 'optional', priority: 2 })
    const store = createLoginStore(database, createSealer([newKey()]))
    expect((await store.background('demo', 'u', 'n')).rules).toEqual([
      { groupId: 'g', enforcement: 'optional', priority: 2 },
    ])
    await expect(policy.saveSettings('demo', { maxFailures: 0 })).rejects.toThrow()
    await database.close()
    await place.drop()
  })
})

it.each(PLACES)('opening %s that a newer version wrote is refused, with what to do', async (_, makePlace) => {
  const place = await makePlace()
  const first = await openDatabase(place.url)
  await sql`insert into kysely_migration values ('9999-from-the-future', '2030-01-01')`.execute(first.db)
  await first.close()
  await expect(openDatabase(place.url)).rejects.toThrow(
    'the database was written by a newer version of Latchkey, which brought it to 9999-from-the-future: start that version, or a later one',
  )
  await place.drop()
})

describe('opening PostgreSQL', () => {
  it('lets several servers bring the schema up to date at the same time', async () => {
    const place = await createDatabase(inject('postgresUrl'))
    const opened = await Promise.all(Array.from({ length: 4 }, () => openDatabase(place.url)))
    for (const database of opened) await database.db.selectFrom('signing_key').selectAll().execute()
    await Promise.all(opened.map((database) => database.close()))
    await place.drop()
  })

  it('says so where it can not be reached', async () => {
    await expect(openDatabase('postgres://u:hunter2@127.0.0.1:1/x')).rejects.toThrow(
      /could not be brought up to date/,
    )
  })
})

describe('opening a SQLite file', () => {
  it('is refused while another server has it, with what to do about it', async () => {
    const place = sqlitePlace()
    const path = place.url.slice('sqlite:'.length)
    const first = await openDatabase(place.url)
    await expect(openDatabase(place.url)).rejects.toThrow(
      `the database file ${path} is in use by another Latchkey server; stop it, or use PostgreSQL (LATCHKEY_DB_URL) to run several`,
    )
    // Whoever was refused took nothing from the first.
    await first.db.selectFrom('realm').selectAll().execute()
    await first.close()
    const next = await openDatabase(place.url)
    await next.close()
    expect(existsSync(path)).toBe(true)
    await place.drop()
  })

  it('says so where the folder is missing', async () => {
    await expect(openDatabase('sqlite:/no/such/folder/latchkey.db')).rejects.toThrow()
  })
})
