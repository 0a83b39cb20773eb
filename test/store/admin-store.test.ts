import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { createSealer } from '../../src/adapters/secrets/sealer.ts'
import { createAdminStore } from '../../src/adapters/store/admin-store.ts'
import { createAuditStore } from '../../src/adapters/store/audit-store.ts'
import { openDatabase } from '../../src/adapters/store/database.ts'
import type { Database } from '../../src/adapters/store/database.ts'
import { createLoginStore } from '../../src/adapters/store/login-store.ts'
import { createPolicyStore } from '../../src/adapters/store/policy-store.ts'
import { selectPeople } from '../../src/adapters/store/user-query.ts'
import type { AdminStore, UserQuery } from '../../src/core/administration/administration.ts'
import type { AuditEntry } from '../../src/core/audit/audit.ts'
import type { LoginStore } from '../../src/core/ports.ts'
import { seedDirectory } from '../support/people.ts'
import { PLACES, newKey } from '../support/stores.ts'
import type { Place } from '../support/stores.ts'

const NOW = 1_800_000_000_000
const entry = (detail: Record<string, unknown> = {}): AuditEntry => ({
  event: 'rule.saved',
  realm: 'demo',
  userId: '',
  actor: 'erin',
  at: NOW,
  detail,
})

describe.each(PLACES)('the store of administration on %s', (_, makePlace) => {
  let place: Place
  let database: Database
  let store: AdminStore
  let login: LoginStore

  beforeAll(async () => {
    place = await makePlace()
    database = await openDatabase(place.url)
    login = createLoginStore(database, createSealer([newKey()]))
    store = createAdminStore(database, { companions: new Set(['backup-codes']), clock: () => NOW })
    await seedDirectory(database, 'demo', {
      groups: [
        { id: 'g-field', path: '/field', managers: ['heidi'] },
        { id: 'g-north', path: '/field/north', parentId: 'g-field' },
        { id: 'g-robots', path: '/robots' },
      ],
      users: [
        { id: 'u-1', username: 'ada', firstName: 'Ada', lastName: 'Özil', email: 'ADA@Example.com' },
        { id: 'u-2', username: 'b_b', enforcement: 'required', groups: ['g-north'] },
        { id: 'u-3', username: 'bxb', enforcement: 'disabled', groups: ['g-robots', 'g-north'], roles: null },
        { id: 'u-4', username: '100%', enforcement: 'optional', roles: ['tfa-admin', 'administers'] },
        { id: 'u-5', username: 'back\\slash' },
        { id: 'u-6', username: 'gone', goneAt: NOW },
      ],
    })
    await seedDirectory(database, 'other', { users: [{ id: 'u-1', username: 'ada' }] })
    const enrol = (userId: string, methods: string[]) =>
      login.commit({
        realm: 'demo',
        userId,
        enrol: methods.map((method) => ({
          id: `${userId}-${method}`,
          method,
          label: undefined,
          data: {},
          at: NOW,
        })),
      })
    await enrol('u-1', ['totp', 'backup-codes'])
    await enrol('u-4', ['backup-codes'])
    await enrol('u-5', ['sms'])
    await enrol('not-in-the-directory', ['totp'])
    await login.commit({
      realm: 'demo',
      userId: 'u-5',
      attempts: {
        next: { version: 0, failures: 5, total: 5, reported: 0, lockedUntil: NOW + 1 },
        version: 0,
      },
    })
  })
  afterAll(async () => {
    await database.close()
    await place.drop()
  })

  const ids = async (query: Partial<UserQuery>) =>
    (await store.users('demo', { first: 0, max: 100, ...query })).users.map(({ user }) => user.id)

  it('lists users by name, a page at a time, with how many there are', async () => {
    expect(await ids({})).toEqual(['u-4', 'u-1', 'u-2', 'u-5', 'u-3'])
    const page = await store.users('demo', { first: 1, max: 2 })
    expect([page.users.map(({ user }) => user.id), page.total]).toEqual([['u-1', 'u-2'], 5])
    for (const [first, max] of [
      [0, 5],
      [0, 6],
      [3, 2],
      [4, 2],
      [5, 2],
      [9, 2],
    ] as const) {
      const { users, total } = await store.users('demo', { first, max })
      expect([users.length, total], `${first} ${max}`).toEqual([Math.max(0, Math.min(max, 5 - first)), 5])
    }
    expect(await store.users('demo', { search: 'nobody', first: 0, max: 2 })).toEqual({ users: [], total: 0 })
    expect(await ids({ gone: true })).toEqual(['u-6'])
  })

  it('searches on SQLite what stands ready in its index, and puts no name together for it', async () => {
    if (database.sqlite === undefined) return
    const query = selectPeople(database.db, 'demo', { search: 'ada' }, new Set(), NOW).select('user_id')
    const steps = await query.explain<{ opcode: string; p4: string | null }>()
    const called = steps.filter(({ opcode }) => opcode === 'Function').map(({ p4 }) => p4)
    expect(called).toEqual([expect.stringMatching(/^like/)])
  })

  it('searches names and addresses whatever their case, wildcards taken for what they are', async () => {
    for (const search of ['ADA', 'ada özil', 'özil', 'ÖZIL', 'Özil', 'da@exam', ' ada ']) {
      expect(await ids({ search }), search).toEqual(['u-1'])
    }
    expect(await ids({ search: 'b_b' })).toEqual(['u-2'])
    expect(await ids({ search: '%' })).toEqual(['u-4'])
    expect(await ids({ search: '\\' })).toEqual(['u-5'])
    expect(await ids({ search: "'; drop table directory_user --" })).toEqual([])
  })

  it('narrows by enforcement, method, group and status', async () => {
    expect(await ids({ enforcement: 'required' })).toEqual(['u-2'])
    expect(await ids({ method: 'totp' })).toEqual(['u-1'])
    expect(await ids({ groupIds: ['g-north'] })).toEqual(['u-2', 'u-3'])
    expect(await ids({ groupIds: [] })).toEqual([])
    expect(await ids({ status: 'locked' })).toEqual(['u-5'])
    expect(await ids({ status: 'enrolled' })).toEqual(['u-1'])
    expect(await ids({ status: 'required-not-enrolled' })).toEqual(['u-2'])
    expect(await ids({ status: 'exempt' })).toEqual(['u-3'])
    expect(await ids({ status: 'not-enrolled' })).toEqual(['u-4'])
    expect(await ids({ search: 'b', groupIds: ['g-robots'], status: 'exempt' })).toEqual(['u-3'])
  })

  it('shows a user with all that the policy looks at', async () => {
    await login.commit({ realm: 'demo', userId: 'u-3', graceStarted: [{ source: 'g-north', at: 7 }] })
    expect(await store.user('demo', 'u-3')).toEqual({
      user: {
        id: 'u-3',
        username: 'bxb',
        firstName: undefined,
        lastName: undefined,
        email: undefined,
        enabled: true,
        federation: undefined,
      },
      goneAt: undefined,
      roles: undefined,
      groups: [
        { id: 'g-field', path: '/field' },
        { id: 'g-north', path: '/field/north' },
        { id: 'g-robots', path: '/robots' },
      ],
      override: undefined,
      methods: [],
      lockedUntil: 0,
      graceStarts: new Map([['g-north', 7]]),
    })
    expect(await store.user('demo', 'u-1')).toMatchObject({
      roles: [],
      methods: [
        { id: 'u-1-totp', method: 'totp', createdAt: NOW, usedAt: undefined, failures: 0 },
        { id: 'u-1-backup-codes', method: 'backup-codes' },
      ],
    })
    expect((await store.user('demo', 'u-5'))?.lockedUntil).toBe(NOW + 1)
    expect((await store.user('demo', 'u-6'))?.goneAt).toBe(NOW)
  })

  it('finds who has something here although the worker has not seen them', async () => {
    const found = await store.user('demo', 'not-in-the-directory')
    expect(found?.user.username).toBe('not-in-the-directory')
    expect(found?.roles).toBeUndefined()
    expect(found?.methods).toHaveLength(1)
    expect(await store.user('demo', 'nobody')).toBeUndefined()
    expect(await store.user('other', 'u-2')).toBeUndefined()
  })

  it('hands out everybody who is not gone, once', async () => {
    await seedDirectory(database, 'many', {
      users: Array.from({ length: 2_500 }, (_unused, i) => ({
        id: `u-${i}`,
        username: `name-${i % 700}`,
        ...(i % 100 === 0 ? { goneAt: NOW } : {}),
      })),
    })
    const pages: string[][] = []
    for await (const page of store.everybody('many')) pages.push(page.map(({ user }) => user.id))
    expect(pages.map(({ length }) => length)).toEqual([1_000, 1_000, 475])
    expect(new Set(pages.flat()).size).toBe(2_475)
  })

  it('lets one of two writers of the settings win, and each version be of one text', async () => {
    const save = async (maxFailures: number, version: number) =>
      await store.commit({ realm: 'demo', settings: { next: { maxFailures }, version }, audit: [entry()] })
    expect((await Promise.all([save(3, 0), save(4, 0)])).toSorted()).toEqual(['lost', 'written'])
    const first = await store.policy('demo')
    expect(first.version).toBe(1)
    expect(await save(6, 0)).toBe('lost')
    expect(await save(6, 1)).toBe('written')
    const { set, settings, version } = await store.policy('demo')
    expect([set, settings.maxFailures, version]).toEqual([{ maxFailures: 6 }, 6, 2])
    await createPolicyStore(database).saveSettings('demo', {})
    expect(await store.policy('demo')).toMatchObject({ set: {}, version: 3 })
  })

  it('keeps rules and proposals apart, each with a version that never comes again', async () => {
    const rule = { groupId: 'g-field', enforcement: 'required' as const, priority: 2, grace: { days: 7 } }
    const save = async (version: number | undefined) =>
      await store.commit({
        realm: 'demo',
        saveRules: [{ rule, origin: 'administrator', version }],
        audit: [entry()],
      })
    expect(await save(undefined)).toBe('written')
    expect(await save(undefined)).toBe('lost')
    expect(await save(NOW + 1)).toBe('lost')
    expect(await save(NOW)).toBe('written')
    expect(
      await store.commit({ realm: 'demo', saveProposal: { rule, version: undefined }, audit: [entry()] }),
    ).toBe('written')
    const { rules, proposals } = await store.policy('demo')
    expect(rules).toEqual([{ ...rule, origin: 'administrator', version: NOW + 1 }])
    expect(proposals).toEqual([{ ...rule, version: NOW }])
    const remove = async (version: number) =>
      await store.commit({ realm: 'demo', removeRules: [{ groupId: 'g-field', version }], audit: [entry()] })
    expect([await remove(NOW), await remove(NOW + 1), await remove(NOW + 1)]).toEqual([
      'lost',
      'written',
      'lost',
    ])
    const gone = { groupId: 'g-field', version: NOW }
    expect(await store.commit({ realm: 'demo', removeProposal: gone, audit: [entry()] })).toBe('written')
    expect(await store.policy('demo')).toMatchObject({ rules: [], proposals: [] })
  })

  it('writes all or nothing, its audit included', async () => {
    const audit = createAuditStore(database)
    const before = (await audit.list('demo', {}, { max: 100 })).entries.length
    const lost = await store.commit({
      realm: 'demo',
      override: { userId: 'u-2', enforcement: 'optional', was: undefined, comesTo: 'optional' },
      removeRules: [{ groupId: 'g-field', version: 1 }],
      audit: [entry()],
    })
    expect(lost).toBe('lost')
    expect((await store.user('demo', 'u-2'))?.override).toBeUndefined()
    expect((await audit.list('demo', {}, { max: 100 })).entries).toHaveLength(before)
  })

  it('sets and takes back an override from what it was, and lists by it at once', async () => {
    const save = async (enforcement: 'required' | undefined, was: 'required' | 'optional' | undefined) =>
      await store.commit({
        realm: 'demo',
        override: { userId: 'u-3', enforcement, was, comesTo: enforcement ?? 'disabled' },
        audit: [entry()],
      })
    expect(
      (await Promise.all([save('required', undefined), save('required', undefined)])).toSorted(),
    ).toEqual(['lost', 'written'])
    expect(await ids({ enforcement: 'required' })).toEqual(['u-2', 'u-3'])
    expect(await save(undefined, 'optional')).toBe('lost')
    expect(await save(undefined, 'required')).toBe('written')
    expect(await save(undefined, 'required')).toBe('lost')
    expect(await ids({ enforcement: 'required' })).toEqual(['u-2'])
  })

  it('revokes once, and with it what rests on the proof', async () => {
    await login.commit({
      realm: 'demo',
      userId: 'u-1',
      verified: { sid: 's', level: 2, at: NOW },
      enrol: [{ id: 'extra', method: 'totp', label: undefined, data: {}, at: NOW }],
    })
    expect(await store.verifiedAt('demo', 's', 'u-1')).toBe(NOW)
    expect(await store.verifiedAt('demo', 's', 'u-2')).toBeUndefined()
    const revoke = async (going: string[]) =>
      await store.commit({ realm: 'demo', revoke: { userId: 'u-1', ids: going }, audit: [entry()] })
    expect((await Promise.all([revoke(['extra']), revoke(['extra']), revoke(['extra'])])).toSorted()).toEqual(
      ['lost', 'lost', 'written'],
    )
    expect(await store.verifiedAt('demo', 's', 'u-1')).toBeUndefined()
    expect(await revoke(['u-1-totp', 'extra'])).toBe('lost')
    expect((await store.user('demo', 'u-1'))?.methods).toHaveLength(2)
    expect(
      await store.commit({ realm: 'other', revoke: { userId: 'u-1', ids: ['u-1-totp'] }, audit: [] }),
    ).toBe('lost')
  })

  it('resets and unlocks in one change, and a try that read the lockout decides again', async () => {
    const { attempts } = await login.background('demo', 'u-5', 'n')
    const done = await store.commit({
      realm: 'demo',
      revoke: { userId: 'u-5', ids: ['u-5-sms'] },
      unlock: { userId: 'u-5' },
      audit: [entry()],
    })
    expect(done).toBe('written')
    expect(await store.user('demo', 'u-5')).toMatchObject({ methods: [], lockedUntil: 0 })
    const after = (await login.background('demo', 'u-5', 'n')).attempts
    expect(after).toMatchObject({ failures: 0, lockedUntil: 0, total: 5 })
    const late = { next: { ...attempts, failures: 6 }, version: attempts.version }
    expect(await login.commit({ realm: 'demo', userId: 'u-5', attempts: late })).toBe('lost')
  })

  it('forgets failures on the methods that stay', async () => {
    await login.commit({ realm: 'demo', userId: 'u-4', failed: ['u-4-backup-codes'] })
    await store.commit({ realm: 'demo', unlock: { userId: 'u-4' }, audit: [entry()] })
    expect((await store.user('demo', 'u-4'))?.methods[0]?.failures).toBe(0)
  })

  it('counts what a proposal would have decided otherwise', async () => {
    const decided = (userId: string, groupIds: string[], at: number) => ({
      event: 'decision.proposed' as const,
      realm: 'demo',
      userId,
      at,
      detail: {
        because: { rule: 'group', groupId: 'g-north', path: '/field/north' },
        proposals: groupIds.map((groupId) => ({ groupId })),
      },
    })
    await store.commit({
      realm: 'demo',
      audit: [
        decided('u-1', ['g-field'], NOW - 1),
        decided('u-1', ['g-field'], NOW),
        decided('u-1', ['g-robots', 'g-field'], NOW),
        decided('u-2', ['g-field'], NOW),
        decided('u-3', ['g-fiel_'], NOW),
      ],
    })
    expect(await store.proposalFigures('demo', 'g-field', NOW)).toEqual({ decisions: 3, users: 2 })
    expect(await store.proposalFigures('demo', 'g-north', 0)).toEqual({ decisions: 0, users: 0 })
    expect(await store.proposalFigures('demo', 'g-fiel_', 0)).toEqual({ decisions: 1, users: 1 })
  })

  it('knows the groups, their managers and which are gone', async () => {
    await database.db
      .updateTable('directory_group')
      .set({ gone_at: NOW })
      .where('group_id', '=', 'g-robots')
      .execute()
    expect(await store.groups('demo')).toEqual([
      {
        id: 'g-field',
        parentId: undefined,
        name: 'field',
        path: '/field',
        managers: ['heidi'],
        goneAt: undefined,
      },
      {
        id: 'g-north',
        parentId: 'g-field',
        name: 'north',
        path: '/field/north',
        managers: [],
        goneAt: undefined,
      },
      { id: 'g-robots', parentId: undefined, name: 'robots', path: '/robots', managers: [], goneAt: NOW },
    ])
    expect((await store.user('demo', 'u-3'))?.groups.map(({ id }) => id)).toEqual(['g-field', 'g-north'])
  })
})
