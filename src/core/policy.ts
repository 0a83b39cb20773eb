import { MAX_CREDENTIAL_FAILURES } from './lockout.ts'
import type { MethodId, Registry } from './method.ts'
import type { Enforcement, RealmSettings } from './settings.ts'

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
}

/** Time before Required acts: so many days from when a user first meets it, or until a moment, ISO 8601 with its zone. */
export type Grace = { days: number } | { until: string }

/** Why Keycloak asks: a login, a wish to change methods, somebody else's wish, or a grant without a browser. */
export type Purpose = 'login' | 'manage' | 'enrol' | 'direct'

/** What a login says of its user, as Keycloak sees it at this moment. */
export interface Claims {
  /** The user's groups and all their ancestors. */
  groups: { id: string; path: string }[]
  roles: string[]
  purpose: Purpose
  /** The level asked for by the application, 1 to 3. */
  level: number
}

/** What the policy needs to know of an enrolled method. */
export interface Enrolled {
  method: MethodId
  /** Consecutive failures on this credential. */
  failures: number
}

/** Why a decision came out as it did: pages, API, audit and bridge carry this and never compute it again. */
export type Because =
  | { rule: 'role'; role: string }
  | { rule: 'override' }
  | { rule: 'group'; groupId: string; path: string }
  | { rule: 'realm' }
  | { rule: 'level'; level: number }
  | { rule: 'purpose'; purpose: 'manage' | 'enrol' }

/** What the login does next. A challenge that leads to an enrolment is the proof that a replacement needs. */
export type Action =
  | { do: 'skip' }
  | { do: 'challenge'; then: 'done' | 'enrol' }
  | { do: 'enrol' }
  | { do: 'blocked'; reason: 'no-method-allowed' | 'must-be-reset' }

export interface Decision {
  enforcement: Enforcement
  because: Because
  /** The methods that may be set up and used, in the realm's order. */
  methods: MethodId[]
  action: Action
  /** The methods by which the user may answer a challenge: one that was switched off still proves its replacement. */
  proofs: MethodId[]
}

const STRICTNESS: Record<Enforcement, number> = { disabled: 0, optional: 1, required: 2 }
const GUARDED_ROLES = ['tfa-admin', 'tfa-manager', 'tfa-auditor']

/**
 * Whether this user, in this login, needs a second factor, and why. Pure; the order of rules, groups and
 * credentials never matters.
 */
export function decide(input: {
  settings: RealmSettings
  rules: readonly Rule[]
  override: Enforcement | undefined
  enrolled: readonly Enrolled[]
  claims: Claims
  registry: Registry
  /** Methods that this server can't carry out at the moment, such as messages that nobody sends. */
  unavailable?: ReadonlySet<MethodId>
}): Decision {
  const { settings, claims } = input
  const rules = winners(input.rules, claims.groups)
  const policy = enforcementOf(settings, rules, input.override, claims)
  const unavailable = input.unavailable ?? new Set()
  const methods = allowedMethods(settings, rules, input.registry).filter((id) => !unavailable.has(id))
  const asked = askedBeyondPolicy(claims, policy.because)
  const next = actionOf({
    ...input,
    unavailable,
    methods,
    enforcement: policy.enforcement,
    asked: asked !== undefined,
  })
  return { enforcement: policy.enforcement, because: asked ?? policy.because, methods, ...next }
}

function enforcementOf(
  settings: RealmSettings,
  rules: Winner[],
  override: Enforcement | undefined,
  claims: Claims,
): { enforcement: Enforcement; because: Because } {
  const role = GUARDED_ROLES.find((name) => claims.roles.includes(name))
  if (role !== undefined) return { enforcement: 'required', because: { rule: 'role', role } }
  if (override !== undefined && settings.overridesCount) {
    return { enforcement: override, because: { rule: 'override' } }
  }
  const [first] = rules
  if (first === undefined) return { enforcement: settings.enforcement, because: { rule: 'realm' } }
  return {
    enforcement: first.rule.enforcement,
    because: { rule: 'group', groupId: first.rule.groupId, path: first.path },
  }
}

interface Winner {
  rule: Rule
  path: string
}

