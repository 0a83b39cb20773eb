import { sql } from 'kysely'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { prune } from '../../src/adapters/store/prune.ts'
import { slices } from '../../src/adapters/store/slices.ts'
import { NOTHING_KEPT } from '../../src/core/sync/sync-store.ts'
import type { SyncChange } from '../../src/core/sync/sync-store.ts'
import { openSync, REALM } from '../support/sync.ts'
import type { Sync } from '../support/sync.ts'
import { PLACES } from '../support/stores.ts'
import type { Place } from '../support/stores.ts'

const LEASE = { realm: REALM, holder: 'h' }
const DAY = 24 * 60 * 60_000
const userOf = (id: string, federation?: string) => ({
  id,
  username: `Name-${id}`,
  firstName: undefined,
  lastName: undefined,
  email: undefined,
  enabled: true,
  federation,
})

describe.each(PLACES)("the worker's store on %s", (_, makePlace) => {
  let place: Place
  let sync: Sync
  beforeEach(async () => {
    place = await makePlace()
    sync = await openSync(place.url)
    await sync.store.take(LEASE, sync.clock.now)
  })
  afterEach(async () => {
    await sync.close()
    await place.drop()
  })

  const write = async (step: Omit<SyncChange, 'realm' | 'at' | 'kept'>, pass = 1) =>
    await sync.store.commit(LEASE, {
      realm: REALM,
      at: sync.clock.now,
      kept: { ...NOTHING_KEPT, pass },
      ...step,
    })

  it('keeps thousands of users in one write, and knows whom a pass did not see', async () => {
    const { store } = sync
    const ids = Array.from({ length: 2_345 }, (__, i) => `u${String(i).padStart(5, '0')}`)
    await write({ users: { save: ids.map((id) => userOf(id)) } })
    expect(await store.users(REALM, ids)).toHaveLength(2_345)
    await write({ users: { seen: ids.slice(0, 2_000) } }, 2)
    expect(await store.counts(REALM, 2)).toEqual({ seen: 2_000, missing: 345 })
    const first = await store.missing(REALM, 2, '', 300)
    const rest = await store.missing(REALM, 2, first.at(-1)?.user.id ?? '', 300)
    expect([...first, ...rest].map(({ user }) => user.id)).toEqual(ids.slice(2_000))
  })

  it('gives a user back as it was saved, and finds it by its name in any case', async () => {
    const { store } = sync
    const user = { ...userOf('u1', 'ldap'), firstName: 'Ann', email: 'ann@example.com', enabled: false }
    await write({ users: { save: [user] } })
    expect(await store.users(REALM, ['u1'])).toEqual([{ user, roles: undefined, pass: 1, goneAt: undefined }])
    expect(await store.named(REALM, ['NAME-u1', 'nobody'])).toEqual(new Map([['name-u1', 'u1']]))
    expect(await store.witnesses(REALM, 'ldap', 5)).toEqual(['u1'])
    expect(await store.witnesses(REALM, 'other', 5)).toEqual([])
    expect(await store.users('other', ['u1'])).toEqual([])
  })

  it('makes tombstones of what a gone user has, and takes that back', async () => {
    const { store, admin } = sync
    await sync.enrol('u1')
    await write({ users: { save: [userOf('u1')] } })
    await write({ users: { gone: ['u1'] } })
    expect(await sync.tombstones()).toEqual(['u1'])
    expect(await admin.user(REALM, 'u1')).toMatchObject({ goneAt: sync.clock.now })
    expect(await store.witnesses(REALM, undefined, 5)).toEqual([])
    await write({ users: { save: [userOf('u1')], returned: ['u1'] } })
    expect(await sync.tombstones()).toEqual([])
    expect((await admin.user(REALM, 'u1'))?.goneAt).toBeUndefined()
  })

  it('never takes away a hint that came again since it was read', async () => {
    const { store, control, clock } = sync
    const once = (jti: string) => ({ jti, expiresAt: clock.now + 60_000 })
    const hints = { users: ['u1', 'u1', 'u2'], groups: ['g1'], full: true }
    expect(await control.hint(REALM, hints, once('a'))).toBe('kept')
    const read = await store.hints(REALM, 10)
    expect(read.map(({ kind, id }) => `${kind} ${id}`)).toEqual(['full ', 'group g1', 'user u1', 'user u2'])
    // In the same millisecond.
    await control.hint(REALM, { users: ['u1'], groups: [], full: false }, once('b'))
    await write({ done: read })
    expect((await store.hints(REALM, 10)).map(({ kind, id }) => `${kind} ${id}`)).toEqual(['user u1'])
    await write({ done: await store.hints(REALM, 10) })
    expect(await store.hints(REALM, 10)).toEqual([])
  })

  it('takes a message once, and nothing of one that it takes again', async () => {
    const { control, store, clock } = sync
    const once = { jti: 'j', expiresAt: clock.now + 60_000 }
    expect(await control.hint(REALM, { users: ['u1'], groups: [], full: false }, once)).toBe('kept')
    expect(await control.hint(REALM, { users: ['u2'], groups: [], full: false }, once)).toBe('replayed')
    expect((await store.hints(REALM, 10)).map(({ id }) => id)).toEqual(['u1'])
  })

  it('keeps what hints tell of who administers the realm, the newest word of each user', async () => {
    const { admin, control, store, clock } = sync
    let n = 0
    const tell = async (users: string[], administrators?: string[]) =>
      await control.hint(
        REALM,
        { users, groups: [], full: false, ...(administrators === undefined ? {} : { administrators }) },
        { jti: `j${n++}`, expiresAt: clock.now + 60_000 },
      )
    await tell(['u1', 'u2'])
    const told = async () =>
      (await store.hints(REALM, 10))
        .map(({ id, administers }) => [id, administers])
        .toSorted(([a], [b]) => (String(a) < String(b) ? -1 : 1))
    expect(await told()).toEqual([
      ['u1', undefined],
      ['u2', undefined],
    ])
    await tell(['u1', 'u2'], ['u1'])
    await tell(['u2', 'u3'])
    expect(await told()).toEqual([
      ['u1', true],
      ['u2', false],
      ['u3', undefined],
    ])
    await write({ users: { save: [userOf('u1')] } })
    await write({ users: { roles: [{ userId: 'u1', was: undefined, roles: ['tfa-admin'] }] } })
    expect((await admin.user(REALM, 'u1'))?.roles).toEqual(['tfa-admin'])
    expect(await write({ users: { roles: [{ userId: 'u1', was: ['other'], roles: [] }] } })).toBe('lost')
  })

  it('forgets memberships that a pass did not see, of users whom it saw, and no others', async () => {
    await write({ users: { save: ['here', 'hidden'].map((id) => userOf(id)) } })
    const all = ['here', 'hidden'].flatMap((userId) =>
      ['g1', 'g2', 'g3'].map((groupId) => ({ userId, groupId })),
    )
    await write({ memberships: { add: all } })
    await write({ users: { seen: ['here'] } }, 2)
    await write({ memberships: { add: [{ userId: 'here', groupId: 'g1' }] } }, 2)
    await write({ memberships: { sweep: ['g1', 'g2'], drop: ['g3'] } }, 2)
    expect(await sync.memberships()).toEqual(['here g1', 'hidden g1', 'hidden g2'])
    await write({ memberships: { remove: { userId: 'hidden', groupIds: ['g1'] } } }, 2)
    expect(await sync.memberships()).toEqual(['here g1', 'hidden g2'])
  })

  it('writes the new paths of thousands of subgroups in one go', async () => {
    const groups = [...Array(2_000).keys()].map((i) => ({
      id: `big-${i}`,
      parentId: 'big',
      name: `n${i}`,
      path: `/old/n${i}`,
      managers: [],
    }))
    await write({ groups: { save: groups } })
    const paths = groups.map(({ id, name }) => ({ groupId: id, path: `/new/${name}` }))
    expect(await write({ groups: { paths } })).toBe('written')
    const known = await sync.store.groups(REALM)
    expect(known.filter(({ path }) => path.startsWith('/new/'))).toHaveLength(2_000)
  })

  it('forgets who is gone for 30 days, and what sessions proved a day ago', async () => {
    const { clock, database, admin } = sync
    await sync.enrol('u1')
    const groups = ['g1', 'g2'].map((id) => ({
      id,
      parentId: undefined,
      name: id,
      path: `/${id}`,
      managers: [],
    }))
    await write({ users: { save: ['u1', 'u2'].map((id) => userOf(id)) }, groups: { save: groups } })
    await write({
      memberships: {
        add: [
          { userId: 'u1', groupId: 'g1' },
          { userId: 'u2', groupId: 'g1' },
          { userId: 'u2', groupId: 'g2' },
        ],
      },
    })
    await write({ users: { gone: ['u1'] }, groups: { gone: ['g2'] } })
    await sql`insert into verified_session (realm, sid, user_id, level, verified_at)
      values (${REALM}, 's', 'u2', 2, ${clock.now})`.execute(database.db)
    const sessions = async () =>
      (await database.db.selectFrom('verified_session').selectAll().execute()).length

    await prune(database, clock.now + DAY)
    expect(await sessions()).toBe(1)
    await prune(database, clock.now + DAY + 1)
    expect(await sessions()).toBe(0)
    await prune(database, clock.now + 30 * DAY)
    expect(await sync.tombstones()).toEqual(['u1'])
    await prune(database, clock.now + 30 * DAY + 1)
    expect(await sync.tombstones()).toEqual([])
    expect(await admin.user(REALM, 'u1')).toBeUndefined()
    expect((await admin.groups(REALM)).map(({ id }) => id)).toEqual(['g1'])
    expect(await sync.memberships()).toEqual(['u2 g1'])
  })
})

it('cuts a list into a few lengths only', () => {
  const list = Array.from({ length: 446 }, (_, i) => i)
  expect(slices(list).flat()).toEqual(list)
  expect(slices(list).map(({ length }) => length)).toEqual([200, 200, 20, 20, 5, 1])
  expect(slices([])).toEqual([])
})
