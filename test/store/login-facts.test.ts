import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { createSealer } from '../../src/adapters/secrets/sealer.ts'
import { openDatabase } from '../../src/adapters/store/database.ts'
import type { Database } from '../../src/adapters/store/database.ts'
import { createLoginStore } from '../../src/adapters/store/login-store.ts'
import type { LoginStore } from '../../src/core/ports.ts'
import { NOW, SECRET } from '../support/kit.ts'
import { PLACES, newKey } from '../support/stores.ts'
import type { Place } from '../support/stores.ts'

describe.each(PLACES)('what a login tells, on %s', (_, makePlace) => {
  let place: Place
  let database: Database
  let store: LoginStore
  let users = 0

  beforeAll(async () => {
    place = await makePlace()
    database = await openDatabase(place.url)
    store = createLoginStore(database, createSealer([newKey()]))
  })
  afterAll(async () => {
    await database.close()
    await place.drop()
  })

  const someone = () => ({ realm: 'demo', userId: `user-${++users}` })
  const background = async ({ userId }: { userId: string }) => await store.background('demo', userId, 'none')
  const listed = async ({ userId }: { userId: string }) =>
    await database.db
      .selectFrom('directory_user')
      .selectAll()
      .where('user_id', '=', userId)
      .orderBy('realm')
      .execute()

  it('lists a user whom the worker has not seen, by name and roles', async () => {
    const own = someone()
    expect((await background(own)).toldRoles).toBeUndefined()
    await store.commit({
      ...own,
      told: { username: 'bob', roles: ['administers', 'tfa-admin'], lookup: undefined },
    })
    expect((await background(own)).toldRoles).toEqual(['administers', 'tfa-admin'])
    expect(await listed(own)).toMatchObject([{ username: 'bob', enabled: 1, pass: 0, gone_at: null }])
    expect((await background(someone())).toldRoles).toBeUndefined()
  })

  it("changes nothing but the roles of a user whom it knows, and no other realm's", async () => {
    const own = someone()
    const row = { user_id: own.userId, username: 'robert', email: 'r@example.com', enabled: 0, pass: 7 }
    for (const realm of ['demo', 'other'])
      await database.db
        .insertInto('directory_user')
        .values({ ...row, realm })
        .execute()
    expect((await background(own)).toldRoles).toBeUndefined()
    await store.commit({ ...own, told: { username: 'bob', roles: [], lookup: 'k1.abc' } })
    expect((await background(own)).toldRoles).toEqual([])
    expect((await background(own)).toldLookup).toBe('k1.abc')
    expect(await listed(own)).toMatchObject([
      { realm: 'demo', ...row, roles: '[]', number_lookup: 'k1.abc' },
      { realm: 'other', ...row, roles: null, number_lookup: null },
    ])
  })

  it('keeps the roles that were told where nobody tells any, and forgets a number that was taken away', async () => {
    const own = someone()
    await store.commit({ ...own, told: { username: 'bob', roles: ['tfa-admin'], lookup: 'k1.abc' } })
    await store.commit({ ...own, told: { username: 'bob', roles: undefined, lookup: undefined } })
    expect(await background(own)).toMatchObject({ toldRoles: ['tfa-admin'], toldLookup: undefined })
  })

  it('keeps the first beginning of a grace, for each source', async () => {
    const own = someone()
    const begin = async (source: string, at: number) =>
      await store.commit({ ...own, graceStarted: [{ source, at }] })
    await begin('', NOW)
    await begin('', NOW + 1)
    await begin('g-field', NOW + 2)
    expect((await background(own)).graceStarts).toEqual(
      new Map([
        ['', NOW],
        ['g-field', NOW + 2],
      ]),
    )
  })

  it('has the credentials of a user who is gone, and takes them back whole', async () => {
    const own = someone()
    const data = { secret: SECRET, lastStep: 0 }
    const enrol = [{ id: `c-${own.userId}`, method: 'totp', label: undefined, data, at: NOW }]
    await store.commit({ ...own, enrol })
    await database.db
      .updateTable('credential')
      .set({ gone_at: NOW })
      .where('user_id', '=', own.userId)
      .execute()
    expect(await background(own)).toMatchObject({ gone: true, credentials: [{ method: 'totp', data }] })
    await store.commit({ ...own, returned: true })
    expect(await background(own)).toMatchObject({ gone: false, credentials: [{ method: 'totp', data }] })
  })
})