/** The rules that count: highest priority, then the deeper group of one branch, then the strictest. */
function winners(rules: readonly Rule[], groups: Claims['groups']): Winner[] {
  const paths = new Map(groups.map((group) => [group.id, group.path]))
  let left = rules.flatMap((rule) => {
    const path = paths.get(rule.groupId)
    return path === undefined ? [] : [{ rule, path }]
  })
  const priority = Math.max(...left.map(({ rule }) => rule.priority))
  left = left.filter(({ rule }) => rule.priority === priority)
  left = left.filter(({ path }) => !left.some((other) => other.path.startsWith(`${path}/`)))
  const strictest = Math.max(...left.map(({ rule }) => STRICTNESS[rule.enforcement]))
  return left
    .filter(({ rule }) => STRICTNESS[rule.enforcement] === strictest)
    .toSorted((a, b) => (a.rule.groupId < b.rule.groupId ? -1 : 1))
}

/** What the realm allows and every rule that counts allows: in doubt, less. */
function allowedMethods(settings: RealmSettings, rules: Winner[], registry: Registry): MethodId[] {
  return settings.methods.filter(
    (id) => registry.has(id) && rules.every(({ rule }) => rule.methods?.includes(id) ?? true),
  )
}

/** A requested level and a wish to change methods ask even where the policy would not. */
function askedBeyondPolicy(claims: Claims, because: Because): Because | undefined {
  const { purpose } = claims
  if (isChange(purpose)) return { rule: 'purpose', purpose }
  if (claims.level > 1 && because.rule !== 'role') return { rule: 'level', level: claims.level }
  return undefined
}

function isChange(purpose: Purpose): purpose is 'manage' | 'enrol' {
  return purpose === 'manage' || purpose === 'enrol'
}

function actionOf(input: {
  settings: RealmSettings
  enforcement: Enforcement
  asked: boolean
  enrolled: readonly Enrolled[]
  methods: MethodId[]
  claims: Claims
  registry: Registry
  unavailable: ReadonlySet<MethodId>
}): { action: Action; proofs: MethodId[] } {
  const { settings, enforcement, asked, methods, claims, registry } = input
  // A method that this build does not know is still the user's: no reason to ask for less.
  const standsAlone = (id: MethodId) => registry.get(id)?.companion !== true
  const works = (id: MethodId) => registry.has(id) && !input.unavailable.has(id)
  const reaches = (id: MethodId) => (registry.get(id)?.level ?? 0) >= claims.level
  const allowed = (id: MethodId) => methods.includes(id)
  const ids = (enrolled: readonly Enrolled[]) => [...new Set(enrolled.map(({ method }) => method))]

  const own = ids(input.enrolled).filter(standsAlone)
  const working = ids(input.enrolled.filter(({ failures }) => failures < MAX_CREDENTIAL_FAILURES))
  const proofs = working.filter((id) => allowed(id) && reaches(id))

  if (!asked && enforcement === 'disabled') return without({ do: 'skip' })
  if (!asked && enforcement === 'optional') {
    // Where rules leave none of the methods that the user has, and the realm does, those still ask.
    const present = working.filter((id) => settings.methods.includes(id) && works(id))
    if (!own.some((id) => settings.methods.includes(id))) return without({ do: 'skip' })
    if (!own.some(allowed) && present.some(standsAlone)) {
      return { action: { do: 'challenge', then: 'done' }, proofs: present }
    }
  }
  if (own.length > 0 && !working.some(standsAlone)) return without({ do: 'blocked', reason: 'must-be-reset' })
  if (proofs.some(standsAlone)) {
    return { action: { do: 'challenge', then: isChange(claims.purpose) ? 'enrol' : 'done' }, proofs }
  }
  if (!methods.some((id) => standsAlone(id) && reaches(id))) {
    return without({ do: 'blocked', reason: 'no-method-allowed' })
  }
  if (own.length === 0) return without({ do: 'enrol' })
  const before = working.filter(works)
  if (!before.some(standsAlone)) return without({ do: 'blocked', reason: 'no-method-allowed' })
  return { action: { do: 'challenge', then: 'enrol' }, proofs: before }
}

function without(action: Action): { action: Action; proofs: MethodId[] } {
  return { action, proofs: [] }
}
