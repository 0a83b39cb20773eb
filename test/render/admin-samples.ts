import { chartsOf } from '../../src/web/admin/charts.ts'
import type { AuditRow, Field, RuleRow, When } from '../../src/web/render/admin-parts.ts'
import type { AdminFrame, AdminView } from '../../src/web/render/admin-view.ts'
import { longName } from './samples.ts'

/** A name that would do harm where it is not written as text. */
export const rogue = '<img src=x onerror=alert(1)> {{7*7}} "\'&'

const base = '/realms/demo'
const home = `${base}/admin`
const when: When = { iso: '2027-01-15T08:00:15.000Z', text: 'Jan 15, 2027, 8:00 AM UTC' }

export function adminFrame(change: Partial<AdminFrame> = {}): AdminFrame {
  return {
    base,
    realmName: 'demo',
    username: 'erin',
    locale: 'en',
    locales: [
      { tag: 'en', label: 'English', href: '?ui_locales=en', current: true },
      { tag: 'de', label: 'Deutsch', href: '?ui_locales=de', current: false },
    ],
    nav: (['overview', 'users', 'rules', 'settings', 'audit', 'sync'] as const).map((section) => ({
      section,
      href: `${home}/${section}`,
      current: section === 'users',
    })),
    signOutUrl: `${base}/logout`,
    consoleUrl: 'https://sso.example.com/admin/demo/console/#/demo',
    ...change,
  }
}

const option = (value: string, current = false) => ({ value, label: value === '' ? 'Any' : value, current })
const statuses = ['enrolled', 'required-not-enrolled', 'not-enrolled', 'locked', 'exempt'] as const

const rows = statuses.map((status, i) => ({
  href: `${home}/users/${i}`,
  username: ['alice', longName, rogue, 'dave', 'erin'][i] ?? '',
  name: ['Alice Baker', '', rogue, 'Dave', ''][i] ?? '',
  email: i === 1 ? longName : 'somebody@example.com',
  enforcement: (['required', 'required', 'optional', 'required', 'disabled'] as const)[i] ?? 'optional',
  status,
  methods: [['totp', 'sms', 'email', 'backup-codes'], [], [], ['totp'], []][i] ?? [],
  enabled: i !== 3,
}))
const users = {
  page: 'users',
  search: '',
  filters: (['status', 'enforcement', 'method', 'group'] as const).map((name) => ({
    name,
    options: [option(''), option('one', true), option('/a/very/long/path/of/a/group/somewhere/below')],
  })),
  narrowed: false,
  managed: false,
  searchAction: `${home}/users/search`,
  clearUrl: `${home}/users`,
  users: rows,
  pager: { from: 21, to: 25, total: 100_000, previousUrl: '?first=0', nextUrl: '?first=40' },
} satisfies AdminView

const auditRows: AuditRow[] = [
  {
    at: when,
    event: 'override.saved',
    user: { label: rogue, href: `${home}/users/1` },
    actor: { label: 'erin', href: `${home}/users/2` },
    address: '2001:db8::1',
    why: 'Required, because an administrator set it for this user',
    detail: [
      { name: 'reason', value: longName },
      { name: 'from', value: rogue },
    ],
  },
  { at: when, event: 'of.tomorrow', actor: { label: 'Sync worker' }, detail: [] },
]

