import type { Answer, Call } from './endpoint.ts'
import { Problem } from './problem.ts'
import { demandCounting, overrideChange } from './save-override.ts'
import { act } from './target.ts'
import type { OfUser } from './target.ts'

export async function removeOverride(call: Call<OfUser>): Promise<Answer<undefined>> {
  demandCounting(call.policy)
  return await act(call, async (record) => {
    if (record.override === undefined) throw new Problem('not-found', 'this user has no override')
    return {
      change: overrideChange(call, record, undefined, undefined),
      result: { body: undefined },
    }
  })
}
