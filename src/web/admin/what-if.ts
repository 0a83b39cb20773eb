import type { Effect, WhatIf } from '../render/admin-parts.ts'
import { part } from './visit.ts'
import type { Visit } from './visit.ts'

/** Users that are named for each effect. */
const NAMED = 20
const EFFECTS: Effect[] = ['newlyAsked', 'mustSetUp', 'inGrace', 'blocked', 'noLongerAsked']

/** Who would be touched by a change of the policy: counts and names (B1). */
export async function tryOut(visit: Visit, change: unknown): Promise<WhatIf> {
  const { body } = await visit.api.ask('tryChange', { query: { max: String(NAMED) }, body: change })
  const { counts, lists } = body
  return {
    users: counts.users,
    unchanged: counts.unchanged,
    effects: EFFECTS.filter((effect) => counts[effect] > 0).map((effect) => ({
      effect,
      count: counts[effect],
      people: lists[effect].map(({ id, username, before, after }) => ({
        href: visit.at(`/users/${part(id)}`),
        username,
        before,
        after,
      })),
      more: counts[effect] - lists[effect].length,
    })),
  }
}
