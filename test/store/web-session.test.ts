import { sql } from 'kysely'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { createSealer } from '../../src/adapters/secrets/sealer.ts'
import { openDatabase } from '../../src/adapters/store/database.ts'
import type { Database } from '../../src/adapters/store/database.ts'
import { createLoginStore } from '../../src/adapters/store/login-store.ts'
import { prune } from '../../src/adapters/store/prune.ts'
import { createWebSessionStore } from '../../src/adapters/store/web-session-store.ts'
import type { LoginStore } from '../../src/core/ports.ts'
import type { WebSession, WebSessionStore } from '../../src/core/pages/web-session.ts'
import { NOW, SECRET } from '../support/kit.ts'
import { dump, newKey, PLACES } from '../support/stores.ts'
import type { Place } from '../support/stores.ts'

describe.each(PLACES)('sessions of our own pages, on %s', (_, makePlace) => {
  let place: Place
  let database: Database
  let store: WebSessionStore
  let logins: LoginStore
  let count = 0

  beforeAll(async () => {
    place = await makePlace()
    database = await openDatabase(place.url)
    const sealer = createSealer([newKey()])
    store = createWebSessionStore(database, sealer)
    logins = createLoginStore(database, sealer)
  })
  afterAll(async () => {
    await database.close()
    await place.drop()
  })

  const visitor = {
    username: 'alice',
    refreshToken: 'REFRESH-TOKEN',
    roles: ['tfa-admin'],
    locale: undefined,
    authTime: NOW,
    since: NOW,
  }
  async function begin(change: Partial<WebSession> = {}): Promise<WebSession> {
    const n = ++count
    const session: WebSession = {
      idHash: `hash-${n}`,
      realm: 'demo',
      userId: `user-${n}`,
      sid: `sid-${n}`,
      visitor,
      rolesAt: NOW,
      expiresAt: NOW + 60_000,
      ...change,
    }
    await store.begin(session)
    return session
  }
  const find = async ({ realm, idHash }: WebSession, now = NOW) => await store.find(realm, idHash, now)

  it('gives back what was kept, in its realm and until it ends', async () => {
    const session = await begin()
    expect(await find(session)).toEqual(session)
    expect(await find({ ...session, realm: 'other' })).toBeUndefined()
    expect(await find(session, NOW + 60_000)).toBeUndefined()
  })

  it('shows no token in a stolen database (R5)', async () => {
    await begin()
    const cells = await dump(database)
    expect(cells.filter(({ text }) => /TOKEN|tfa-admin/.test(text))).toEqual([])
  })

  it.each(['user_id', 'sid', 'realm'] as const)(
    'does not open a row whose %s was changed (R5, R15)',
    async (column) => {
      const session = await begin()
      await sql`update web_session set ${sql.ref(column)} = 'other' where id_hash = ${session.idHash}`.execute(
        database.db,
      )
      const realm = column === 'realm' ? 'other' : 'demo'
      expect(await store.find(realm, session.idHash, NOW)).toBeUndefined()
    },
  )

  it('takes one that no key opens for none: its user signs in again', async () => {
    const session = await begin()
    const stranger = createWebSessionStore(database, createSealer([newKey('k2')]))
    expect(await stranger.find('demo', session.idHash, NOW)).toBeUndefined()
    expect(await find(session)).toEqual(session)
  })

  it('takes the news of one of two servers, and none for a session that ended', async () => {
    const session = await begin()
    const next = { ...session, rolesAt: NOW + 1, visitor: { ...visitor, roles: [] } }
    expect(await store.renew(next, session)).toBe(true)
    expect(await store.renew({ ...next, rolesAt: NOW + 2 }, session)).toBe(false)
    expect((await find(session))?.visitor.roles).toEqual([])
    await store.end('demo', session.idHash)
    expect(await store.renew({ ...next, rolesAt: NOW + 3 }, next)).toBe(false)
    expect(await find(session)).toBeUndefined()
  })

  it("ends those of a single sign-on session, or of a user, and nobody else's", async () => {
    const one = await begin({ sid: 's', userId: 'u' })
    const two = await begin({ sid: 's', userId: 'u' })
    const elsewhere = await begin({ sid: 's', userId: 'u', realm: 'other' })
    const third = await begin({ sid: 't', userId: 'u' })
    await store.endAll('demo', { sid: 's' })
    expect([await find(one), await find(two)]).toEqual([undefined, undefined])
    expect(await find(third)).toBeDefined()
    await store.endAll('demo', { userId: 'u' })
    expect(await find(third)).toBeUndefined()
    expect(await find(elsewhere)).toBeDefined()
  })

  it('forgets those that are over', async () => {
    const over = await begin({ expiresAt: NOW - 1 })
    const live = await begin()
    await prune(database, NOW)
    const rows = await database.db.selectFrom('web_session').select('id_hash').execute()
    const hashes = rows.map(({ id_hash }) => id_hash)
    expect(hashes).not.toContain(over.idHash)
    expect(hashes).toContain(live.idHash)
  })

  describe('what users change about their own methods', () => {
    const own = { realm: 'demo', userId: 'user-own' }
    const ids = ['m1', 'm2', 'm3']

    async function enrol(): Promise<void> {
      await database.db.deleteFrom('credential').execute()
      const data = { secret: SECRET, lastStep: 0 }
      const enrolled = ids.map((id, i) => ({ id, method: 'totp', label: undefined, data, at: NOW + i }))
      await logins.commit({ ...own, enrol: enrolled })
    }
    const kept = async () => {
      const { credentials } = await logins.background('demo', 'user-own', 'none')
      return credentials.map(({ id, label, preferred }) => ({ id, label, preferred }))
    }

    it('is taken away once, as a whole, however many ask at the same time (P3)', async () => {
      await enrol()
      const takeAway = { ids: ['m1', 'm2'], sid: 'own' }
      const results = await Promise.all(
        Array.from({ length: 20 }, async () => await logins.commit({ ...own, takeAway })),
      )
      expect(results.filter((result) => result === 'written')).toHaveLength(1)
      expect(await kept()).toMatchObject([{ id: 'm3' }])
      expect(await logins.commit({ ...own, takeAway: { ids: ['m3', 'm1'], sid: 'own' } })).toBe('lost')
      expect(await kept()).toMatchObject([{ id: 'm3' }])
    })

    it('ends what other sessions gave, and leaves what this one did', async () => {
      await enrol()
      for (const sid of ['own', 'theirs']) {
        await logins.commit({ ...own, verified: { sid, level: 2, at: NOW } })
      }
      await logins.commit({ ...own, takeAway: { ids: ['m1'], sid: 'own' } })
      const left = await database.db.selectFrom('verified_session').select('sid').execute()
      expect(left).toEqual([{ sid: 'own' }])
    })

    it('has one default at most, and a name', async () => {
      await enrol()
      for (const id of ['m1', 'm3', 'm2']) await logins.commit({ ...own, prefer: id })
      await logins.commit({ ...own, rename: { id: 'm1', label: 'Pixel' } })
      expect(await kept()).toEqual([
        { id: 'm1', label: 'Pixel', preferred: false },
        { id: 'm2', label: undefined, preferred: true },
        { id: 'm3', label: undefined, preferred: false },
      ])
      await logins.commit({ ...own, rename: { id: 'm1', label: undefined } })
      expect((await kept())[0]).toMatchObject({ label: undefined })
    })

    it("touches no other user's", async () => {
      await enrol()
      const other = { realm: 'demo', userId: 'somebody' }
      for (const change of [
        { prefer: 'm1' },
        { rename: { id: 'm1', label: 'Mine' } },
        { takeAway: { ids: ['m1'], sid: 'x' } },
      ]) {
        expect(await logins.commit({ ...other, ...change })).toBe('lost')
        expect(await logins.commit({ ...own, realm: 'other', ...change })).toBe('lost')
      }
      expect(await kept()).toEqual(ids.map((id) => ({ id, label: undefined, preferred: false })))
    })
  })
})
