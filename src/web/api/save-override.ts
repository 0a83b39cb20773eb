import { z } from 'zod'
import { overrideUser } from '../../core/administration/acts.ts'
import type { RealmPolicy, UserRecord } from '../../core/administration/administration.ts'
import type { Enforcement } from '../../core/settings.ts'
import { standingOf } from '../../core/policy/standing.ts'
import type { Answer, Call } from './endpoint.ts'
import { enforcement, present, text } from './fields.ts'
import { Problem } from './problem.ts'
import { act } from './target.ts'
import type { OfUser } from './target.ts'
import { surroundingsOf, toStanding } from './user-schemas.ts'
import type { standingAnswer } from './user-schemas.ts'

export const overrideBody = z.strictObject({
  enforcement,
  reason: text(500, 'For the audit.').min(1).optional(),
})

export async function saveOverride(
  call: Call<OfUser, unknown, z.output<typeof overrideBody>>,
): Promise<Answer<z.input<typeof standingAnswer>>> {
  demandCounting(call.policy)
  return await act(call, async (record) => ({
    change: overrideChange(call, record, call.body.enforcement, call.body.reason),
    result: { body: toStanding(call, { ...record, override: call.body.enforcement }) },
  }))
}

/** @throws Problem overrides-off */
export function demandCounting({ settings }: RealmPolicy): void {
  if (settings.overridesCount) return
  throw new Problem('overrides-off', 'overrides do not count in this realm: set overridesCount to true first')
}

export function overrideChange(
  call: Call,
  record: UserRecord,
  next: Enforcement | undefined,
  reason: string | undefined,
) {
  const after = standingOf({ ...record, override: next }, call.policy, surroundingsOf(call))
  return overrideUser(call.realm.name, record, next, after, { ...call.by, ...present({ reason }) })
}
