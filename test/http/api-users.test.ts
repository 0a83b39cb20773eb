import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { NOW, startApi } from '../support/api.ts'
import type { ApiWorld, Client } from '../support/api.ts'

describe('users over the API', () => {
  let world: ApiWorld
  let erin: Client
  let frank: Client

  beforeAll(async () => {
    world = await startApi({
      groups: [
        { id: 'g-finance', path: '/finance', managers: ['heidi'] },
        { id: 'g-books', path: '/finance/books', parentId: 'g-finance' },
        { id: 'g-other', path: '/other' },
      ],
      users: [
        { id: 'ann', username: 'ann', firstName: 'Ann', email: 'ann@example.com', groups: ['g-books'] },
        { id: 'bob', username: 'bob', enforcement: 'required', groups: ['g-finance'] },
        { id: 'gone', username: 'gone', goneAt: NOW - 5_000 },
        { id: 'locked', username: 'locked' },
      ],
    })
    erin = await world.as('erin', ['tfa-admin'])
    frank = await world.as('frank', ['tfa-manager'])
    await world.app.policy.saveRule('demo', { groupId: 'g-finance', enforcement: 'required', priority: 0 })
  })
  afterAll(async () => {
    await world.stop()
  })
  afterEach(() => {
    world.realm.admin.may = true
    world.realm.admin.asked.length = 0
  })

  const lock = async (userId: string) => {
    const { attempts } = await world.app.store.background('demo', userId, 'n')
    const next = { ...attempts, failures: 5, total: attempts.total + 5, lockedUntil: NOW + 60_000 }
    await world.app.store.commit({ realm: 'demo', userId, attempts: { next, version: attempts.version } })
  }
  const entries = async (event: string) => (await erin('GET', `/audit?event=${event}`)).json.entries

  it('are listed with what the policy says of them and what they have (S4)', async () => {
    await world.enrol('ann')
    await lock('locked')
    const { json } = await erin('GET', '/users?max=2')
    expect(json).toMatchObject({ first: 0, max: 2, total: 3 })
    expect(json.users[0]).toMatchObject({
      id: 'ann',
      email: 'ann@example.com',
      enforcement: 'required',
      because: { rule: 'group', groupId: 'g-finance', path: '/finance' },
      sentence: 'Required, because of the rule for the group /finance',
      status: 'enrolled',
      locked: false,
      methods: [{ method: 'totp' }, { method: 'backup-codes' }],
    })
    expect(json.users[1]).toMatchObject({ id: 'bob', status: 'required-not-enrolled', methods: [] })
    const locked = await erin('GET', '/users?status=locked')
    expect(locked.json.users).toMatchObject([
      { id: 'locked', status: 'locked', locked: true, lockedUntil: new Date(NOW + 60_000).toISOString() },
    ])
    expect((await erin('GET', '/users?search=NN%40EX&first=0')).json.total).toBe(1)
    expect((await erin('GET', '/users?group=g-finance&method=totp')).json.total).toBe(1)
  })

  it('are not narrowed to a group whose members nobody follows', async () => {
    const answer = await erin('GET', '/users?group=g-other')
    expect([answer.status, answer.json.type]).toEqual([409, 'urn:latchkey:problem:membership-unknown'])
  })

  it('are shown one by one, also gone, without a sync, and without anything here', async () => {
    const ann = await erin('GET', '/users/ann')
    expect(ann.json).toMatchObject({
      groups: [{ path: '/finance' }, { path: '/finance/books' }],
      override: null,
      default: { enforcement: 'required', because: { rule: 'group' } },
      action: { do: 'challenge', then: 'done' },
      mayAct: true,
    })
    expect((await erin('GET', '/users/gone')).json.goneAt).toBe(new Date(NOW - 5_000).toISOString())
    await world.enrol('not-synced', ['totp'])
    expect((await erin('GET', '/users/not-synced')).json).toMatchObject({
      username: 'not-synced',
      status: 'enrolled',
    })
    world.directory.addUser('only-in-keycloak', { username: 'olga' })
    expect((await erin('GET', '/users/only-in-keycloak')).json).toMatchObject({
      username: 'olga',
      methods: [],
    })
    expect((await erin('GET', '/users/nobody')).status).toBe(404)
    expect((await erin('GET', '/users/ann%2Fx')).status).toBe(400)
    expect((await erin('GET', `/users/${'x'.repeat(65)}`)).status).toBe(400)
    world.directory.failure = 'unreachable'
    expect((await frank('GET', '/users/ann')).json).toMatchObject({ mayAct: false, mayNot: 'unavailable' })
    world.directory.failure = undefined
  })

  it('can be given an enforcement of their own, which says what it overrides (S3)', async () => {
    const put = async (body: unknown) => await erin('PUT', '/users/bob/override', { body })
    const saved = await put({ enforcement: 'disabled', reason: 'leave' })
    expect(saved.status, saved.text).toBe(200)
    expect(saved.json).toMatchObject({
      override: 'disabled',
      enforcement: 'disabled',
      because: { rule: 'override' },
      default: { enforcement: 'required', sentence: 'Required, because of the rule for the group /finance' },
    })
    expect((await erin('GET', '/users/bob')).json).toMatchObject({
      override: 'disabled',
      action: { do: 'skip' },
    })
    expect((await erin('GET', '/users?enforcement=disabled')).json.users).toMatchObject([
      { id: 'bob', status: 'exempt' },
    ])
    expect((await put({ enforcement: 'disabled' })).status).toBe(200)
    const told = await entries('override.saved')
    expect(told).toHaveLength(1)
    expect(told[0]).toMatchObject({
      actor: 'erin',
      address: '127.0.0.1',
      user: 'bob',
      detail: { from: null, to: 'disabled', reason: 'leave' },
    })
    expect(told[0].why).toMatch(/^Disabled, because an administrator set it for this user/)
    expect((await erin('DELETE', '/users/bob/override')).status).toBe(204)
    expect((await erin('DELETE', '/users/bob/override')).status).toBe(404)
    expect((await erin('GET', '/users?enforcement=required')).json.users).toMatchObject([{ id: 'bob' }])
    for (const body of [{}, { enforcement: 'x' }, { enforcement: 'required', reason: '' }, [1]]) {
      expect((await put(body)).status, JSON.stringify(body)).toBe(400)
    }
  })

  it('can be given none where overrides do not count', async () => {
    await world.app.policy.saveSettings('demo', { overridesCount: false })
    for (const answer of [
      await erin('PUT', '/users/bob/override', { body: { enforcement: 'required' } }),
      await erin('DELETE', '/users/bob/override'),
    ]) {
      expect([answer.status, answer.json.type]).toEqual([409, 'urn:latchkey:problem:overrides-off'])
    }
    await world.app.policy.saveSettings('demo', {})
  })

  it('lose one method, and backup codes with the last that stands alone (S11, S18)', async () => {
    const [app, sms, codes] = await world.enrol('cleo', ['totp', 'sms', 'backup-codes'])
    const first = await frank('DELETE', `/users/cleo/methods/${app}`)
    // Nobody told of cleo's roles yet.
    expect(first.status).toBe(403)
    const done = await erin('DELETE', `/users/cleo/methods/${app}`)
    expect(done.json).toMatchObject({ revoked: { id: app, method: 'totp' }, alongWith: [] })
    world.clock.now += 10
    const last = await erin('DELETE', `/users/cleo/methods/${sms}`)
    expect(last.json).toMatchObject({
      revoked: { id: sms },
      alongWith: [{ id: codes, method: 'backup-codes' }],
    })
    expect((await erin('GET', '/users/cleo/methods')).status).toBe(404)
    expect((await entries('method.revoked'))[0]).toMatchObject({
      user: 'cleo',
      detail: { id: sms, method: 'sms', alongWith: [{ id: codes, method: 'backup-codes' }] },
    })
  })

  it('lose a method once, however many ask for it at the same time', async () => {
    const [app] = await world.enrol('ann', ['totp'])
    const before = (await entries('method.revoked')).length
    const answers = await Promise.all(
      Array.from({ length: 12 }, () => frank('DELETE', `/users/ann/methods/${app}`)),
    )
    expect(answers.map(({ status }) => status).toSorted((a, b) => a - b)).toEqual([
      200,
      ...Array(11).fill(404),
    ])
    expect((await entries('method.revoked')).length).toBe(before + 1)
  })

  it('are reset: methods, failures, lockout, and sessions where the caller may (R28)', async () => {
    await world.enrol('bob', ['totp', 'backup-codes'])
    await lock('bob')
    const done = await frank('POST', '/users/bob/reset')
    expect(done.status, done.text).toBe(200)
    expect(done.json.sessionsEnded).toBe(true)
    expect(done.json.revoked).toHaveLength(2)
    const [asked] = world.realm.admin.asked
    expect(asked?.path).toBe('/admin/realms/demo/users/bob/logout')
    expect(asked?.authorization).toMatch(/^Bearer ey/)
    expect((await erin('GET', '/users/bob')).json).toMatchObject({
      methods: [],
      locked: false,
      action: { do: 'enrol' },
    })
    expect((await entries('methods.reset'))[0]).toMatchObject({ actor: 'frank', user: 'bob' })
    world.realm.admin.may = false
    const without = await frank('POST', '/users/bob/reset')
    expect(without.json).toEqual({ revoked: [], sessionsEnded: false })
  })

  it('end no session where the reset was refused', async () => {
    expect((await frank('POST', '/users/not-synced/reset')).status).toBe(403)
    expect(world.realm.admin.asked).toEqual([])
  })

  it('are unlocked, with their methods left to them', async () => {
    await world.enrol('bob', ['totp'])
    await lock('bob')
    expect((await frank('POST', '/users/bob/unlock')).status).toBe(204)
    expect((await erin('GET', '/users/bob')).json).toMatchObject({
      locked: false,
      methods: [{ method: 'totp' }],
    })
    expect((await entries('user.unlocked'))[0]).toMatchObject({
      actor: 'frank',
      user: 'bob',
      detail: { lockedUntil: NOW + 60_000 },
    })
  })

  it('have an audit that is paged, narrowed and exported', async () => {
    const all = (await erin('GET', '/audit?max=100')).json
    const first = (await erin('GET', '/audit?max=2')).json
    const second = (await erin('GET', `/audit?max=2&after=${first.next}`)).json
    expect([...first.entries, ...second.entries]).toEqual((all.entries as unknown[]).slice(0, 4))
    const bob = (await erin('GET', '/audit?user=bob&actor=frank')).json.entries
    expect(bob.length).toBeGreaterThan(0)
    const since = encodeURIComponent(new Date(world.clock.now + 1).toISOString())
    expect((await erin('GET', `/audit?from=${since}`)).json.entries).toEqual([])
    const lines = await frank('GET', '/audit/export?user=bob')
    expect(lines.headers.get('content-type')).toMatch(/^application\/jsonl/)
    expect(lines.headers.get('content-disposition')).toBe(
      'attachment; filename="audit-demo-2027-01-15.jsonl"',
    )
    const exported = lines.text
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line))
    expect(exported.length).toBeGreaterThanOrEqual(bob.length)
    world.clock.now += 1_000
    const csv = await frank('GET', '/audit/export?format=csv&event=methods.reset')
    expect(csv.headers.get('content-type')).toMatch(/^text\/csv/)
    expect(csv.text).toMatch(/^seq,at,event/)
    expect((await entries('audit.exported'))[0]).toMatchObject({
      actor: 'frank',
      detail: { format: 'csv', event: 'methods.reset' },
    })
  })
})
