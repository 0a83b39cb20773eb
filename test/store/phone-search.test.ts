import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { createSealer } from '../../src/adapters/secrets/sealer.ts'
import { createAdminStore } from '../../src/adapters/store/admin-store.ts'
import { openDatabase } from '../../src/adapters/store/database.ts'
import type { Database } from '../../src/adapters/store/database.ts'
import { fillLookups } from '../../src/adapters/store/fill-lookups.ts'
import { createLoginStore } from '../../src/adapters/store/login-store.ts'
import type { AdminStore } from '../../src/core/administration/administration.ts'
import { lookupOf, numberLookup, numberLookups } from '../../src/core/number.ts'
import type { LoginStore } from '../../src/core/ports.ts'
import { NOW, kitAt } from '../support/kit.ts'
import { seedDirectory } from '../support/people.ts'
import { PLACES, dump, newKey } from '../support/stores.ts'
import type { Place } from '../support/stores.ts'

const NUMBER = '+31698765432'
const ATTRIBUTE = '+491701111222'

describe.each(PLACES)('users by a whole phone number, on %s', (_, makePlace) => {
  const [oldKey, newest] = [newKey('old'), newKey('new')]
  const [before, after] = [createSealer([oldKey]), createSealer([newest, oldKey])]
  const kit = kitAt(NOW, { mac: after.mac, keyIds: after.keyIds })
  const kitBefore = kitAt(NOW, { mac: before.mac, keyIds: before.keyIds })
  let place: Place
  let database: Database
  let admin: AdminStore
  let login: LoginStore

  beforeAll(async () => {
    place = await makePlace()
    database = await openDatabase(place.url)
    admin = createAdminStore(database, {
      companions: new Set(['backup-codes']),
      clock: () => NOW,
      sealer: after,
    })
    login = createLoginStore(database, after)
    await seedDirectory(database, 'demo', {
      groups: [{ id: 'g-field', path: '/field' }],
      users: ['ann', 'bob', 'carl', 'dora', 'gone'].map((id) => ({
        id,
        groups: id === 'ann' ? ['g-field'] : [],
        ...(id === 'gone' ? { goneAt: NOW } : {}),
      })),
    })
    await seedDirectory(database, 'other', { users: [{ id: 'ann' }] })
  })
  afterAll(async () => {
    await database.close()
    await place.drop()
  })

  const enrol = async (
    store: LoginStore,
    userId: string,
    phone: string,
    lookup: { lookup?: string },
    realm = 'demo',
  ) =>
    await store.commit({
      realm,
      userId,
      enrol: [
        {
          id: `${realm}-${userId}-${kit.hash(phone)}`,
          method: 'sms',
          label: undefined,
          data: { phone },
          at: NOW,
          ...lookup,
        },
      ],
    })
  const found = async (phone: string, more: { groupIds?: string[] } = {}) => {
    const lookups = numberLookups('demo', phone, kit)
    const { users, total } = await admin.users('demo', { search: phone, lookups, ...more, first: 0, max: 10 })
    expect(total).toBe(users.length)
    return users.map(({ user }) => user.id)
  }
  const made = (phone: string, realm = 'demo') => lookupOf(realm, { method: 'sms', data: { phone } }, kit)

  it('finds who set it up, in this realm alone, and those whom a name finds besides (S4)', async () => {
    await enrol(login, 'ann', NUMBER, made(NUMBER))
    await enrol(login, 'ann', NUMBER, made(NUMBER, 'other'), 'other')
    await enrol(login, 'gone', NUMBER, made(NUMBER))
    expect(await found(NUMBER)).toEqual(['ann'])
    expect(await found('+31698765433')).toEqual([])
    expect(await found(NUMBER, { groupIds: ['g-field'] })).toEqual(['ann'])
    expect(await found(NUMBER, { groupIds: ['g-else'] })).toEqual([])
    const { users } = await admin.users('demo', {
      search: 'bob',
      lookups: numberLookups('demo', NUMBER, kit),
      first: 0,
      max: 10,
    })
    expect(users.map(({ user }) => user.id)).toEqual(['ann', 'bob'])
  })

  it('is gone with the credential', async () => {
    await enrol(login, 'dora', '+31612121212', made('+31612121212'))
    expect(await found('+31612121212')).toEqual(['dora'])
    await login.commit({ realm: 'demo', userId: 'dora', remove: [`demo-dora-${kit.hash('+31612121212')}`] })
    expect(await found('+31612121212')).toEqual([])
  })

  it('finds whose number an administrator set, as a login told, and not after it was taken away', async () => {
    const lookup = numberLookup('demo', ATTRIBUTE, kit)
    const told = { username: 'bob', roles: undefined, lookup }
    await login.commit({ realm: 'demo', userId: 'bob', told })
    expect(await found(ATTRIBUTE)).toEqual(['bob'])
    await login.commit({ realm: 'demo', userId: 'bob', told: { ...told, lookup: undefined } })
    expect(await found(ATTRIBUTE)).toEqual([])
  })

  it('lists a user whom an administrator has just added, with groups and number, and keeps what was known before', async () => {
    const user = {
      username: 'new',
      firstName: 'N',
      lastName: undefined,
      email: undefined,
      enabled: true,
      federation: undefined,
    }
    const added = {
      groupIds: ['g-field'],
      comesTo: 'required' as const,
      lookup: numberLookup('demo', ATTRIBUTE, kit),
    }
    for (const id of ['new', 'carl']) {
      const change = { realm: 'demo', added: { ...added, user: { ...user, id } }, audit: [] }
      expect(await admin.commit(change)).toBe('written')
    }
    expect((await admin.user('demo', 'new'))?.groups).toEqual([{ id: 'g-field', path: '/field' }])
    expect((await admin.user('demo', 'carl'))?.user).toMatchObject({ username: 'carl', firstName: undefined })
    expect(await found(ATTRIBUTE)).toEqual(['carl', 'new'])
  })

  it('finds what was kept under an older key, and what was set up before there was anything to find it by', async () => {
    const [old, older] = ['+31611111111', '+31622222222']
    const storeBefore = createLoginStore(database, before)
    await enrol(
      storeBefore,
      'carl',
      old,
      lookupOf('demo', { method: 'sms', data: { phone: old } }, kitBefore),
    )
    await enrol(storeBefore, 'dora', older, {})
    expect(await found(old)).toEqual(['carl'])
    expect(await found(older)).toEqual([])
    await enrol(createLoginStore(database, createSealer([newKey('lost')])), 'bob', '+31633333333', {})
    await fillLookups(database, after, ['sms'], (one) => lookupOf(one.realm, one, kit).lookup)
    expect(await found(older)).toEqual(['dora'])
  })

  it('is nowhere in the database that a thief could read (R5)', async () => {
    const cells = JSON.stringify(await dump(database))
    for (const phone of [NUMBER, ATTRIBUTE, '+31622222222']) {
      expect(cells).not.toContain(phone.slice(3))
    }
    expect(cells).toContain(numberLookup('demo', NUMBER, kit))
  })
})
