import type { RealmPolicy } from '../../core/administration/administration.ts'
import { changeSettings as changeOf } from '../../core/administration/changes.ts'
import { faultsOf, mergePatch } from '../../core/administration/policy-input.ts'
import type { SettingsPatch } from '../../core/administration/policy-input.ts'
import type { RealmSettings } from '../../core/settings.ts'
import type { Answer, Call } from './endpoint.ts'
import { expectedVersion, meets, stale } from './preconditions.ts'
import type { Expected } from './preconditions.ts'
import { faulty } from './problem.ts'
import { showSettings } from './show-settings.ts'

/** A merge patch of the settings (RFC 7396). */
export async function changeSettings(
  call: Call<unknown, unknown, SettingsPatch>,
): Promise<Answer<RealmSettings>> {
  const { context, realm, policy, body, by } = call
  const expected = expectedVersion(call.request, 'change')
  if (!meets(expected, policy.version)) throw await overtaken(call, expected, policy)
  const change = changeOf(realm.name, policy, patched(policy, body, 'body'), by)
  if (change === undefined) return await showSettings(call)
  const committed = await context.admin.commit(change)
  const now = await context.admin.policy(realm.name)
  if (committed !== 'written') throw await overtaken(call, expected, now)
  return await showSettings({ ...call, policy: now })
}

/**
 * What is set after a patch, in order as a whole.
 * @param part what errors name it
 * @throws Problem bad-request
 */
export function patched(
  { set }: Pick<RealmPolicy, 'set'>,
  patch: SettingsPatch,
  part: string,
): Partial<RealmSettings> {
  const next = mergePatch(set, patch) as Partial<RealmSettings>
  const faults = faultsOf(next)
  if (faults.length === 0) return next
  throw faulty(faults.map(({ path, message }) => ({ path: [part, ...path].join('.'), message })))
}

async function overtaken(call: Call<unknown, unknown, SettingsPatch>, expected: Expected, now: RealmPolicy) {
  return await stale(call, expected, {
    version: now.version,
    current: now.settings,
    events: ['settings.changed'],
    isOf: () => true,
    wanted: Object.keys(call.body),
  })
}
