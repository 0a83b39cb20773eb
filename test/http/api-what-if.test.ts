import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { decide } from '../../src/core/policy/policy.ts'
import type { Decision, Rule } from '../../src/core/policy/policy.ts'
import { realmSettings } from '../../src/core/settings.ts'
import type { Enforcement, RealmSettings } from '../../src/core/settings.ts'
import { registry } from '../../src/methods/index.ts'
import { NOW, startApi } from '../support/api.ts'
import type { ApiWorld, Client } from '../support/api.ts'

const COUNT = 10_000

/** Ten groups at the top, three below each; rules are on those of number 0 to 3, so nobody follows the others. */
const TOPS = Array.from({ length: 10 }, (_, i) => ({ id: `top-${i}`, path: `/top-${i}` }))
const GROUPS = TOPS.flatMap((top) => [
  top,
  ...['a', 'b', 'c'].map((leaf) => ({
    id: `${top.id}-${leaf}`,
    path: `${top.path}/${leaf}`,
    parentId: top.id,
  })),
])
const isFollowed = (id: string) => /^top-[0-3]/.test(id)

const RULES: Rule[] = [
  { groupId: 'top-0', enforcement: 'required', priority: 0 },
  { groupId: 'top-1', enforcement: 'disabled', priority: 5 },
  { groupId: 'top-2-a', enforcement: 'required', priority: 0, grace: { days: 10 } },
  { groupId: 'top-3', enforcement: 'optional', priority: 0, methods: ['sms'] },
]

interface Person {
  id: string
  username: string
  groups: string[]
  roles: string[]
  methods: string[]
  override: Enforcement | undefined
}

/** The same people in every run. */
function people(): Person[] {
  let state = 42
  const random = (n: number) => {
    state = (state * 1_103_515_245 + 12_345) % 2_147_483_648
    return Math.floor((state / 2_147_483_648) * n)
  }
  const some = <T>(...choices: T[]) => choices[random(choices.length)]!
  return Array.from({ length: COUNT }, (_, i) => ({
    id: `u-${i}`,
    username: `name-${String((i * 7_919) % COUNT).padStart(5, '0')}`,
    groups: [...new Set(Array.from({ length: random(4) }, () => GROUPS[random(GROUPS.length)]!.id))],
    roles: random(200) === 0 ? ['tfa-auditor'] : [],
    methods: some<string[]>([], [], ['totp'], ['totp', 'backup-codes'], ['sms'], ['backup-codes']),
    override: random(50) === 0 ? some<Enforcement>('required', 'optional', 'disabled') : undefined,
  }))
}

const PATHS = new Map(GROUPS.map(({ id, path }) => [id, path]))

/** What is true of a person in Keycloak, whoever follows it. */
function decideFor(
  person: Person,
  settings: RealmSettings,
  rules: Rule[],
  override = person.override,
): Decision {
  const ids = new Set(person.groups.flatMap((id) => [id, id.split('-', 2).join('-')]))
  return decide({
    settings,
    rules,
    override,
    enrolled: person.methods.map((method) => ({ method, failures: 0 })),
    claims: {
      groups: [...ids].map((id) => ({ id, path: PATHS.get(id)! })),
      roles: person.roles,
      purpose: 'login',
      level: 1,
    },
    registry,
    unavailable: new Set(['sms']),
    graceStarts: new Map(),
    now: NOW,
  })
}

const goesOn = ({ action }: Decision) => action.do === 'skip' || action.do === 'enrol-later'
const setsUp = ({ action }: Decision) =>
  action.do === 'enrol' || (action.do === 'challenge' && action.then === 'enrol')

function expectedLists(
  before: (person: Person) => Decision,
  after: (person: Person) => Decision,
  all: Person[],
) {
  const lists: Record<string, string[]> = {
    newlyAsked: [],
    mustSetUp: [],
    inGrace: [],
    blocked: [],
    noLongerAsked: [],
  }
  for (const person of all.toSorted((a, b) => (a.username < b.username ? -1 : 1))) {
    const [old, next] = [before(person), after(person)]
    if (goesOn(old) && !goesOn(next)) lists['newlyAsked']?.push(person.id)
    if (!goesOn(old) && goesOn(next)) lists['noLongerAsked']?.push(person.id)
    if (!setsUp(old) && setsUp(next)) lists['mustSetUp']?.push(person.id)
    if (old.action.do !== 'enrol-later' && next.action.do === 'enrol-later') lists['inGrace']?.push(person.id)
    if (old.action.do !== 'blocked' && next.action.do === 'blocked') lists['blocked']?.push(person.id)
  }
  return lists
}

