import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { createSealer } from '../../src/adapters/secrets/sealer.ts'
import { openDatabase } from '../../src/adapters/store/database.ts'
import type { Database } from '../../src/adapters/store/database.ts'
import { createLoginStore } from '../../src/adapters/store/login-store.ts'
import { prune } from '../../src/adapters/store/prune.ts'
import type { SetUpLink } from '../../src/core/login/link.ts'
import type { LoginStore } from '../../src/core/ports.ts'
import { NOW } from '../support/kit.ts'
import { newKey, PLACES } from '../support/stores.ts'
import type { Place } from '../support/stores.ts'

const linkOf = (id: string, change: Partial<SetUpLink> = {}): SetUpLink => ({
  id,
  realm: 'demo',
  userId: 'user-1',
  purpose: 'first-set-up',
  secret: { keyId: 'k1', value: `mac of ${id}` },
  transactionId: 'step-1',
  expiresAt: NOW + 1_000,
  usedAt: undefined,
  ...change,
})

describe.each(PLACES)('links, on %s', (_, makePlace) => {
  let place: Place
  let databases: [Database, Database]
  let stores: [LoginStore, LoginStore]

  beforeAll(async () => {
    place = await makePlace()
    const first = await openDatabase(place.url)
    // An SQLite file belongs to one server.
    databases = [first, first.sqlite === undefined ? await openDatabase(place.url) : first]
    const sealer = createSealer([newKey()])
    stores = [createLoginStore(databases[0], sealer), createLoginStore(databases[1], sealer)]
  })
  afterAll(async () => {
    await databases[0].close()
    if (databases[1] !== databases[0]) await databases[1].close()
    await place.drop()
  })

  const keep = async (link: SetUpLink) =>
    await stores[0].commit({ realm: link.realm, userId: link.userId, link })
  const use = async (id: string, at = NOW, userId = 'user-1', realm = 'demo', store = stores[0]) =>
    await store.commit({ realm, userId, useLink: { id, at } })

  it('are what was kept, and gone once another takes their place (R19)', async () => {
    const [store] = stores
    await keep(linkOf('first'))
    expect(await store.link('demo', 'first')).toEqual(linkOf('first'))
    expect(await store.link('other', 'first')).toBeUndefined()
    await keep(linkOf('second'))
    await keep(linkOf('of-another', { userId: 'user-2' }))
    expect(await store.link('demo', 'first')).toBeUndefined()
    expect(await store.link('demo', 'second')).toEqual(linkOf('second'))
    expect(await use('first')).toBe('lost')
  })

  it('are spent once by their own user in their own realm, and not late (P8)', async () => {
    await keep(linkOf('third'))
    expect(await use('third', NOW, 'user-2')).toBe('lost')
    expect(await use('third', NOW, 'user-1', 'other')).toBe('lost')
    expect(await use('third', NOW + 1_000)).toBe('lost')
    expect(await use('third', NOW + 999)).toBe('written')
    expect((await stores[0].link('demo', 'third'))?.usedAt).toBe(NOW + 999)
    expect(await use('third')).toBe('lost')
    // A new one is unused again.
    await keep(linkOf('fourth'))
    expect(await use('fourth')).toBe('written')
  })

  it('are spent by one of many who come at the same moment, and the others write nothing (P8)', async () => {
    await keep(linkOf('wanted'))
    const tries = Array.from({ length: 20 }, async (_none, i) => {
      const store = stores[i % 2]!
      return await store.commit({
        realm: 'demo',
        userId: 'user-1',
        useLink: { id: 'wanted', at: NOW },
        verified: { sid: `sid-${i}`, level: 2, at: NOW },
      })
    })
    const results = await Promise.all(tries)
    expect(results.filter((result) => result === 'written')).toHaveLength(1)
    const rows = await databases[0].db.selectFrom('verified_session').select('sid').execute()
    expect(rows).toHaveLength(1)
  })

  it('go when their time is over', async () => {
    await keep(linkOf('old', { userId: 'user-3' }))
    await prune(databases[0], NOW + 999)
    expect(await stores[0].link('demo', 'old')).toBeDefined()
    await prune(databases[0], NOW + 1_001)
    expect(await stores[0].link('demo', 'old')).toBeUndefined()
  })
})