const user = {
  page: 'user',
  listUrl: `${home}/users`,
  username: 'alice',
  name: 'Alice Baker',
  email: 'alice@example.com',
  enabled: true,
  status: 'enrolled',
  enforcement: 'required',
  sentence: 'Required, because of the rule for the group /finance',
  next: 'challenge',
  groups: ['/finance', '/finance/books'],
  methods: [
    { id: '4', method: 'passkey', label: 'Laptop', synced: 'bound', createdAt: when, revokeUrl: '/4/revoke' },
    { id: '5', method: 'passkey', label: '', synced: 'synced', createdAt: when, revokeUrl: '/5/revoke' },
    { id: '1', method: 'totp', label: 'Pixel 9', createdAt: when, usedAt: when, revokeUrl: '/1/revoke' },
    { id: '2', method: 'backup-codes', label: '', createdAt: when, revokeUrl: '/2/revoke' },
  ],
  devices: [
    { name: 'Firefox on Windows', createdAt: when, usedAt: when, expiresAt: when, revokeUrl: '/d1/revoke' },
    { name: 'Unknown browser', createdAt: when, usedAt: when, expiresAt: when, revokeUrl: '/d2/revoke' },
  ],
  revokeDevicesUrl: '/devices/revoke',
  overridesOff: false,
  consoleUrl: 'https://sso.example.com/admin/demo/console/#/demo/users/1/settings',
} satisfies AdminView

const ranges = [30, 90, 364].map((days) => ({ days, href: `?days=${days}`, current: days === 30 }))

/** Pictures of so many days, each with something; of none, where nothing happened in thirty. */
function charts(days: number) {
  const say = (key: string) => ({ 'chart.notNeeded': 'None needed' })[key] ?? key.replace(/^chart\./, '')
  const of = (i: number) => ({
    day: new Date(Date.UTC(2027, 0, 1 + i)).toISOString().slice(0, 10),
    verified:
      days === 0 ? {} : { totp: 40 + ((i * 7) % 23), sms: (i * 5) % 17, passkey: i, 'of-tomorrow': 1 },
    notNeeded: days === 0 ? 0 : 12 + ((i * 3) % 11),
    failed: days === 0 ? 0 : (i * 7) % 5,
    locked: days > 0 && i % 9 === 0 ? 1 : 0,
    enrolments: 0,
    smsSent: days === 0 ? 0 : 20 + ((i * 11) % 13),
    smsVerified: days === 0 ? 0 : 15 + ((i * 11) % 13),
    enrolled: days === 0 || i < 3 ? null : 100 + i * 40,
  })
  return chartsOf(
    { say, term: (_, id) => id, locale: 'en' },
    Array.from({ length: days === 0 ? 30 : days }, (_, i) => of(i)),
  )
}

const fields: Field[] = [
  {
    id: 'field-enforcement',
    name: 'enforcement',
    label: 'Second factor',
    help: 'What counts.',
    describedBy: 'field-enforcement-help',
    control: { kind: 'choice', options: [option('required', true), option('optional')] },
  },
  {
    id: 'field-methods',
    name: 'methods',
    label: 'Methods',
    help: 'Those allowed.',
    describedBy: 'field-methods-help',
    control: {
      kind: 'checks',
      options: [
        { ...option('totp', true), id: 'field-methods-totp' },
        { ...option('sms'), id: 'field-methods-sms', note: 'Restricted by NIST SP 800-63B' },
      ],
    },
  },
  {
    id: 'field-overridesCount',
    name: 'overridesCount',
    label: 'Overrides count',
    help: 'Whether they do.',
    describedBy: 'field-overridesCount-help',
    control: { kind: 'flag', on: true },
  },
  {
    id: 'field-maxFailures',
    name: 'maxFailures',
    label: 'Wrong tries',
    help: 'Before a lockout.',
    unit: 'tries',
    describedBy: 'field-maxFailures-help field-maxFailures-bounds',
    control: { kind: 'number', value: '5', min: 1, max: 20 },
  },
  {
    id: 'field-smsTexts',
    name: 'smsTexts',
    label: 'Texts',
    control: { kind: 'lines', value: 'de: {code}\nen: {code}' },
  },
  {
    id: 'field-mail',
    name: 'mail',
    label: 'Mail',
    help: 'The server.',
    describedBy: 'field-mail-help',
    control: {
      kind: 'fields',
      fields: [
        { id: 'field-mail-host', name: 'mail.host', label: 'Host', control: { kind: 'text', value: '' } },
        {
          id: 'field-until',
          name: 'until',
          label: 'Until',
          control: { kind: 'moment', value: '', hasTime: true },
        },
      ],
    },
  },
]
const newUserFields: Field[] = [
  {
    id: 'field-username',
    name: 'username',
    label: 'Username',
    control: { kind: 'text', value: 'wanda' },
  },
  {
    id: 'field-email',
    name: 'email',
    label: 'E-mail (optional)',
    control: { kind: 'text', value: 'wanda@example.com', as: 'email' },
  },
  {
    id: 'field-country',
    name: 'country',
    label: 'Country of the phone number',
    control: { kind: 'choice', options: [option('NL', true), option('DE')] },
  },
  {
    id: 'field-phone',
    name: 'phone',
    label: 'Phone number',
    help: 'Of a mobile phone.',
    describedBy: 'field-phone-help',
    control: { kind: 'text', value: '', as: 'tel' },
  },
  {
    id: 'field-groups',
    name: 'groups',
    label: 'Groups (optional)',
    control: {
      kind: 'checks',
      options: ['/finance', '/a/very/long/path/of/a/group/somewhere/below/everything-else', '/field'].map(
        (path, i) => ({ ...option(path, i === 0), id: `field-groups-${i}` }),
      ),
    },
  },
  {
    id: 'field-invite',
    name: 'invite',
    label: "Send Keycloak's invitation by e-mail",
    help: 'It leads to a new password.',
    describedBy: 'field-invite-help',
    control: { kind: 'flag', on: false },
  },
]
/** The same with something wrong in each. */
const wrongFields = fields.map((field, i) => ({
  ...field,
  error: 'Enter a whole number from 1 to 20.',
  describedBy: `${field.describedBy ?? ''} ${field.id}-error`.trim(),
  ...(i === 1 ? { focus: true } : {}),
}))

