import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { NOTHING_KEPT } from '../../src/core/sync/sync-store.ts'
import { LEASE } from '../../src/core/sync/sync.ts'
import { openSync, REALM } from '../support/sync.ts'
import type { Sync } from '../support/sync.ts'
import { PLACES } from '../support/stores.ts'
import type { Place } from '../support/stores.ts'

const held = (holder: string) => ({ realm: REALM, holder })

describe.each(PLACES)('a lease on %s', (_, makePlace) => {
  let place: Place
  let sync: Sync
  beforeEach(async () => {
    place = await makePlace()
    sync = await openSync(place.url)
  })
  afterEach(async () => {
    await sync.close()
    await place.drop()
  })

  it('is for one of 20 who try at the same time', async () => {
    const { store, clock } = sync
    const tries = Array.from({ length: 20 }, async (__, i) => await store.take(held(`h${i}`), clock.now))
    expect((await Promise.all(tries)).filter(Boolean)).toHaveLength(1)
  })

  it('is for one of 20 who try to take it over when it ran out', async () => {
    const { store, clock } = sync
    await store.take(held('dead'), clock.now)
    const later = clock.now + LEASE
    const tries = Array.from({ length: 20 }, async (__, i) => await store.take(held(`h${i}`), later))
    expect((await Promise.all(tries)).filter(Boolean)).toHaveLength(1)
  })

  it('is kept by renewing it, and free once it ran out or was given back', async () => {
    const { store, clock } = sync
    expect(await store.take(held('a'), clock.now)).toBe(true)
    expect(await store.renew(held('a'), clock.now + 9_000)).toBe(true)
    expect(await store.take(held('b'), clock.now + LEASE)).toBe(false)
    expect(await store.take(held('b'), clock.now + 9_000 + LEASE)).toBe(true)
    expect(await store.renew(held('a'), clock.now + 9_000 + LEASE)).toBe(false)
    await store.giveBack(held('a'))
    expect(await store.take(held('c'), clock.now + 9_000 + LEASE)).toBe(false)
    await store.giveBack(held('b'))
    expect(await store.take(held('c'), clock.now + 9_000 + LEASE)).toBe(true)
  })

  it('refuses every write of who lost it, and lets the new holder write', async () => {
    const { store, clock, state, audit } = sync
    const change = (name: string) => ({
      realm: REALM,
      at: clock.now,
      kept: { ...NOTHING_KEPT, state: { ...NOTHING_KEPT.state, completedAt: name.length } },
      saveRules: [
        {
          rule: { groupId: name, enforcement: 'required' as const, priority: 0 },
          origin: 'attribute' as const,
          version: undefined,
        },
      ],
      audit: [{ event: 'rule.saved' as const, realm: REALM, userId: '', at: clock.now, detail: { name } }],
    })
    await store.take(held('old'), clock.now)
    await store.take(held('new'), clock.now + LEASE)
    expect(await store.commit(held('old'), change('o'))).toBe('lost')
    expect(await store.commit(held('new'), change('new'))).toBe('written')
    expect(await store.commit(held('old'), change('oo'))).toBe('lost')
    expect((await state()).completedAt).toBe(3)
    expect((await sync.rules()).map(({ groupId }) => groupId)).toEqual(['new'])
    expect((await audit()).map(({ detail }) => detail)).toEqual([{ name: 'new' }])
  })

  it('is another one for each realm', async () => {
    const { store, clock } = sync
    expect(await store.take(held('a'), clock.now)).toBe(true)
    expect(await store.take({ realm: 'other', holder: 'b' }, clock.now)).toBe(true)
  })
})
