import { actionOf, isChange } from './action.ts'
import { firstMet, graceEnd } from './grace.ts'
import type { GraceSource } from './grace.ts'
import type { MethodId, Registry } from '../method.ts'
import type { Enforcement, RealmSettings } from '../settings.ts'
import { allowedMethods, winners } from './winners.ts'
import type { Winner } from './winners.ts'

/** What a group means. It covers the group's subgroups, and is keyed by id so that a rename changes nothing. */
export interface Rule {
  groupId: string
  enforcement: Enforcement
  /** The methods allowed; absent: those of the realm. */
  methods?: MethodId[]
  /** The highest wins. */
  priority: number
  /** Until when a user without a method is not made to set one up. */
  grace?: Grace
  /** How long a device may be trusted, days; 0: not at all. Absent: as the realm says. */
  trustedDays?: number
}

/** Time before Required acts: so many days from when a user first meets it, until a moment, ISO 8601 with its zone, or until a date begins. */
export type Grace = { days: number } | { until: string }

/** Why Keycloak asks: a login, a wish to change methods, somebody else's wish, or a grant without a browser. */
export type Purpose = 'login' | 'manage' | 'enrol' | 'direct'

/** What a login says of its user, as Keycloak sees it at this moment. */
export interface Claims {
  /** The user's groups and all their ancestors. */
  groups: { id: string; path: string }[]
  roles: string[]
  /** Whether the user holds a role of realm-management; absent where nobody said. */
  administers?: boolean
  purpose: Purpose
  /** The level asked for by the application, 1 to 3. */
  level: number
  /** True where the user came by the link of an administrator's mail that asks for the set-up. */
  invited?: boolean
  /** Whether the application asked for a fresh login. */
  fresh?: boolean
}

/** What the policy needs to know of an enrolled method. */
export interface Enrolled {
  method: MethodId
  /** Consecutive failures on this credential. */
  failures: number
  /** Set where no key opens it. */
  unreadable?: string | undefined
}

/**
 * What counts where no override does. `grace`: until when Required waits for this user, epoch milliseconds; absent
 * where it does not.
 */
export type DefaultBecause = (
  { rule: 'group'; groupId: string; path: string; grace?: number } | { rule: 'realm'; grace?: number }
) &
  Trusting

/** Until when the device is trusted on which nothing is asked for, epoch milliseconds; absent where that is not why. */
interface Trusting {
  trusted?: number
}

/** Why a decision came out as it did: pages, API, audit and bridge carry this and never compute it again. */
export type Because =
  | DefaultBecause
  | { rule: 'role'; role: string }
  /** `instead`: what would count without it. */
  | ({ rule: 'override'; instead: { enforcement: Enforcement; because: DefaultBecause } } & Trusting)
  | { rule: 'level'; level: number }
  | { rule: 'purpose'; purpose: 'manage' | 'enrol' }

/**
 * What the login does next. A challenge that leads to an enrolment is the proof that a replacement needs. `enrol-later`:
 * the login goes on without a second factor, until then; epoch milliseconds.
 */
export type Action =
  | { do: 'skip' }
  | { do: 'challenge'; then: 'done' | 'enrol' }
  | { do: 'enrol' }
  /** A first set-up, by a link that is sent to the user's address. */
  | { do: 'enrol-by-link' }
  | { do: 'enrol-later'; until: number }
  | { do: 'blocked'; reason: BlockedReason }

/**
 * `not-by-yourself`: the user asked to change methods, and none is theirs to set up. `not-invited`: a first set-up
 * waits for an administrator. `no-address`, `no-mail-server`: the link of a first set-up can't be sent. `unreadable`: no
 * key opens the user's methods.
 */
export type BlockedReason =
  | 'no-method-allowed'
  | 'must-be-reset'
  | 'unreadable'
  | 'not-by-yourself'
  | 'not-invited'
  | 'no-address'
  | 'no-mail-server'

export interface Decision {
  enforcement: Enforcement
  because: Because
  /**
   * The methods that may be set up and used, in the realm's order; where the user asked to change methods, those that
   * they may set up.
   */
  methods: MethodId[]
  action: Action
  /** The methods by which the user may answer a challenge: one that was switched off still proves its replacement. */
  proofs: MethodId[]
  /** The sources of grace that the user meets for the first time: a group's id, or empty for the realm. */
  graceStarts?: { source: string; at: number }[]
  /** How long a device may be trusted that stands in for this challenge, days; absent where none does. */
  trustedDays?: number
}