const bypass = {
  page: 'bypass',
  username: 'alice',
  reason: '',
  replaces: false,
  action: `${home}/users/1/bypass`,
  cancelUrl: `${home}/users/1`,
} satisfies AdminView
const hidden = [{ name: 'version', value: '3' }]
const confirm = {
  page: 'confirm',
  act: 'revoke',
  subject: 'alice',
  detail: 'App',
  methods: ['backup-codes'],
  listed: [],
  action: `${home}/users/1/revoke`,
  hidden,
  cancelUrl: `${home}/users/1`,
} satisfies AdminView
const preview = {
  page: 'preview',
  about: 'settings',
  subject: 'demo',
  changes: [{ label: 'Second factor', from: 'Optional', to: rogue }],
  whatIf: {
    users: 100_000,
    unchanged: 99_950,
    effects: (['newlyAsked', 'mustSetUp', 'inGrace', 'blocked', 'noLongerAsked'] as const).map(
      (effect, i) => ({
        effect,
        count: i === 0 ? 1 : 22,
        people: [{ href: `${home}/users/1`, username: rogue, before: 'Optional, because', after: longName }],
        more: i === 0 ? 0 : 21,
      }),
    ),
  },
  action: `${home}/settings/save`,
  hidden,
  backUrl: `${home}/settings`,
  cancelUrl: `${home}/settings`,
} satisfies AdminView
const changed = { name: 'maxFailures', label: 'Wrong tries', was: '5', theirs: '9', by: 'emil', at: when }
const conflict = {
  page: 'conflict',
  subject: 'demo',
  fields: [
    { ...changed, mine: '7' },
    { ...changed, name: 'issuerName', mine: rogue, theirs: longName },
  ],
  others: [changed],
  action: `${home}/settings/save`,
  hidden,
  cancelUrl: `${home}/settings`,
} satisfies AdminView
const rule: RuleRow = {
  path: '/finance',
  enforcement: 'required',
  methods: [],
  priority: 10,
  origin: 'administrator',
  proposed: false,
}
const audit = {
  page: 'audit',
  user: '',
  events: [option(''), option('code.sent')],
  from: '',
  to: '',
  narrowed: false,
  clearUrl: `${home}/audit`,
  rows: auditRows,
  csvUrl: `${home}/audit/export?format=csv`,
  jsonlUrl: `${home}/audit/export`,
} satisfies AdminView
const sync = { page: 'sync', state: 'never', warnings: [] } satisfies AdminView
const counts = statuses.map((status, i) => ({ status, count: i * 1000, href: '?', x: i * 200, width: 200 }))

