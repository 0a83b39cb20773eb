import { expect, it } from 'vitest'
import type { KeptRule } from '../../src/core/administration/administration.ts'
import { WORKER } from '../../src/core/audit/audit.ts'
import type { DirectoryGroup } from '../../src/core/sync/directory.ts'
import { registry } from '../../src/methods/index.ts'
import { plan } from '../../src/worker/plan.ts'

const NOW = 1_800_000_000_000

function group(attributes: Record<string, string[]>, id = 'g1'): DirectoryGroup {
  return { id, parentId: undefined, name: id, path: `/${id}`, attributes }
}

function planOf(
  attributes: Record<string, string[]>,
  {
    rules = [],
    managers = [],
    userIds = {},
  }: { rules?: KeptRule[]; managers?: string[]; userIds?: Record<string, string> } = {},
) {
  const inForce = { realm: 'demo', now: NOW, registry, rules }
  const known = { managers: new Map([['g1', managers]]), userIds: new Map(Object.entries(userIds)) }
  return plan([group(attributes)], { ...inForce, ...known })
}

const KEPT: KeptRule = {
  groupId: 'g1',
  enforcement: 'required',
  priority: 0,
  origin: 'attribute',
  version: 3,
}
const said = (attributes: Record<string, string[]>) => planOf(attributes).saveRules.map(({ rule }) => rule)
const warned = (attributes: Record<string, string[]>) =>
  planOf(attributes, { rules: [KEPT] }).warnings.map(({ attribute, value, message }) => [
    attribute,
    value,
    message,
  ])

it('makes a rule of the attributes, trimmed and in any case (K3)', () => {
  expect(
    said({
      'tfa.enforcement': [' Required '],
      'tfa.methods': ['SMS, totp', 'backup-codes'],
      'tfa.priority': ['-10'],
      'tfa.grace-days': ['14'],
      'tfa.trusted-days': ['0'],
    }),
  ).toEqual([
    {
      groupId: 'g1',
      enforcement: 'required',
      methods: ['totp', 'sms', 'backup-codes'],
      priority: -10,
      grace: { days: 14 },
      trustedDays: 0,
    },
  ])
  expect(said({ 'tfa.enforcement': ['disabled'] })).toEqual([
    { groupId: 'g1', enforcement: 'disabled', priority: 0 },
  ])
})

it('audits a rule as the worker, with what changes and where it comes from', () => {
  const { audit, saveRules } = planOf({ 'tfa.enforcement': ['optional'] }, { rules: [KEPT] })
  expect(saveRules).toEqual([
    { rule: { groupId: 'g1', enforcement: 'optional', priority: 0 }, origin: 'attribute', version: 3 },
  ])
  expect(audit).toEqual([
    {
      event: 'rule.saved',
      realm: 'demo',
      userId: '',
      actor: WORKER,
      at: NOW,
      detail: {
        groupId: 'g1',
        path: '/g1',
        version: 4,
        changes: { enforcement: { from: 'required', to: 'optional' } },
        origin: 'attribute',
      },
    },
  ])
})

it('changes nothing where the rule says that already, in whatever order the methods are named', () => {
  const rule: KeptRule = { ...KEPT, methods: ['totp', 'sms'] }
  const again = planOf({ 'tfa.enforcement': ['required'], 'tfa.methods': ['sms,totp'] }, { rules: [rule] })
  expect(again).toMatchObject({ saveRules: [], removeRules: [], audit: [], warnings: [] })
})

it('removes the rule of a group that has lost its tfa.enforcement and reads well', () => {
  const { removeRules, audit } = planOf({}, { rules: [KEPT] })
  expect(removeRules).toEqual([{ groupId: 'g1', version: 3 }])
  expect(audit.map(({ event, detail }) => [event, detail['changes']])).toEqual([
    ['rule.removed', { enforcement: { from: 'required', to: null }, priority: { from: 0, to: null } }],
  ])
})

