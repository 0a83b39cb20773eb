import type { UserRecord } from '../administration/administration.ts'
import { isNeeded } from './policy.ts'
import type { Decision, Rule } from './policy.ts'
import type { Enforcement, RealmSettings } from '../settings.ts'
import { standingOf } from './standing.ts'
import type { Policy, Surroundings } from './standing.ts'

/** A change of a realm's policy, before it is saved. */
export interface PolicyChange {
  /** The settings that change, within their bounds; one that is there and undefined goes. */
  settings?: Partial<RealmSettings>
  rules?: {
    /** Each takes the place of its group's rule, or joins them. */
    save?: readonly Rule[]
    /** Ids of groups whose rules go; `save` comes after. */
    remove?: readonly string[]
  }
  /** `enforcement` undefined: back to what the policy says. */
  overrides?: readonly { userId: string; enforcement: Enforcement | undefined }[]
}

/** A policy as a change would make it, with the overrides that it gives and takes, by user. */
export interface ChangedPolicy extends Policy {
  overrides: ReadonlyMap<string, Enforcement | undefined>
}

/** The policy with the change made. Pure. */
export function changedPolicy(
  policy: Policy,
  { settings, rules, overrides = [] }: PolicyChange,
): ChangedPolicy {
  const { save = [], remove = [] } = rules ?? {}
  const replaced = new Set([...remove, ...save.map(({ groupId }) => groupId)])
  return {
    settings: { ...policy.settings, ...settings },
    rules: [...policy.rules.filter(({ groupId }) => !replaced.has(groupId)), ...save],
    overrides: new Map(overrides.map(({ userId, enforcement }) => [userId, enforcement])),
  }
}

/**
 * What a change does to an ordinary login of a user. "Goes on" stands for a login without a second factor: nothing is
 * needed, or a grace runs.
 * - `newly-asked`: the login goes on now; with the change it would not.
 * - `no-longer-asked`: the login does not go on now; with the change it would.
 * - `must-set-up`: with the change the login would lead to a set-up, because the user has no method or none that would
 *   be allowed; now it does not.
 * - `in-grace`: with the change a grace would run for the user; now none does.
 * - `blocked`: with the change the login would end on a page without a way on; now it does not.
 */
export type Effect = 'newly-asked' | 'no-longer-asked' | 'must-set-up' | 'in-grace' | 'blocked'

/** What an ordinary login of this user comes to now and would come to under a changed policy, and what differs. Pure. */
export function whatIf(
  person: UserRecord,
  current: Policy,
  changed: ChangedPolicy,
  surroundings: Surroundings,
): { before: Decision; after: Decision; effects: Effect[] } {
  const { overrides } = changed
  const { id } = person.user
  const override = overrides.has(id) ? overrides.get(id) : person.override
  const before = standingOf(person, current, surroundings)
  const after = standingOf({ ...person, override }, changed, surroundings)
  const begins = (holds: (decision: Decision) => boolean) => holds(after) && !holds(before)
  const effects: [Effect, boolean][] = [
    ['newly-asked', begins(isNeeded)],
    ['no-longer-asked', begins((decision) => !isNeeded(decision))],
    ['must-set-up', begins(leadsToSetUp)],
    ['in-grace', begins(({ action }) => action.do === 'enrol-later')],
    ['blocked', begins(({ action }) => action.do === 'blocked')],
  ]
  return { before, after, effects: effects.filter(([, is]) => is).map(([effect]) => effect) }
}

function leadsToSetUp({ action }: Decision): boolean {
  return (
    action.do === 'enrol' ||
    action.do === 'enrol-by-link' ||
    (action.do === 'challenge' && action.then === 'enrol')
  )
}

/** How many users each effect touches. */
export type EffectCounts = Record<Effect, number>

export const NO_EFFECTS: Readonly<EffectCounts> = {
  'newly-asked': 0,
  'no-longer-asked': 0,
  'must-set-up': 0,
  'in-grace': 0,
  blocked: 0,
}

/** The counts with one more user's effects. */
export function countEffects(counts: Readonly<EffectCounts>, effects: readonly Effect[]): EffectCounts {
  const next = { ...counts }
  for (const effect of effects) next[effect]++
  return next
}
