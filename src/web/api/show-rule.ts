import type { z } from 'zod'
import type { RealmPolicy } from '../../core/administration/administration.ts'
import type { Answer, Call } from './endpoint.ts'
import { Problem } from './problem.ts'
import { toRuleAnswer } from './rule-schemas.ts'
import type { ruleAnswer } from './rule-schemas.ts'

export type OfGroup = { groupId: string }

export async function showRule(call: Call<OfGroup>): Promise<Answer<z.input<typeof ruleAnswer>>> {
  const kept = ruleOf(call.policy, call.params)
  if (kept === undefined) throw new Problem('not-found', 'this group has no rule')
  return { body: toRuleAnswer(kept, await pathOf(call)), version: kept.version }
}

export function ruleOf({ rules }: RealmPolicy, { groupId }: OfGroup) {
  return rules.find((rule) => rule.groupId === groupId)
}

/** The path of the group that the request names; undefined where the worker does not know it. */
export async function pathOf({ groups, params }: Call<OfGroup>): Promise<string | undefined> {
  return (await groups()).find(({ id }) => id === params.groupId)?.path
}

/**
 * As `pathOf`; a group that the worker has not seen yet is asked for.
 * @throws Problem not-found
 * @throws DirectoryError
 */
export async function pathOfExisting(call: Call<OfGroup>): Promise<string> {
  const path = (await pathOf(call)) ?? (await call.directory.group(call.params.groupId))?.path
  if (path === undefined) throw new Problem('not-found', 'Keycloak has no group with this id')
  return path
}