const GUARDED_ROLES = ['tfa-admin', 'tfa-manager', 'tfa-auditor']

/** What a decision rests on. */
export interface PolicyInput {
  settings: RealmSettings
  rules: readonly Rule[]
  override: Enforcement | undefined
  enrolled: readonly Enrolled[]
  claims: Claims
  registry: Registry
  /** Methods that this server can't carry out at the moment, such as messages that nobody sends. */
  unavailable?: ReadonlySet<MethodId>
  /** When the user first met each source of grace, epoch milliseconds. */
  graceStarts: ReadonlyMap<string, number>
  /** Epoch milliseconds. */
  now: number
}

/**
 * Whether this user, in this login, needs a second factor, and why. Pure; the order of rules, groups and
 * credentials never matters.
 */
export function decide(input: PolicyInput): Decision {
  const { settings, claims, graceStarts, now } = input
  const rules = winners(input.rules, claims.groups)
  const { enforcement, because } = enforcementOf(settings, rules, input.override, claims)
  const unavailable = input.unavailable ?? new Set()
  const asked = askedBeyondPolicy(claims, because)
  const sources = enforcement === 'required' && isDefault(because) ? graceSources(settings, rules) : []
  const until = graceEnd(sources, graceStarts, now, settings.timeZone)
  const next = actionOf({
    ...input,
    unavailable,
    methods: allowedMethods(settings, rules, input.registry).filter((id) => !unavailable.has(id)),
    enforcement,
    asked: asked !== undefined,
    graceUntil: sources.length > 0 && until > now ? until : undefined,
  })
  const waits = next.action.do === 'enrol-later' ? { grace: next.action.until } : {}
  const begun = firstMet(sources, graceStarts, now)
  const days = isTrusting(claims, next.action, asked ?? because) ? daysOf(settings, rules) : 0
  return {
    enforcement,
    because: asked ?? { ...because, ...waits },
    ...next,
    ...(begun.length === 0 ? {} : { graceStarts: begun }),
    ...(days === 0 ? {} : { trustedDays: days }),
  }
}

/** Whether a trusted device can stand in: for the challenge of an ordinary login, which nothing asks for but the policy. */
function isTrusting({ purpose, fresh }: Claims, action: Action, { rule }: Because): boolean {
  if (purpose !== 'login' || fresh === true || rule === 'role' || rule === 'level') return false
  return action.do === 'challenge' && action.then === 'done'
}

/** What every rule that counts allows: in doubt, less. */
function daysOf({ trustedDays }: RealmSettings, rules: Winner[]): number {
  return Math.min(
    ...(rules.length === 0 ? [trustedDays] : rules.map(({ rule }) => rule.trustedDays ?? trustedDays)),
  )
}

/** Whether the login may not go on without a second factor. */
export function isNeeded({ action }: Pick<Decision, 'action'>): boolean {
  return action.do !== 'skip' && action.do !== 'enrol-later'
}

function enforcementOf(
  settings: RealmSettings,
  rules: Winner[],
  override: Enforcement | undefined,
  claims: Claims,
): { enforcement: Enforcement; because: Because } {
  const role = GUARDED_ROLES.find((name) => claims.roles.includes(name))
  if (role !== undefined) return { enforcement: 'required', because: { rule: 'role', role } }
  const instead = defaultOf(settings, rules)
  return override !== undefined && settings.overridesCount
    ? { enforcement: override, because: { rule: 'override', instead } }
    : instead
}

function defaultOf(
  settings: RealmSettings,
  [first]: Winner[],
): { enforcement: Enforcement; because: DefaultBecause } {
  if (first === undefined) return { enforcement: settings.enforcement, because: { rule: 'realm' } }
  const { groupId, enforcement } = first.rule
  return { enforcement, because: { rule: 'group', groupId, path: first.path } }
}

/** Only what a group or the realm says has grace: a role and an override act at once. */
function isDefault({ rule }: Because): boolean {
  return rule === 'group' || rule === 'realm'
}

function graceSources({ grace }: RealmSettings, rules: Winner[]): GraceSource[] {
  if (rules.length === 0) return [{ source: '', grace }]
  return rules.map(({ rule }) => ({ source: rule.groupId, grace: rule.grace }))
}

/** A requested level and a wish to change methods ask even where the policy would not. */
function askedBeyondPolicy(claims: Claims, because: Because): Because | undefined {
  const { purpose } = claims
  if (isChange(purpose)) return { rule: 'purpose', purpose }
  if (claims.level > 1 && because.rule !== 'role') return { rule: 'level', level: claims.level }
  return undefined
}
