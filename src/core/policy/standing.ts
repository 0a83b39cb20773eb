import type { UserRecord } from '../administration/administration.ts'
import type { MethodId, Registry } from '../method.ts'
import { decide } from './policy.ts'
import type { Decision, Rule } from './policy.ts'
import type { RealmSettings } from '../settings.ts'

/** A realm's policy as it decides. */
export interface Policy {
  settings: RealmSettings
  rules: readonly Rule[]
}

/** What the pure functions of administration are given. */
export interface Surroundings {
  registry: Registry
  /** Methods that this server can't carry out with these settings, such as messages that nobody sends. */
  unavailable: (settings: RealmSettings) => ReadonlySet<MethodId>
  /** Epoch milliseconds. */
  now: number
}

/** What an ordinary login of this user would come to now, from what the database knows. Pure. */
export function standingOf(
  person: UserRecord,
  policy: Policy,
  { registry, unavailable, now }: Surroundings,
): Decision {
  return decide({
    settings: policy.settings,
    rules: policy.rules,
    override: person.override,
    enrolled: person.methods,
    claims: { groups: person.groups, roles: person.roles ?? [], purpose: 'login', level: 1 },
    registry,
    unavailable: unavailable(policy.settings),
    graceStarts: person.graceStarts,
    now,
  })
}
