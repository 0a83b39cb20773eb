import type { z } from 'zod'
import { entryBy } from '../../core/administration/changes.ts'
import { allow } from './authorize.ts'
import type { Answer, Call } from './endpoint.ts'
import { Problem } from './problem.ts'
import { showSync } from './show-sync.ts'
import type { syncAnswer, syncBody } from './sync-schemas.ts'

/** Asks for a full pass now; `confirm` lets the one that waits drop what it would drop. */
export async function runSync(
  call: Call<unknown, unknown, z.output<typeof syncBody>>,
): Promise<Answer<z.input<typeof syncAnswer>>> {
  const { context, realm, caller, by } = call
  const { confirm } = call.body
  if (confirm === undefined) {
    await context.sync.run(realm.name)
    return await showSync(call)
  }
  allow('administrator', caller)
  const { asks } = await context.sync.state(realm.name)
  if (asks?.pass !== confirm) {
    throw new Problem('nothing-to-confirm', 'no pass of this number waits: read the state again')
  }
  const { pass, users, rules } = asks
  const detail = { pass, users, rules: rules.map(({ path }) => path) }
  await context.admin.commit({
    realm: realm.name,
    audit: [entryBy(by, { event: 'sync.confirmed', realm: realm.name, detail })],
  })
  await context.sync.run(realm.name, { confirm })
  return await showSync(call)
}