describe(`what a change would do to ${COUNT} users (B1)`, () => {
  const all = people()
  let world: ApiWorld
  let grace: Client

  beforeAll(async () => {
    world = await startApi({
      groups: GROUPS,
      users: all.map((person) => ({ ...person, groups: person.groups.filter(isFollowed) })),
    })
    for (const rule of RULES) await world.app.policy.saveRule('demo', rule)
    for (const person of all) world.directory.addUser(person.id, { groups: person.groups })
    grace = await world.as('grace', ['tfa-auditor'], { fresh: false })
  })
  afterAll(async () => {
    await world.stop()
  })

  /** The whole of each list, page by page. */
  async function ask(body: unknown) {
    const lists: Record<string, string[]> = {}
    let counts: Record<string, number> = {}
    for (let first = 0; first === 0 || Object.values(counts).some((n) => n > first); first += 100) {
      const answer = await grace('POST', `/what-if?first=${first}&max=100`, { body })
      expect(answer.status, answer.text).toBe(200)
      counts = Object.fromEntries(
        Object.entries(answer.json.counts as Record<string, number>).filter(
          ([name]) => name !== 'users' && name !== 'unchanged',
        ),
      )
      expect(answer.json.counts.users).toBe(COUNT)
      for (const [name, some] of Object.entries(answer.json.lists as Record<string, { id: string }[]>)) {
        lists[name] = [...(lists[name] ?? []), ...some.map(({ id }) => id)]
      }
    }
    return { lists, counts }
  }

  const settings = realmSettings.parse({})

  it('names the right people for rules, also on groups that nobody follows yet', async () => {
    const save: Rule[] = [
      { groupId: 'top-5', enforcement: 'required', priority: 1 },
      { groupId: 'top-6-b', enforcement: 'required', priority: 7, grace: { days: 30 } },
      { groupId: 'top-0', enforcement: 'required', priority: 0, methods: ['sms'] },
    ]
    const rules = [...RULES.filter(({ groupId }) => groupId === 'top-1' || groupId === 'top-3'), ...save]
    const { lists, counts } = await ask({ rules: { save, remove: ['top-2-a'] } })
    const expected = expectedLists(
      (person) => decideFor(person, settings, RULES),
      (person) => decideFor(person, settings, rules),
      all,
    )
    expect(lists).toEqual(expected)
    expect(counts).toEqual(
      Object.fromEntries(Object.entries(expected).map(([name, ids]) => [name, ids.length])),
    )
    for (const ids of Object.values(expected)) expect(ids.length).toBeGreaterThan(10)
    expect(world.directory.calls.filter((call) => call.startsWith('members'))).toContain(
      'members top-5 0 1000',
    )
    expect(world.directory.calls.some((call) => call.startsWith('members top-0'))).toBe(false)
  })

  it('names the right people for overrides and settings together', async () => {
    const overrides = all.slice(0, 300).map(({ id }, i) => ({
      userId: id,
      enforcement: (['required', 'disabled', null] as const)[i % 3],
    }))
    const changed = realmSettings.parse({ enforcement: 'disabled', methods: ['totp'] })
    const given = new Map(overrides.map(({ userId, enforcement }) => [userId, enforcement]))
    const { lists } = await ask({ settings: { enforcement: 'disabled', methods: ['totp'] }, overrides })
    const after = (person: Person) => {
      const next = given.get(person.id)
      const own = given.has(person.id) ? (next ?? undefined) : person.override
      return decideFor({ ...person, override: own }, changed, RULES)
    }
    expect(lists).toEqual(expectedLists((person) => decideFor(person, settings, RULES), after, all))
  })

  it('tells the sentence of now and that of afterwards, and writes nothing', async () => {
    const before = await world.app.admin.policy('demo')
    const { json } = await grace('POST', '/what-if?max=1', {
      body: { settings: { enforcement: 'required' } },
    })
    expect(json.lists.newlyAsked[0]).toMatchObject({
      before: "Optional, because it is the realm's default",
      after: "Required, because it is the realm's default",
    })
    expect(json.counts.users - json.counts.unchanged).toBeGreaterThanOrEqual(json.counts.newlyAsked)
    expect(await world.app.admin.policy('demo')).toEqual(before)
    expect((await grace('GET', '/audit')).json.entries).toEqual([])
  })

  it('lets others in between', async () => {
    let served = 0
    const asked = grace('POST', '/what-if', { body: {} })
    const state = { over: false }
    void asked.finally(() => (state.over = true))
    while (!state.over) {
      await grace('GET', '/sync')
      served += 1
    }
    expect((await asked).json.counts.unchanged).toBe(COUNT)
    expect(served).toBeGreaterThan(3)
  })

  it('counts who joined Keycloak after the last pass, in groups that it reads now', async () => {
    world.directory.addUser('newcomer', { groups: ['top-8-c'] })
    const body = { rules: { save: [{ groupId: 'top-8', enforcement: 'required' }] } }
    const { json } = await grace('POST', '/what-if?max=100&first=0', { body })
    expect(json.counts.users).toBe(COUNT + 1)
    world.directory.removeUser('newcomer')
  })

  it('does not guess where a group is not there, or Keycloak does not say', async () => {
    const body = { rules: { save: [{ groupId: 'g-none', enforcement: 'required' }] } }
    const none = await grace('POST', '/what-if', { body })
    expect([none.status, none.json.errors[0].message]).toEqual([400, 'Keycloak has no group g-none'])
    world.directory.failure = 'unreachable'
    expect((await grace('POST', '/what-if', { body })).status).toBe(503)
    world.directory.failure = undefined
    const wrong = await grace('POST', '/what-if', { body: { settings: { lockoutMaxSeconds: 1 } } })
    expect([wrong.status, wrong.json.errors[0].path]).toEqual([400, 'body.settings.lockoutMaxSeconds'])
  })
})
