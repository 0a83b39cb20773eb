/** What several of the administrator's pages show. */

/** A moment: ISO 8601 for programs, words for people. */
export interface When {
  iso: string
  text: string
}

/** The list of what was done a moment ago, by a word of ours; a theme has a sentence for each. */
export const DONE = [
  'override-saved',
  'override-removed',
  'revoked',
  'reset',
  'reset-sessions',
  'unlocked',
  'user-added',
  'user-added-invited',
  'user-added-not-invited',
  'user-added-phone-dropped',
  'devices-revoked',
  'bypass-taken-back',
  'rule-saved',
  'rule-removed',
  'settings-saved',
  'secret-saved',
  'secret-removed',
  'unchanged',
  'sync-asked',
  'sync-confirmed',
] as const
export type Done = (typeof DONE)[number]

export type StatusName = 'enrolled' | 'required-not-enrolled' | 'not-enrolled' | 'locked' | 'exempt'
export type EnforcementName = 'required' | 'optional' | 'disabled'

/** What goes along with a form. */
export type Hidden = { name: string; value: string }[]

export interface Option {
  value: string
  label: string
  current: boolean
}

export interface Pager {
  /** The first and the last that are shown, counted from 1; 0 and 0 where none is. */
  from: number
  to: number
  total: number
  previousUrl?: string
  nextUrl?: string
}

export interface UserRow {
  href: string
  username: string
  name: string
  email: string
  enforcement: EnforcementName
  status: StatusName
  /** The ids of the methods that the user has. */
  methods: string[]
  enabled: boolean
}

export interface AuditRow {
  at: When
  event: string
  /** Who it is about, and who did it: names where they are known. `href` leads to the user's page. */
  user?: { label: string; href: string }
  actor: { label: string; href?: string }
  address?: string
  why?: string
  detail: { name: string; value: string }[]
}

/** A field of a form. `error` is a sentence. */
export interface Field {
  id: string
  name: string
  label: string
  help?: string
  unit?: string
  error?: string
  /** The ids of what says more of it. */
  describedBy?: string
  /** The first that is wrong; it gets the focus. */
  focus?: boolean
  control:
    | { kind: 'number'; value: string; min?: number; max?: number }
    /** `as`: the keyboard that a phone shows for it. */
    | { kind: 'text'; value: string; as?: 'email' | 'tel' }
    /** A date, or with `hasTime` a date and a time of UTC. */
    | { kind: 'moment'; value: string; hasTime: boolean }
    | { kind: 'lines'; value: string }
    | { kind: 'flag'; on: boolean }
    | { kind: 'choice'; options: Option[] }
    /** Several of them; a `note` is what a standard says of one. */
    | { kind: 'checks'; options: (Option & { id: string; note?: string })[] }
    | { kind: 'fields'; fields: Field[] }
}

export type Effect = 'newlyAsked' | 'mustSetUp' | 'inGrace' | 'blocked' | 'noLongerAsked'

/** Who would be touched by a change: nothing was written yet. */
export interface WhatIf {
  users: number
  unchanged: number
  effects: {
    effect: Effect
    count: number
    people: { href: string; username: string; before: string; after: string }[]
    /** How many more there are than are named. */
    more: number
  }[]
}

export interface Method {
  id: string
  method: string
  label: string
  /** Of a passkey: whether it may be on other devices, too. */
  synced?: 'synced' | 'bound'
  createdAt: When
  usedAt?: When
  revokeUrl?: string
}

/** A browser on which a user is not asked. */
export interface Device {
  name: string
  createdAt: When
  usedAt: When
  expiresAt: When
  revokeUrl?: string
}

export interface RuleRow {
  /** Absent where the rule can't be changed here. */
  editUrl?: string
  path: string
  enforcement: EnforcementName
  methods: string[]
  priority: number
  grace?: GraceView
  origin: 'administrator' | 'attribute'
  /** A change of it that is only reported on. */
  proposed: boolean
}

export type GraceView = { days: number } | { until: When }

/** Why the user who looks may not act; a theme has a sentence for each. */
export type MayNot = 'forbidden' | 'own-account' | 'protected-account' | 'roles-unknown' | 'unavailable'

/** Columns over time, in a picture of 1000 by 200, and the same in numbers. */
export interface Chart {
  name: 'logins' | 'failures' | 'sms' | 'enrolled'
  /** A column is a week. */
  weekly: boolean
  first: string
  last: string
  /** What stands at the axis, from the top down. */
  ticks: number[]
  /** `key` is a word that a theme has a colour for, or one that it does not know. */
  series: { key: string; label: string; total: number }[]
  /** There is nothing to see. */
  empty: boolean
  parts: { key: string; x: number; y: number; width: number; height: number }[]
  /** The newest first; a cell without a value was not counted. */
  rows: { day: string; cells: { label: string; value?: number }[] }[]
}
