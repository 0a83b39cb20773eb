import { expect, it, vi } from 'vitest'
import { verifyRealm } from '../../src/cli/audit.ts'
import { startApp } from '../support/app.ts'
import { PLACES } from '../support/stores.ts'

it.each(PLACES)(
  'a server on %s seals what it writes, and what is left when it ends',
  async (_, makePlace) => {
    const place = await makePlace()
    const app = await startApp({
      keycloakUrl: 'http://127.0.0.1:1',
      realms: ['demo', 'other'],
      dbUrl: place.url,
      background: true,
    })
    const write = async (realm: string) => {
      const entry = {
        event: 'challenge.succeeded',
        realm,
        userId: 'bob',
        at: Date.now(),
        detail: {},
      } as const
      expect(await app.store.commit({ realm, userId: 'bob', audit: [entry] })).toBe('written')
    }
    const look = async (realm = 'demo') => await verifyRealm(app.config, realm)
    await write('demo')
    await vi.waitFor(async () => expect(await look()).toMatchObject({ sealed: 1, unsealed: 0, found: 0 }), {
      timeout: 20_000,
    })
    const { head } = await look()
    for (const realm of ['demo', 'other', 'demo']) await write(realm)
    await app.stop()
    expect(await verifyRealm(app.config, 'demo', head)).toMatchObject({ sealed: 3, unsealed: 0, found: 0 })
    expect(await look('other')).toMatchObject({ sealed: 1, unsealed: 0, found: 0 })
    await place.drop()
  },
)
