import type { AccountView, Happening, OwnMethod } from '../../src/web/render/account-view.ts'
import { longName } from './samples.ts'

const home = '/realms/demo/account'
const account = {
  username: 'alice',
  consoleUrl: 'https://sso.example.com/realms/demo/account/',
  logoutAction: '/realms/demo/logout',
}
const DAY = 86_400_000
const now = Date.UTC(2026, 10, 24, 17, 30)

const app = {
  id: 'c1',
  kind: 'totp',
  label: 'Pixel 9',
  createdAt: now - 90 * DAY,
  usedAt: now - DAY,
  isDefault: true,
  renameUrl: `${home}/methods/c1/rename`,
  removeUrl: `${home}/methods/c1/remove`,
} satisfies OwnMethod
const phone = {
  id: 'c2',
  kind: 'sms',
  destination: '+31 ••• ••12',
  createdAt: now - 20 * DAY,
  isDefault: false,
  defaultAction: `${home}/methods/c2/default`,
  renameUrl: `${home}/methods/c2/rename`,
  removeUrl: `${home}/methods/c2/remove`,
} satisfies OwnMethod
const passkey = {
  id: 'c4',
  kind: 'passkey',
  label: 'Laptop',
  synced: 'synced',
  createdAt: now - 20 * DAY,
  usedAt: now - DAY,
  isDefault: false,
  renameUrl: `${home}/methods/c4/rename`,
  removeUrl: `${home}/methods/c4/remove`,
} satisfies OwnMethod
const codes = {
  id: 'c3',
  kind: 'backup-codes',
  left: 7,
  createdAt: now - 90 * DAY,
  isDefault: false,
  removeUrl: `${home}/methods/c3/remove`,
} satisfies OwnMethod
const activity: Happening[] = [
  { at: now, event: 'method.renamed', method: 'totp', address: '203.0.113.7' },
  { at: now - 3_600_000, event: 'challenge.succeeded', method: 'totp', address: '203.0.113.7' },
  { at: now - 3_660_000, event: 'challenge.failed', method: 'totp', address: '2001:db8::7' },
  { at: now - 2 * DAY, event: 'decision.needed' },
  { at: now - 9 * DAY, event: 'user.unlocked' },
]

const overview = {
  account,
  page: 'account',
  isOn: true,
  why: { enforcement: 'optional', because: { rule: 'realm' } },
  turn: { to: 'off', offUrl: `${home}/off` },
  setUpAction: `${home}/set-up`,
  kinds: [
    { id: 'totp', methods: [app], setUp: 'another' },
    {
      id: 'passkey',
      methods: [passkey, { ...passkey, id: 'c5', label: 'YubiKey 5C', synced: 'bound' }],
      setUp: 'another',
    },
    { id: 'sms', methods: [phone], setUp: 'replace' },
    { id: 'email', methods: [], setUp: 'set-up' },
    { id: 'backup-codes', methods: [codes], setUp: 'new-codes' },
  ],
  devices: {
    list: [
      {
        id: 'd1',
        browser: 'Firefox',
        system: 'Windows',
        createdAt: now - 3 * DAY,
        usedAt: now - DAY,
        until: now + 27 * DAY,
        forgetAction: `${home}/devices/d1/forget`,
      },
      {
        id: 'd2',
        createdAt: now - 9 * DAY,
        usedAt: now - 2 * DAY,
        until: now + 21 * DAY,
        forgetAction: `${home}/devices/d2/forget`,
      },
    ],
    forgetAllAction: `${home}/devices/forget`,
  },
  activity,
} satisfies AccountView

const rename = {
  account,
  page: 'account-rename',
  method: app,
  action: `${home}/methods/c1/rename`,
  backUrl: home,
} satisfies AccountView
const remove = {
  account,
  page: 'account-remove',
  method: app,
  alongWith: ['backup-codes'],
  after: 'nothing',
  action: `${home}/methods/c1/remove`,
  backUrl: home,
} satisfies AccountView

/** Every kind of page of a signed-in user, by a name for pictures and tests. */
export const accountViews: Readonly<Record<string, AccountView>> = {
  account: overview,
  'account empty': {
    ...overview,
    isOn: false,
    turn: { to: 'on' },
    kinds: [{ id: 'totp', methods: [], setUp: 'set-up' }],
    activity: [],
  },
  'account required': {
    account,
    page: 'account',
    isOn: true,
    why: { enforcement: 'required', because: { rule: 'group', groupId: 'g1', path: '/finance/payments' } },
    setUpAction: `${home}/set-up`,
    kinds: [
      { id: 'totp', methods: [app, { ...app, id: 'c4', label: longName, isDefault: false }] },
      { id: 'backup-codes', methods: [{ ...codes, left: 0, low: true }], setUp: 'new-codes' },
    ],
    only: ['set-up', 'remove'],
    activity,
    done: 'renamed',
  },
  'account grace': {
    account,
    page: 'account',
    isOn: false,
    why: { enforcement: 'required', because: { rule: 'realm', grace: now + 7 * DAY } },
    until: now + 7 * DAY,
    setUpAction: `${home}/set-up`,
    kinds: [{ id: 'totp', methods: [], setUp: 'set-up' }],
    activity: [],
  },
  'account disabled': {
    account,
    page: 'account',
    isOn: false,
    why: { enforcement: 'disabled', because: { rule: 'group', groupId: 'g1', path: '/robots' } },
    setUpAction: `${home}/set-up`,
    kinds: [{ id: 'totp', methods: [app], setUp: 'another' }],
    activity: [],
  },
  'account override': {
    ...overview,
    why: {
      enforcement: 'optional',
      because: {
        rule: 'override',
        instead: { enforcement: 'required', because: { rule: 'group', groupId: 'g1', path: '/finance' } },
      },
    },
  },
  'account role': {
    ...overview,
    why: { enforcement: 'required', because: { rule: 'role', role: 'tfa-admin' } },
  },
  'account-rename': rename,
  'account-rename long': { ...rename, method: { ...app, label: longName } },
  'account-remove': remove,
  'account-remove last': { ...remove, method: phone, after: 'set-up' },
  'account-remove codes': { ...remove, method: codes, alongWith: [], after: 'others' },
  'account-off': {
    account,
    page: 'account-off',
    methods: [app, phone, codes],
    action: `${home}/off`,
    backUrl: home,
  },
  'account-refused removal': { account, page: 'account-refused', reason: 'removal', backUrl: home },
  'account-refused set-up': { account, page: 'account-refused', reason: 'set-up', backUrl: home },
  'account-refused required': { account, page: 'account-refused', reason: 'required', backUrl: home },
}
