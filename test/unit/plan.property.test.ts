import fc from 'fast-check'
import { expect, it } from 'vitest'
import type { KeptRule } from '../../src/core/administration/administration.ts'
import type { DirectoryGroup } from '../../src/core/sync/directory.ts'
import { registry } from '../../src/methods/index.ts'
import { allowance, judge } from '../../src/worker/drops.ts'
import { duePass, pauseAfter } from '../../src/worker/due.ts'
import { NEVER_SYNCED } from '../../src/core/sync/sync.ts'
import { plan } from '../../src/worker/plan.ts'

const good: Record<string, string[]> = {
  'tfa.enforcement': ['required', 'optional', ' DISABLED'],
  'tfa.methods': ['totp', 'sms,totp', 'backup-codes,totp'],
  'tfa.priority': ['0', '-1000', '1000'],
  'tfa.grace-days': ['1', '365'],
}
const bad: Record<string, string[]> = {
  'tfa.enforcement': ['maybe', '', 'required!'],
  'tfa.methods': ['fax', 'backup-codes', '', 'totp,fax'],
  'tfa.priority': ['1001', 'x', '', '1e3'],
  'tfa.grace-days': ['0', '366', '-1', 'ten'],
}
const valueOf = (name: string, from: Record<string, string[]>) =>
  fc.constantFrom(...(from[name] ?? [])).map((value) => [value])

const readable = fc.record(
  {
    ...Object.fromEntries(Object.keys(good).map((name) => [name, valueOf(name, good)])),
    'tfa.managers': fc.constantFrom<string[][]>(['heidi'], ['nobody', 'heidi'], ['nobody']),
    'tfa.unknown': fc.constant<string[]>(['x']),
  },
  { requiredKeys: [] },
)
const spoilt = fc
  .tuple(readable, fc.constantFrom(...Object.keys(bad)))
  .chain(([attributes, name]) => valueOf(name, bad).map((value) => ({ ...attributes, [name]: value })))
const attributes = fc.oneof(readable, spoilt)

const groups = fc
  .uniqueArray(fc.integer({ min: 0, max: 30 }), { maxLength: 12 })
  .chain((ids) =>
    fc.tuple(
      ...ids.map((n) => attributes.map((own): DirectoryGroup => ({ ...named(`g${n}`), attributes: own }))),
    ),
  )
const rules = fc.uniqueArray(fc.integer({ min: 0, max: 30 }), { maxLength: 12 }).chain((ids) =>
  fc.tuple(
    ...ids.map((n) =>
      fc.record({
        groupId: fc.constant(`g${n}`),
        enforcement: fc.constantFrom('required', 'optional', 'disabled'),
        priority: fc.integer({ min: -1000, max: 1000 }),
        origin: fc.constantFrom('attribute', 'administrator'),
        version: fc.integer({ min: 1, max: 9 }),
      }),
    ),
  ),
) as fc.Arbitrary<KeptRule[]>

function named(id: string) {
  return { id, parentId: undefined, name: id, path: `/${id}` }
}

function planOf(read: readonly DirectoryGroup[], kept: readonly KeptRule[]) {
  const userIds = new Map([['heidi', 'u-heidi']])
  return plan(read, { realm: 'demo', now: 1, registry, rules: kept, managers: new Map(), userIds })
}

it('plans the same in whatever order groups and rules come', () => {
  fc.assert(
    fc.property(groups, rules, fc.integer(), (read, kept, seed) => {
      const order = (list: readonly { id?: string; groupId?: string }[]) =>
        list.toSorted((a, b) => hash(a, seed) - hash(b, seed))
      const shuffled = planOf(order(read) as DirectoryGroup[], order(kept) as KeptRule[])
      expect(shuffled).toEqual(planOf(read, kept))
    }),
  )
})