it.each([
  ['tfa.enforcement', ['maybe'], 'must be required, optional or disabled'],
  ['tfa.enforcement', [''], 'must be required, optional or disabled'],
  ['tfa.enforcement', ['required', 'optional'], 'must have one value, and has several'],
  [
    'tfa.methods',
    ['totp', 'fax'],
    'must name methods that Latchkey knows: totp, passkey, sms, email, backup-codes',
  ],
  ['tfa.methods', [','], 'must name methods that Latchkey knows: totp, passkey, sms, email, backup-codes'],
  ['tfa.methods', ['backup-codes'], "backup-codes can't be a user's only method: name another beside"],
  ['tfa.priority', ['1.5'], 'must be a whole number from -1000 to 1000'],
  ['tfa.priority', ['1001'], 'must be a whole number from -1000 to 1000'],
  ['tfa.grace-days', ['0'], 'must be a whole number from 1 to 365'],
  ['tfa.grace-days', ['366'], 'must be a whole number from 1 to 365'],
  ['tfa.trusted-days', ['366'], 'must be a whole number from 0 to 365'],
])('skips %s = %j with a warning, and leaves the rule as it stands', (attribute, values, message) => {
  const attributes = { 'tfa.enforcement': ['optional'], [attribute]: values }
  const before = planOf(attributes, { rules: [KEPT] })
  expect(before).toMatchObject({ saveRules: [], removeRules: [], audit: [] })
  expect(warned(attributes)).toEqual([[attribute, values.join(', '), message]])
  // And where the group has no rule, it gets none.
  expect(planOf(attributes)).toMatchObject({ saveRules: [], removeRules: [] })
})

it('warns of an attribute that it does not know, and takes the others', () => {
  expect(said({ 'tfa.enforcement': ['required'], 'tfa.method': ['totp'] })).toHaveLength(1)
  expect(warned({ 'tfa.enforcement': ['required'], 'tfa.method': ['totp'] })).toEqual([
    ['tfa.method', 'totp', expect.stringContaining("is none of Latchkey's attributes")],
  ])
})

it('warns of attributes that say nothing by themselves', () => {
  expect(warned({ 'tfa.priority': ['5'] })).toEqual([
    ['tfa.priority', '5', 'counts only beside tfa.enforcement'],
  ])
})

it("lets an administrator's rule stand, with a warning", () => {
  const rule: KeptRule = { ...KEPT, origin: 'administrator' }
  const { warnings, ...rest } = planOf({ 'tfa.enforcement': ['disabled'] }, { rules: [rule] })
  expect(rest).toMatchObject({ saveRules: [], removeRules: [] })
  expect(warnings).toMatchObject([
    { groupId: 'g1', path: '/g1', attribute: 'tfa.enforcement', value: 'disabled' },
  ])
  expect(planOf({}, { rules: [rule] })).toMatchObject({ saveRules: [], removeRules: [], warnings: [] })
})

it('resolves managers by name or id, skips whom nobody is, and keeps those in force where nobody is left', () => {
  const userIds = { heidi: 'u-heidi', 'u-ivan': 'u-ivan' }
  const managersOf = (values: string[]) =>
    planOf({ 'tfa.managers': values }, { userIds, managers: ['u-old'] })
  expect(managersOf(['Heidi, u-ivan']).managers.get('g1')).toEqual(['u-heidi', 'u-ivan'])
  const partly = managersOf(['heidi', 'heidy'])
  expect(partly.managers.get('g1')).toEqual(['u-heidi'])
  expect(partly.warnings).toMatchObject([{ attribute: 'tfa.managers', value: 'heidy' }])
  expect(managersOf(['heidy']).managers.get('g1')).toEqual(['u-old'])
  expect(planOf({}, { managers: ['u-old'] }).managers.get('g1')).toEqual([])
})

it('shows no more than the begin of a value', () => {
  const [warning] = planOf({ 'tfa.enforcement': ['x'.repeat(300)] }).warnings
  expect(warning?.value).toBe(`${'x'.repeat(100)}…`)
})