/** Every kind of view, with and without what it may leave out, by a name for pictures and tests. */
const secret = {
  page: 'secret',
  name: 'mail-password',
  subject: 'Password of the mail server',
  isSet: false,
  action: `${home}/settings/secrets/mail-password`,
  cancelUrl: `${home}/settings`,
} satisfies AdminView

const test = {
  page: 'test',
  about: 'mail',
  recipient: '',
  way: 'smtp.example.com, port 587, STARTTLS, from sso@example.com',
  action: `${home}/settings/mail-test`,
  cancelUrl: `${home}/settings`,
} satisfies AdminView

export const adminViews: Readonly<Record<string, AdminView>> = {
  overview: {
    page: 'overview',
    statuses: counts,
    total: 10_000,
    enrolled: 40,
    attention: (['required-not-enrolled', 'locked', 'problem', 'asks', 'warnings'] as const).map(
      (kind, i) => ({
        kind,
        count: i + 1,
        href: '?',
      }),
    ),
    ranges,
    charts: charts(30),
  },
  'overview of a year': {
    page: 'overview',
    statuses: counts,
    total: 10_000,
    enrolled: 40,
    attention: [],
    ranges,
    charts: charts(364),
  },
  'overview of nobody': {
    page: 'overview',
    statuses: counts,
    total: 0,
    enrolled: 0,
    attention: [],
    ranges,
    charts: charts(0),
  },
  users,
  'users narrowed': { ...users, narrowed: true, managed: true, search: rogue },
  'users none': { ...users, users: [], narrowed: true, pager: { from: 0, to: 0, total: 0 } },
  'users by number': { ...users, narrowed: true, number: '+31 ••• ••78', addUrl: `${home}/users/new` },
  'users by what is no number': { ...users, narrowed: true, number: '', users: [] },
  'new-user': { page: 'new-user', fields: newUserFields, action: '?', cancelUrl: '?' },
  'new-user wrong': {
    page: 'new-user',
    fields: newUserFields.map((field) =>
      field.name === 'phone'
        ? {
            ...field,
            error: `Enter a phone number: ${rogue}`,
            describedBy: 'field-phone-help field-phone-error',
            focus: true,
          }
        : field,
    ),
    action: '?',
    cancelUrl: '?',
    wrong: true,
  },
  'new-user refused': {
    page: 'new-user',
    alert: { title: 'Keycloak has such a user already.', detail: rogue },
    fields: [],
    action: '?',
    cancelUrl: '?',
    wrong: true,
  },
  'users none yet': { ...users, users: [], pager: { from: 0, to: 0, total: 0 } },
  user,
  'user for an administrator': {
    ...user,
    done: 'revoked',
    byDefault: { enforcement: 'optional', sentence: "Optional, because it is the realm's default" },
    override: { action: `${home}/users/1/override`, options: [option('default', true), option('required')] },
    resetUrl: `${home}/users/1/reset`,
    audit: { rows: auditRows, allUrl: `${home}/audit?user=1` },
  },
  'user locked': {
    ...user,
    status: 'locked',
    lockedUntil: when,
    unlockUrl: `${home}/users/1/unlock`,
    overridesOff: true,
    audit: { rows: [], allUrl: `${home}/audit?user=1` },
  },
  'user gone': {
    ...user,
    username: rogue,
    name: rogue,
    enabled: false,
    federation: 'ldap',
    goneAt: when,
    methods: [],
    devices: [],
    groups: [],
    next: 'enrol-later',
    nextUntil: when,
  },
  ...Object.fromEntries(
    (['forbidden', 'own-account', 'protected-account', 'roles-unknown', 'unavailable'] as const).map(
      (mayNot) => [`user ${mayNot}`, { ...user, mayNot } satisfies AdminView],
    ),
  ),
  ...Object.fromEntries(
    (['skip', 'enrol', 'blocked'] as const).map((next) => [
      `user ${next}`,
      { ...user, next } satisfies AdminView,
    ]),
  ),
  'confirm revoke': confirm,
  'confirm reset': { ...confirm, act: 'reset', methods: [], subject: rogue },
  'confirm secret': { ...confirm, act: 'secret', methods: [] },
  'confirm revoke-devices': {
    ...confirm,
    act: 'revoke-devices',
    methods: [],
    listed: ['Firefox on Windows', rogue],
  },
  'user with a help desk': { ...user, bypass: { giveUrl: `${home}/users/1/bypass` } },
  'user with a code outstanding': {
    ...user,
    bypass: {
      given: { by: rogue, at: when, until: when, reason: rogue },
      giveUrl: `${home}/users/1/bypass`,
      takeBackUrl: `${home}/users/1/bypass/take-back`,
    },
  },
  bypass: { ...bypass, reason: rogue, replaces: true },
  'bypass wrong': { ...bypass, wrong: true },
  'bypass-given': {
    page: 'bypass-given',
    username: 'alice',
    code: 'K7QM-H4TX-9PZC-W2GV',
    until: when,
    backUrl: `${home}/users/1`,
  },
  'confirm bypass': { ...confirm, act: 'bypass', methods: [] },
  'confirm unlock': { ...confirm, act: 'unlock', methods: [] },
  'confirm sync': {
    ...confirm,
    act: 'sync',
    methods: [],
    subject: '14',
    detail: '2',
    listed: ['/finance', rogue],
  },
  preview,
  'preview of nothing': { ...preview, about: 'rule', whatIf: { users: 1, unchanged: 1, effects: [] } },
  'preview of no login': {
    page: 'preview',
    about: 'settings',
    subject: 'demo',
    changes: [],
    action: '?',
    hidden,
    backUrl: '?',
    cancelUrl: '?',
  },
  'preview rule-removal': { ...preview, about: 'rule-removal', subject: '/finance' },
  'preview override': { ...preview, about: 'override', subject: rogue },
  conflict,
  'conflict unchosen': { ...conflict, wrong: true },
  'conflict whole': { ...conflict, whole: true, others: [] },
  rules: {
    page: 'rules',
    done: 'rule-saved',
    rules: [
      { ...rule, editUrl: `${home}/rules/1`, proposed: true, grace: { days: 14 } },
      { ...rule, path: rogue, origin: 'attribute', methods: ['totp', 'of-tomorrow'], grace: { until: when } },
    ],
    byDefault: 'optional',
    addUrl: `${home}/rules/new`,
    proposals: [{ path: '/finance', sentence: 'Required, because of the rule for the group /finance' }],
  },
  'rules none': { page: 'rules', rules: [], byDefault: 'disabled', proposals: [] },
  'rule-group': {
    page: 'rule-group',
    search: rogue,
    groups: [
      { path: '/finance', href: '?', hasRule: true },
      { path: rogue, href: '?', hasRule: false },
    ],
    total: 2,
    cancelUrl: `${home}/rules`,
  },
  'rule-group none': { page: 'rule-group', search: '', groups: [], total: 0, cancelUrl: `${home}/rules` },
  rule: {
    page: 'rule',
    path: '/finance',
    progress: { left: 3, enrolled: 9, share: 75, leftUrl: '?' },
    exists: true,
    fields,
    action: '?',
    hidden,
    removeUrl: '?',
    cancelUrl: '?',
  },
  'rule wrong': {
    page: 'rule',
    path: rogue,
    exists: false,
    fields: wrongFields,
    action: '?',
    hidden,
    cancelUrl: '?',
    wrong: true,
  },
  settings: {
    page: 'settings',
    done: 'settings-saved',
    groups: (['policy', 'methods'] as const).map((name, i) => ({ name, fields: i === 0 ? fields : [] })),
    action: `${home}/settings/save`,
    hidden,
  },
  'settings with delivery': {
    page: 'settings',
    groups: [
      {
        name: 'sms',
        fields: [],
        delivery: {
          secrets: [{ name: 'twilio-auth-token', isSet: false, href: '?twilio' }],
          testUrl: '?sms-test',
        },
      },
      {
        name: 'mail',
        fields: [],
        delivery: { secrets: [{ name: 'mail-password', isSet: true, href: '?mail' }], testUrl: '?mail-test' },
      },
    ],
    action: `${home}/settings/save`,
    hidden,
  },
  'settings with delivery to look at': {
    page: 'settings',
    groups: [
      { name: 'mail', fields: [], delivery: { secrets: [{ name: 'mail-password', isSet: true }] } },
      { name: 'sms', fields: [], delivery: { secrets: [] } },
    ],
    hidden,
  },
  ...Object.fromEntries(
    (['mail-password', 'twilio-auth-token', 'sms-webhook-secret'] as const).flatMap((name, i) => [
      [`secret ${name}`, { ...secret, name, isSet: i > 0, ...(i > 0 ? { removeUrl: '?remove' } : {}) }],
      [`secret ${name} wrong`, { ...secret, name, wrong: true }],
    ]),
  ),
  'test mail': { ...test, last: { result: 'sent', at: when, by: 'erin' } },
  'test mail failed': {
    ...test,
    last: {
      result: 'failed',
      why: 'the server did not take the user name and password (status 535)',
      at: when,
      by: rogue,
    },
  },
  'test sms': { ...test, about: 'sms' },
  'test sms wrong': {
    ...test,
    about: 'sms',
    recipient: rogue,
    error: 'This must be a mobile number.',
    wrong: true,
    last: { result: 'refused', why: longName, at: when, by: longName },
  },
  'settings wrong': {
    page: 'settings',
    groups: [{ name: 'policy', fields: wrongFields }],
    action: `${home}/settings/save`,
    hidden,
    wrong: true,
  },
  'settings to look at': {
    page: 'settings',
    groups: ['lockout', 'codes', 'sms', 'mail', 'backup', 'audit', 'other'].map((name, i) => ({
      name,
      fields: i === 0 ? fields : [],
    })),
    hidden,
  },
  audit: { ...audit, nextUrl: '?after=x', firstUrl: '?' },
  'audit none': { ...audit, rows: [], narrowed: true },
  'audit unknown user': { ...audit, rows: [], narrowed: true, user: rogue, unknownUser: true, wrong: true },
  'sync never': { ...sync, runUrl: `${home}/sync/confirm` },
  'sync done': {
    ...sync,
    state: 'done',
    done: 'sync-asked',
    last: { endedAt: when, users: 100_000, groups: 40, changes: 3 },
    completedAt: when,
  },
  'sync stopped': {
    ...sync,
    state: 'stopped',
    asks: { users: 14, rules: ['/finance', rogue], confirmUrl: '?' },
    warnings: [
      { path: '/field', attribute: 'tfa.grace-days', value: rogue, message: 'must be a whole number' },
    ],
  },
  'sync stopped, not an administrator': { ...sync, state: 'stopped', asks: { users: 1, rules: [] } },
  ...Object.fromEntries(
    (['groups', 'users', 'members', 'gone'] as const).map((phase) => [
      `sync ${phase}`,
      {
        ...sync,
        state: 'running',
        running: { phase, done: 1000, total: 100_000, startedAt: when },
      } satisfies AdminView,
    ]),
  ),
  ...Object.fromEntries(
    (['refused', 'unreachable', 'empty', 'failed'] as const).map((reason) => [
      `sync ${reason}`,
      {
        ...sync,
        state: 'failed',
        problem: { reason, message: 'view-users is missing', since: when },
        retryAt: when,
      } satisfies AdminView,
    ]),
  ),
  refused: {
    page: 'refused',
    code: 'protected-account',
    detail: `this user administers: ${rogue}`,
    id: 'f4f0a9b2',
    homeUrl: home,
  },
}