it('never changes or drops the rule of a group that is not listed (R32)', () => {
  fc.assert(
    fc.property(groups, rules, fc.func(fc.boolean()), (read, kept, isListed) => {
      const listed = read.filter((group) => isListed(group.id))
      const ids = new Set(listed.map(({ id }) => id))
      const { saveRules, removeRules, managers } = planOf(listed, kept)
      for (const { rule } of saveRules) expect(ids).toContain(rule.groupId)
      for (const { groupId } of removeRules) expect(ids).toContain(groupId)
      for (const groupId of managers.keys()) expect(ids).toContain(groupId)
    }),
  )
})

it('never changes a rule because of a value that says nothing', () => {
  fc.assert(
    fc.property(spoilt, rules, (own, kept) => {
      const { saveRules, removeRules, warnings } = planOf([{ ...named('g1'), attributes: own }], kept)
      expect(saveRules).toEqual([])
      expect(removeRules).toEqual([])
      expect(warnings).not.toEqual([])
    }),
  )
})

it("never touches an administrator's rule", () => {
  fc.assert(
    fc.property(groups, rules, (read, kept) => {
      const theirs = new Set(
        kept.filter(({ origin }) => origin === 'administrator').map(({ groupId }) => groupId),
      )
      const { saveRules, removeRules } = planOf(read, kept)
      const touched = [
        ...saveRules.map(({ rule }) => rule.groupId),
        ...removeRules.map(({ groupId }) => groupId),
      ]
      expect(touched.filter((groupId) => theirs.has(groupId))).toEqual([])
    }),
  )
})

it('never believes a list that shows nobody, or far fewer than Keycloak counts', () => {
  const figure = fc.nat({ max: 100_000 })
  fc.assert(
    fc.property(figure, figure, figure, (seen, missing, counted) => {
      const verdict = judge({ seen, missing, counted })
      if (seen === 0 && missing > 0) expect(verdict).toBe('contradicted')
      if (seen * 2 < counted) expect(verdict).toBe('contradicted')
      if (verdict === 'believed') expect(missing).toBeLessThanOrEqual(seen)
    }),
  )
})

it('lets one user go always, and never more than 1 % rounded up', () => {
  expect([1, 99, 100, 101, 10_000].map(allowance)).toEqual([1, 1, 1, 2, 100])
})

it('waits a second after a failure, twice as long after each further one, and 5 minutes at most', () => {
  expect([1, 2, 3, 9, 10, 1_000].map(pauseAfter)).toEqual([1_000, 2_000, 4_000, 256_000, 300_000, 300_000])
})

it('begins a pass when the last one is as old as the interval, when Keycloak asks, and at once for a person', () => {
  const now = 1_000_000
  const last = {
    result: 'done',
    startedAt: now - 20_000,
    endedAt: now - 10_000,
    users: 1,
    groups: 1,
    changes: 0,
  } as const
  const full = [{ kind: 'full', id: '', at: 1 } as const]
  const run = [{ kind: 'run', id: '', at: 1 } as const]
  const due = (state: object, hints: Parameters<typeof duePass>[1], at = now, interval = 60_000) =>
    duePass({ ...NEVER_SYNCED, ...state }, hints, at, interval) !== undefined
  expect(due({}, [])).toBe(true)
  expect(due({ last }, [])).toBe(false)
  expect(due({ last }, [], now + 39_999)).toBe(false)
  expect(due({ last }, [], now + 40_000)).toBe(true)
  // Keycloak's wish rests as long as the pass took.
  expect(due({ last }, full, now - 1)).toBe(false)
  expect(due({ last }, full)).toBe(true)
  expect(due({ last }, run, now - 9_000)).toBe(true)
  const failed = { last, failures: 3, retryAt: now + 4_000 }
  expect(due(failed, full, now + 3_999)).toBe(false)
  expect(due(failed, [], now + 4_000)).toBe(true)
  expect(due(failed, run)).toBe(true)
})

function hash({ id = '', groupId = id }: { id?: string; groupId?: string }, seed: number): number {
  return (Number(groupId.slice(1)) * (seed | 1)) % 9_973
}
