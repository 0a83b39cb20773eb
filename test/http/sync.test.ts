import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { WORKER } from '../../src/core/audit/audit.ts'
import { LEASE } from '../../src/core/sync/sync.ts'
import { failing, fakeKeycloak } from '../support/fake-directory.ts'
import type { FakeKeycloak } from '../support/fake-directory.ts'
import { INTERVAL, openSync, REALM } from '../support/sync.ts'
import type { Sync } from '../support/sync.ts'
import { PLACES } from '../support/stores.ts'
import type { Place } from '../support/stores.ts'

describe.each(PLACES)('the sync worker on %s', (_, makePlace) => {
  let place: Place
  let sync: Sync
  let keycloak: FakeKeycloak
  beforeEach(async () => {
    place = await makePlace()
    keycloak = fakeKeycloak()
    sync = await openSync(place.url, keycloak)
  })
  afterEach(async () => {
    await sync.close()
    await place.drop()
  })

  const users = (count: number) => Array.from({ length: count }, (__, i) => `u${String(i).padStart(4, '0')}`)
  const addUsers = (count: number) => users(count).forEach((id) => keycloak.addUser(id))
  const events = async () =>
    (await sync.audit()).map(({ event, userId, detail }) => [event, userId || detail['path']])
  const goneUsers = async () =>
    (await sync.admin.users(REALM, { gone: true, first: 0, max: 10_000 })).users.map(({ user }) => user.id)
  const ruled = async () => (await sync.rules()).map(({ groupId, enforcement }) => [groupId, enforcement])
  const required = { 'tfa.enforcement': ['required'] }
  const threeOf = (id: string) => [`user ${id}`, `groupsOf ${id}`, `rolesOf ${id}`]

  it('brings users, groups, rules, managers and members into the database, group by group (K3)', async () => {
    addUsers(4)
    const finance = keycloak.addGroup('finance', { ...required, 'tfa.managers': ['u0003'] })
    const audit = keycloak.addGroup('audit', {}, finance)
    keycloak.addGroup('plain')
    keycloak.join('u0001', finance)
    keycloak.join('u0002', audit)
    keycloak.join('u0000', 'id-plain')
    await sync.round()

    expect(await sync.state()).toMatchObject({
      running: undefined,
      last: { result: 'done', users: 4, groups: 3 },
      completedAt: sync.clock.now,
      problem: undefined,
      warnings: [],
    })
    expect(await ruled()).toEqual([[finance, 'required']])
    expect(await sync.memberships()).toEqual(['u0001 id-finance', 'u0002 id-audit'])
    const groups = await sync.admin.groups(REALM)
    expect(groups.find(({ id }) => id === finance)?.managers).toEqual(['u0003'])
    expect(groups.find(({ id }) => id === audit)).toMatchObject({ parentId: finance, path: '/finance/audit' })
    const listed = await sync.admin.users(REALM, { enforcement: 'required', first: 0, max: 10 })
    expect(listed.users.map(({ user }) => user.id)).toEqual(['u0001', 'u0002'])
    expect(await events()).toEqual([['rule.saved', '/finance']])
    expect((await sync.audit())[0]).toMatchObject({ actor: WORKER, detail: { origin: 'attribute' } })
    expect(keycloak.calls.filter((call) => /^(groupsOf|rolesOf|user) /.test(call))).toEqual([])
    expect(sync.logged.filter(({ message }) => message === 'full pass ended')).toHaveLength(1)
  })

  it('takes a short page of members for the last, unless a federation may have left somebody out', async () => {
    const lists = () => keycloak.calls.filter((call) => call.startsWith('members '))
    addUsers(3)
    keycloak.addGroup('finance', required)
    keycloak.join('u0000', 'id-finance')
    keycloak.join('u0001', 'id-finance')
    await sync.round()
    expect(lists()).toEqual(['members id-finance 0 1000'])

    keycloak.addUser('u0002', { federation: 'ldap' })
    keycloak.calls.length = 0
    await sync.pass()
    expect(lists()).toEqual(['members id-finance 0 1000', 'members id-finance 2 1000'])
    expect(await sync.memberships()).toEqual(['u0000 id-finance', 'u0001 id-finance'])
  })

  describe('asks for a page while it writes down the one before', () => {
    beforeEach(async () => {
      addUsers(1_500)
      keycloak.addGroup('field', { 'tfa.enforcement': ['disabled'] })
      keycloak.addGroup('finance', required)
      keycloak.join('u0001', 'id-field')
      keycloak.join('u0002', 'id-finance')
      await sync.round()
      keycloak.calls.length = 0
    })

    it.each(['users 1000 1000', 'members id-finance 0 1000'])('%s', async (next) => {
      const { commit } = sync.store
      const askedFor: string[][] = []
      sync.store.commit = async (lease, change) => {
        if (change.users !== undefined || change.memberships !== undefined) askedFor.push([...keycloak.calls])
        return await commit(lease, change)
      }
      await sync.pass()
      const before = keycloak.calls[keycloak.calls.indexOf(next) - 1]
      const written = askedFor.find((calls) => before !== undefined && calls.includes(before))
      expect(written).toContain(next)
      expect(keycloak.calls.filter((call) => call === next)).toHaveLength(1)
    })

    const told = [
      {
        page: 'users 1000 1000',
        userId: 'u1400',
        change: () => keycloak.addUser('u1400', { username: 'newer' }),
        now: async () => (await sync.admin.user(REALM, 'u1400'))?.user.username === 'newer',
      },
      {
        page: 'members id-finance 0 1000',
        userId: 'u0002',
        change: () => keycloak.leave('u0002', 'id-finance'),
        now: async () => !(await sync.memberships()).includes('u0002 id-finance'),
      },
    ]
    it.each(told)('and asks again what a hint made old: $page', async ({ page, userId, change, now }) => {
      let hinted = Promise.resolve()
      let isFirst = true
      for (const name of ['users', 'members'] as const) {
        const call = keycloak[name].bind(keycloak) as (...values: unknown[]) => Promise<unknown>
        const answered = (...values: unknown[]) => {
          const answer = call(...values)
          if (isFirst && page === `${name} ${values.join(' ')}`) {
            isFirst = false
            hinted = answer.then(async () => {
              change()
              await sync.tell({ users: [userId] })
            })
          }
          return answer
        }
        Object.assign(keycloak, { [name]: answered })
      }
      const { commit } = sync.store
      sync.store.commit = async (lease, step) => {
        await hinted
        return await commit(lease, step)
      }
      await sync.pass()
      expect(await now()).toBe(true)
      expect(keycloak.calls.filter((call) => call === page)).toHaveLength(2)
      expect(await sync.store.hints(REALM, 10)).toEqual([])
    })

    it('and writes a page whole before it follows who left since', async () => {
      users(1_000).forEach((id) => keycloak.join(id, 'id-finance'))
      const { commit } = sync.store
      let isFirst = true
      sync.store.commit = async (lease, change) => {
        if (isFirst && change.memberships?.add?.some(({ groupId }) => groupId === 'id-finance') === true) {
          isFirst = false
          keycloak.leave('u0999', 'id-finance')
          await sync.tell({ users: ['u0999'] })
        }
        return await commit(lease, change)
      }
      await sync.pass()
      const members = await sync.memberships()
      expect(members).toContain('u0998 id-finance')
      expect(members).not.toContain('u0999 id-finance')
    })

    it.each(['users', 'members'] as const)(
      'and ends where Keycloak gives one page of %s for ever',
      async (name) => {
        users(1_000).forEach((id) => keycloak.join(id, 'id-finance'))
        const { users: listed, members } = keycloak
        Object.assign(keycloak, {
          users: async (first: number, max: number) => await listed(name === 'users' ? 0 : first, max),
          members: async (id: string, _first: number, max: number) => await members(id, 0, max),
        })
        const { problem } = await sync.pass()
        expect(problem?.message).toContain('the same page of users again and again')
      },
    )

    it('and takes a user who comes first in two groups for nothing odd', async () => {
      keycloak.leave('u0002', 'id-finance')
      keycloak.join('u0001', 'id-finance')
      expect((await sync.pass()).problem).toBeUndefined()
      expect(await sync.memberships()).toEqual(['u0001 id-field', 'u0001 id-finance'])
    })

    it('and loses nothing of it where Keycloak fails at the next', async () => {
      keycloak.addUser('u0999', { username: 'renamed' })
      keycloak.onCall = failing('unreachable', /^users 1000/)
      expect((await sync.pass()).problem).toMatchObject({ reason: 'unreachable' })
      expect((await sync.admin.user(REALM, 'u0999'))?.user.username).toBe('renamed')
    })
  })

  it('begins when no pass went through in the interval, and not before', async () => {
    addUsers(1)
    await sync.round()
    const before = keycloak.calls.length
    sync.clock.now += INTERVAL - 1
    await sync.round()
    expect(keycloak.calls).toHaveLength(before)
    sync.clock.now += 1
    await sync.round()
    expect(keycloak.calls.length).toBeGreaterThan(before)
  })

  it('changes nothing and audits nothing in a second pass over the same', async () => {
    addUsers(3)
    keycloak.addGroup('finance', required)
    keycloak.join('u0001', 'id-finance')
    await sync.round()
    const state = await sync.pass()
    expect(state.last).toMatchObject({ result: 'done', changes: 0 })
    expect(await events()).toEqual([['rule.saved', '/finance']])
  })

  it('skips what says nothing usable, tells of it once, and leaves what was in force (K3)', async () => {
    addUsers(1)
    const finance = keycloak.addGroup('finance', required)
    const field = keycloak.addGroup('field', { ...required, 'tfa.methods': ['backup-codes'] })
    await sync.round()
    expect(await ruled()).toEqual([[finance, 'required']])
    keycloak.addGroup('finance', { 'tfa.enforcement': ['maybe'] })
    const { warnings } = await sync.pass()
    await sync.pass()
    expect(await ruled()).toEqual([[finance, 'required']])
    expect(warnings.map(({ groupId, attribute, value }) => [groupId, attribute, value])).toEqual([
      [field, 'tfa.methods', 'backup-codes'],
      [finance, 'tfa.enforcement', 'maybe'],
    ])
    const told = sync.logged.filter(({ message }) => message.startsWith('attribute skipped'))
    expect(told.map(({ detail }) => [detail['group'], detail['value']])).toEqual([
      ['/field', 'backup-codes'],
      ['/finance', 'maybe'],
    ])
    keycloak.addGroup('finance', {})
    expect((await sync.pass()).warnings.map(({ groupId }) => groupId)).toEqual([field])
    expect(await ruled()).toEqual([])
  })

  it('follows a change of an administrator: lists, and members of what newly carries a rule', async () => {
    addUsers(2)
    const plain = keycloak.addGroup('plain')
    keycloak.join('u0001', plain)
    await sync.round()
    expect(await sync.memberships()).toEqual([])
    await sync.policy.saveRule(REALM, { groupId: plain, enforcement: 'required', priority: 0 })
    sync.clock.now += 5_000
    await sync.round()
    expect(await sync.memberships()).toEqual(['u0001 id-plain'])
    const listed = await sync.admin.users(REALM, { enforcement: 'required', first: 0, max: 10 })
    expect(listed.users.map(({ user }) => user.id)).toEqual(['u0001'])
    await sync.policy.saveSettings(REALM, { enforcement: 'disabled' })
    sync.clock.now += 5_000
    await sync.round()
    const exempt = await sync.admin.users(REALM, { enforcement: 'disabled', first: 0, max: 10 })
    expect(exempt.users.map(({ user }) => user.id)).toEqual(['u0000'])
  })

  describe('by hints', () => {
    beforeEach(async () => {
      addUsers(3)
      keycloak.addGroup('finance', required)
      await sync.round()
      keycloak.calls.length = 0
    })

    it('reads a user again: profile, groups, roles, in three calls', async () => {
      keycloak.addUser('u0001', { username: 'renamed', email: 'new@example.com' })
      keycloak.join('u0001', 'id-finance')
      keycloak.people.get('u0001')!.roles = ['tfa-auditor', 'offline_access']
      await sync.hint({ users: ['u0001'], administrators: [] })
      expect(keycloak.calls).toEqual(threeOf('u0001'))
      expect(await sync.admin.user(REALM, 'u0001')).toMatchObject({
        user: { username: 'renamed', email: 'new@example.com' },
        roles: ['tfa-auditor'],
        groups: [{ id: 'id-finance', path: '/finance' }],
      })
      const listed = await sync.admin.users(REALM, { enforcement: 'required', first: 0, max: 10 })
      expect(listed.users.map(({ user }) => user.id)).toEqual(['u0001'])
      expect(await sync.store.hints(REALM, 10)).toEqual([])

      keycloak.leave('u0001', 'id-finance')
      keycloak.people.get('u0001')!.roles = []
      await sync.hint({ users: ['u0001'], administrators: [] })
      expect(await sync.admin.user(REALM, 'u0001')).toMatchObject({ roles: [], groups: [] })
    })

    it.each([10, 1_000])(
      'costs three calls a change, and no list, where %i users are known',
      async (count) => {
        addUsers(count)
        for (let i = 0; i < count / 10; i++) keycloak.addGroup(`team-${i}`, {}, 'id-finance')
        await sync.pass()
        keycloak.calls.length = 0
        keycloak.join('u0002', 'id-team-0')
        await sync.hint({ users: ['u0002'], administrators: [] })
        keycloak.leave('u0002', 'id-team-0')
        await sync.hint({ users: ['u0002'], administrators: [] })
        expect(keycloak.calls).toEqual([...threeOf('u0002'), ...threeOf('u0002')])
        expect(await sync.memberships()).toEqual([])
      },
    )

    it('takes a new user, and not the user of a client', async () => {
      keycloak.addUser('new')
      keycloak.addUser('sa', { username: 'service-account-latchkey' })
      await sync.hint({ users: ['new', 'sa'] })
      expect(await sync.admin.user(REALM, 'new')).toMatchObject({ user: { username: 'new' } })
      expect(await sync.admin.user(REALM, 'sa')).toBeUndefined()
    })

    it('leaves unsaid whether a user administers the realm while nobody said it', async () => {
      await sync.hint({ users: ['u0001'] })
      expect((await sync.admin.user(REALM, 'u0001'))?.roles).toBeUndefined()
      await sync.hint({ users: ['u0001'], administrators: ['u0001'] })
      expect((await sync.admin.user(REALM, 'u0001'))?.roles).toEqual(['administers'])
      await sync.hint({ users: ['u0001'], administrators: [] })
      expect((await sync.admin.user(REALM, 'u0001'))?.roles).toEqual([])
      keycloak.addUser('new')
      await sync.hint({ users: ['new'], administrators: ['new'] })
      expect((await sync.admin.user(REALM, 'new'))?.roles).toEqual(['administers'])
    })

    it('takes who holds a role of ours for one who administers the realm, until told otherwise', async () => {
      keycloak.people.get('u0002')?.roles.push('tfa-manager')
      await sync.hint({ users: ['u0002'] })
      expect((await sync.admin.user(REALM, 'u0002'))?.roles).toEqual(['tfa-manager', 'administers'])
      await sync.hint({ users: ['u0002'], administrators: [] })
      expect((await sync.admin.user(REALM, 'u0002'))?.roles).toEqual(['tfa-manager'])
    })

    it('makes a rule of a new group, reads its members, and takes the rule away again', async () => {
      keycloak.addGroup('field', { 'tfa.enforcement': ['disabled'] })
      keycloak.join('u0002', 'id-field')
      await sync.hint({ groups: ['id-field'] })
      expect(await ruled()).toEqual([
        ['id-field', 'disabled'],
        ['id-finance', 'required'],
      ])
      expect(await sync.memberships()).toEqual(['u0002 id-field'])
      keycloak.addGroup('field', {})
      await sync.hint({ groups: ['id-field'] })
      expect(await ruled()).toEqual([['id-finance', 'required']])
      expect(await sync.memberships()).toEqual([])
      expect(await events()).toEqual([
        ['rule.saved', '/finance'],
        ['rule.saved', '/field'],
        ['rule.removed', '/field'],
      ])
    })

    it('keeps the rule of a group that is renamed or moved, and moves what lies below it', async () => {
      const audit = keycloak.addGroup('audit', {}, 'id-finance')
      keycloak.addGroup('tax', {}, audit)
      const plain = keycloak.addGroup('plain')
      const deep = keycloak.addGroup('deep', {}, plain)
      keycloak.join('u0002', deep)
      await sync.pass()
      const group = keycloak.places.get('id-finance')!
      keycloak.places.set('id-finance', { ...group, name: 'money', path: '/money' })
      await sync.hint({ groups: ['id-finance'] })
      expect(await ruled()).toEqual([['id-finance', 'required']])
      const paths = async () => (await sync.admin.groups(REALM)).map(({ path }) => path)
      expect(await paths()).toEqual(['/money', '/money/audit', '/money/audit/tax', '/plain', '/plain/deep'])

      keycloak.places.set(plain, {
        ...keycloak.places.get(plain)!,
        parentId: 'id-finance',
        path: '/money/plain',
      })
      await sync.hint({ groups: [plain] })
      expect(await paths()).toEqual([
        '/money',
        '/money/audit',
        '/money/audit/tax',
        '/money/plain',
        '/money/plain/deep',
      ])
      expect(await sync.memberships()).toEqual(['u0002 id-deep'])
      const listed = await sync.admin.users(REALM, { enforcement: 'required', first: 0, max: 10 })
      expect(listed.users.map(({ user }) => user.id)).toEqual(['u0002'])
      expect((await events()).filter(([event]) => event !== 'rule.saved')).toEqual([])
    })

    it('makes tombstones of a deleted user while others read, and takes that back (R32)', async () => {
      await sync.enrol('u0001')
      const { user } = keycloak.people.get('u0001')!
      keycloak.people.delete('u0001')
      await sync.hint({ users: ['u0001'] })
      expect(await sync.tombstones()).toEqual(['u0001'])
      keycloak.addUser('u0001', user)
      await sync.hint({ users: ['u0001'] })
      expect(await sync.tombstones()).toEqual([])
      expect(await goneUsers()).toEqual([])
      expect((await events()).slice(1)).toEqual([
        ['user.gone', 'u0001'],
        ['user.returned', 'u0001'],
      ])
    })

    it('removes the rule of a deleted group, but asks before a Required one goes', async () => {
      keycloak.addGroup('field', { 'tfa.enforcement': ['disabled'] })
      keycloak.addGroup('below', {}, 'id-field')
      await sync.pass()
      keycloak.removeGroup('id-field')
      keycloak.removeGroup('id-finance')
      await sync.hint({ groups: ['id-field', 'id-finance'] })
      expect(await ruled()).toEqual([['id-finance', 'required']])
      const state = await sync.state()
      expect(state).toMatchObject({
        last: { result: 'stopped' },
        asks: { users: 0, rules: [{ groupId: 'id-finance', path: '/finance' }] },
      })
      const gone = (await sync.admin.groups(REALM)).filter(({ goneAt }) => goneAt !== undefined)
      expect(gone.map(({ id }) => id).toSorted()).toEqual(['id-below', 'id-field'])

      await sync.pass(state.asks?.pass)
      expect(await ruled()).toEqual([])
      expect(await sync.state()).toMatchObject({ last: { result: 'done' }, asks: undefined })
      expect((await events()).filter(([event]) => event === 'rule.removed')).toEqual([
        ['rule.removed', '/field'],
        ['rule.removed', '/finance'],
      ])
    })

    it('does not lose what comes while a pass is under way, and follows it before the pass ends', async () => {
      const seen: string[] = []
      keycloak.onCall = async (call) => {
        if (call === 'users 0 1000') {
          keycloak.addUser('u0001', { username: 'mid-pass' })
          await sync.tell({ users: ['u0001', 'nobody'] })
        }
        seen.push(call)
      }
      await sync.pass()
      expect(seen.indexOf('user u0001')).toBeLessThan(seen.indexOf('members id-finance 0 1000'))
      expect((await sync.admin.user(REALM, 'u0001'))?.user.username).toBe('mid-pass')
      expect(await sync.store.hints(REALM, 10)).toEqual([])
    })

    it('puts one aside that fails by itself, and follows the others', async () => {
      keycloak.onCall = failing('unreachable', /^user u0000$/)
      keycloak.addUser('u0001', { username: 'followed' })
      await sync.hint({ users: ['u0000', 'u0001'] })
      expect((await sync.admin.user(REALM, 'u0001'))?.user.username).toBe('followed')
      expect((await sync.store.hints(REALM, 10)).map(({ id }) => id)).toEqual(['u0000'])
      expect((await sync.state()).problem).toBeUndefined()
      keycloak.onCall = () => {}
      sync.clock.now += 60_000
      await sync.round()
      expect(await sync.store.hints(REALM, 10)).toEqual([])
    })
  })

  describe('when Keycloak shows less than there is (R32)', () => {
    beforeEach(async () => {
      addUsers(300)
      keycloak.addGroup('finance', required)
      keycloak.join('u0001', 'id-finance')
      await sync.enrol('u0001')
      await sync.round()
    })

    const nothingLost = async () => {
      expect(await sync.tombstones()).toEqual([])
      expect(await goneUsers()).toEqual([])
      expect(await ruled()).toEqual([['id-finance', 'required']])
      expect(await sync.memberships()).toEqual(['u0001 id-finance'])
      expect(await events()).toEqual([['rule.saved', '/finance']])
    }

    it.each(['refused', 'unreachable'] as const)(
      'drops nothing where it is %s from the begin',
      async (reason) => {
        keycloak.onCall = failing(reason)
        const state = await sync.pass()
        expect(state).toMatchObject({
          last: { result: 'failed' },
          problem: { reason },
          failures: 1,
          running: undefined,
        })
        await nothingLost()
      },
    )

    it.each(['users 0', 'users 299', 'members', 'count', 'groups'])(
      'drops nothing where %s fails in the middle of a pass, waits longer each time, and recovers',
      async (only) => {
        keycloak.people.delete('u0299')
        keycloak.onCall = failing('unreachable', new RegExp(`^${only}\\b`))
        const first = await sync.pass()
        expect(first).toMatchObject({
          last: { result: 'failed' },
          failures: 1,
          retryAt: sync.clock.now + 1_000,
        })
        sync.clock.now += 999
        await sync.round()
        expect((await sync.state()).failures).toBe(1)
        sync.clock.now += 1
        await sync.round()
        expect(await sync.state()).toMatchObject({
          failures: 2,
          retryAt: sync.clock.now + 2_000,
          problem: { since: first.problem?.since },
        })
        await nothingLost()
        keycloak.onCall = () => {}
        sync.clock.now += 2_000
        await sync.round()
        expect(await sync.state()).toMatchObject({ failures: 0, retryAt: undefined, problem: undefined })
        expect(await goneUsers()).toEqual(['u0299'])
      },
    )

    it('says refused where a hint is, keeps the hint, and recovers by itself', async () => {
      keycloak.onCall = failing('refused')
      keycloak.addUser('u0002', { username: 'renamed' })
      await sync.hint({ users: ['u0002'] })
      expect((await sync.state()).problem).toMatchObject({ reason: 'refused' })
      keycloak.onCall = () => {}
      sync.clock.now += 1_000
      await sync.round()
      expect((await sync.state()).problem).toBeUndefined()
      expect((await sync.admin.user(REALM, 'u0002'))?.user.username).toBe('renamed')
      await nothingLost()
    })

    it('drops nothing where lists are empty and Keycloak counts the users all the same', async () => {
      users(300).forEach((id) => keycloak.hidden.add(id))
      keycloak.places.clear()
      expect(await sync.pass()).toMatchObject({
        last: { result: 'failed' },
        problem: { reason: 'empty', message: expect.stringContaining('view-users') },
        asks: undefined,
      })
      await nothingLost()
    })

    it('says refused where lists are empty because single users may not be read', async () => {
      users(300).forEach((id) => keycloak.hidden.add(id))
      keycloak.onCall = failing('refused', /^user /)
      expect((await sync.pass()).problem?.reason).toBe('refused')
      await nothingLost()
    })

    it('drops nobody whom a list leaves out and who reads by id', async () => {
      users(100).forEach((id) => keycloak.hidden.add(id))
      expect(await sync.pass()).toMatchObject({ last: { result: 'done' }, problem: undefined })
      await nothingLost()
    })

    it('drops nobody where all of Keycloak is empty', async () => {
      keycloak.people.clear()
      keycloak.places.clear()
      expect(await sync.pass()).toMatchObject({ last: { result: 'failed' }, problem: { reason: 'empty' } })
      await sync.hint({ users: users(300), groups: ['id-finance'], full: true })
      await nothingLost()
    })

    it('stops and asks where the list is as short as the count', async () => {
      users(200).forEach((id) => keycloak.people.delete(id))
      expect(await sync.pass()).toMatchObject({
        last: { result: 'stopped' },
        problem: { reason: 'empty' },
        asks: { users: 200, rules: [] },
      })
      await nothingLost()
      expect(keycloak.calls.filter((call) => call.startsWith('user '))).toEqual([])
    })

    it('drops up to 1 % of the users, rounded up', async () => {
      users(3).forEach((id) => keycloak.people.delete(id))
      expect(await sync.pass()).toMatchObject({ last: { result: 'done' }, asks: undefined })
      expect(await goneUsers()).toEqual(['u0000', 'u0001', 'u0002'])
      expect(await sync.tombstones()).toEqual(['u0001'])
    })

    it('drops none of more than that before it is confirmed, and only those asked about then', async () => {
      users(10).forEach((id) => keycloak.people.delete(id))
      const state = await sync.pass()
      expect(state).toMatchObject({
        last: { result: 'stopped' },
        asks: { users: 10, rules: [] },
        problem: undefined,
      })
      await nothingLost()
      // Asking again gives the same number, so that an answer is not too late.
      const again = await sync.pass()
      expect(again.asks).toEqual(state.asks)
      await sync.pass((state.asks?.pass ?? 0) - 1)
      await nothingLost()

      // Who went since is not among those asked about.
      ;['u0100', 'u0101', 'u0102', 'u0103'].forEach((id) => keycloak.people.delete(id))
      const confirmed = await sync.pass(state.asks?.pass)
      expect(await goneUsers()).toEqual(users(10))
      expect(confirmed).toMatchObject({ last: { result: 'stopped' }, asks: { users: 4 } })
      await sync.pass(confirmed.asks?.pass)
      expect(await goneUsers()).toHaveLength(14)
      const gone = (await events()).filter(([event]) => event === 'user.gone').map(([, id]) => id)
      expect(gone).toHaveLength(new Set(gone).size)
      expect(await sync.state()).toMatchObject({ last: { result: 'done' }, asks: undefined })
    })

    it('counts those whom hints dropped since the last pass that went through', async () => {
      users(4).forEach((id) => keycloak.people.delete(id))
      await sync.hint({ users: ['u0000', 'u0001', 'u0002'] })
      expect(await goneUsers()).toEqual(['u0000', 'u0001', 'u0002'])
      await sync.hint({ users: ['u0003'] })
      expect(await goneUsers()).toHaveLength(3)
      expect(await sync.state()).toMatchObject({ last: { result: 'stopped' }, asks: { users: 1 } })
    })

    it('asks where nobody else of a federation reads, and drops where somebody does', async () => {
      ;['l1', 'l2'].forEach((id) => keycloak.addUser(id, { federation: 'ldap' }))
      await sync.pass()
      ;['l1', 'l2'].forEach((id) => keycloak.people.delete(id))
      await sync.hint({ users: ['l1'] })
      expect(await sync.state()).toMatchObject({ last: { result: 'stopped' }, asks: { users: 2 } })
      expect(await goneUsers()).toEqual([])
      keycloak.addUser('l2', { federation: 'ldap' })
      expect(await sync.pass()).toMatchObject({ last: { result: 'done' }, asks: undefined })
      expect(await goneUsers()).toEqual(['l1'])
    })

    it('keeps what a gone user had until it is told that the user is back', async () => {
      const { user } = keycloak.people.get('u0001')!
      keycloak.people.delete('u0001')
      await sync.pass()
      expect(await sync.memberships()).toEqual(['u0001 id-finance'])
      keycloak.addUser('u0001', user)
      keycloak.join('u0001', 'id-finance')
      await sync.pass()
      expect(await sync.tombstones()).toEqual([])
      expect((await events()).slice(1)).toEqual([
        ['user.gone', 'u0001'],
        ['user.returned', 'u0001'],
      ])
    })
  })

  describe('with another worker', () => {
    /** A worker that Keycloak never answers any more from this call on, as one that was killed. */
    const kill = (at: RegExp) => {
      const dead = Object.create(keycloak) as FakeKeycloak
      const reached = new Promise<void>((resolve) => {
        for (const name of ['users', 'members', 'user', 'group', 'count'] as const) {
          const call = keycloak[name].bind(keycloak) as (...values: unknown[]) => Promise<unknown>
          const hang = async (...values: unknown[]) => {
            if (!at.test(`${name} ${values.join(' ')}`)) return await call(...values)
            resolve()
            return await new Promise(() => {})
          }
          Object.assign(dead, { [name]: hang })
        }
      })
      void sync.round(sync.worker(dead))
      return reached
    }

    beforeEach(async () => {
      addUsers(2_500)
      keycloak.addGroup('finance', required)
      keycloak.addGroup('field', { 'tfa.enforcement': ['disabled'] })
      keycloak.join('u0001', 'id-finance')
      keycloak.join('u0002', 'id-field')
      await sync.enrol('u0001')
    })

    it.each([
      [/^users 2000/, { phase: 'users', done: 2_000 }, 'users 2000 1000'],
      [/^members id-finance/, { phase: 'members', done: 1 }, 'members id-finance 0 1000'],
    ])('goes on within 15 s where one that was killed had come to: %s', async (at, kept, next) => {
      await kill(at)
      // It was asked for ahead; what came before it is being written.
      await expect.poll(async () => (await sync.state()).running).toMatchObject(kept)
      keycloak.calls.length = 0
      sync.clock.now += LEASE - 1
      await sync.round(sync.worker())
      expect(keycloak.calls).toEqual([])
      sync.clock.now += 1
      await sync.round(sync.worker())
      expect(keycloak.calls[0]).toBe(next)
      expect(await sync.state()).toMatchObject({ running: undefined, last: { result: 'done', users: 2_500 } })
      expect(new Set(await events())).toEqual(
        new Set([
          ['rule.saved', '/field'],
          ['rule.saved', '/finance'],
        ]),
      )
      expect(await sync.memberships()).toEqual(['u0001 id-finance', 'u0002 id-field'])
    })

    it('drops and audits nobody twice where one was killed while it dropped', async () => {
      await sync.round()
      users(20).forEach((id) => keycloak.people.delete(id))
      await sync.control.run(REALM)
      await kill(/^user u0015$/)
      sync.clock.now += LEASE
      await sync.round(sync.worker())
      expect(await goneUsers()).toEqual(users(20))
      const gone = (await events()).filter(([event]) => event === 'user.gone').map(([, id]) => id)
      expect(new Set(gone)).toEqual(new Set(users(20)))
      expect(gone).toHaveLength(20)
    })

    it('leaves a realm to the one that works on it', async () => {
      let answer = () => {}
      keycloak.onCall = async (call) => {
        if (call === 'users 0 1000') await new Promise<void>((resolve) => (answer = resolve))
      }
      const first = sync.round()
      await expect.poll(async () => (await sync.state()).running?.phase).toBe('users')
      const calls = keycloak.calls.length
      await Promise.all(Array.from({ length: 5 }, async () => await sync.round(sync.worker())))
      expect(keycloak.calls).toHaveLength(calls)
      answer()
      await first
      expect((await events()).length).toBe(2)
    })

    it('writes nothing more once another has taken over', async () => {
      let answer = () => {}
      let isFirst = true
      keycloak.onCall = async (call) => {
        if (call !== 'users 1000 1000' || !isFirst) return
        isFirst = false
        await new Promise<void>((resolve) => (answer = resolve))
      }
      const late = sync.round()
      await expect.poll(async () => (await sync.state()).running?.done).toBe(1_000)
      sync.clock.now += LEASE
      await sync.round(sync.worker())
      const done = await sync.state()
      expect(done.last?.result).toBe('done')
      keycloak.addUser('u2000', { username: 'later' })
      answer()
      await late
      expect(await sync.state()).toEqual(done)
      expect(new Set(await events())).toEqual(
        new Set([
          ['rule.saved', '/field'],
          ['rule.saved', '/finance'],
        ]),
      )
    })

    it('gives the realm back at once when it is stopped', async () => {
      keycloak.onCall = async (call) => {
        if (call === 'users 1000 1000') await new Promise(() => {})
      }
      const stop = new AbortController()
      const stopped = sync.worker().round(stop.signal)
      await expect.poll(async () => (await sync.state()).running?.done).toBe(1_000)
      stop.abort()
      await stopped
      keycloak.onCall = () => {}
      await sync.round(sync.worker())
      expect(keycloak.calls.filter((call) => call === 'users 0 1000')).toHaveLength(1)
      expect((await sync.state()).last?.result).toBe('done')
    })
  })
})
