import { takeBypassBack as takeBackOf } from '../../core/administration/bypass.ts'
import type { Answer, Call } from './endpoint.ts'
import { Problem } from './problem.ts'
import { act } from './target.ts'
import type { OfUser } from './target.ts'

export async function takeBypassBack(call: Call<OfUser>): Promise<Answer<undefined>> {
  return await act(call, async (record) => {
    if (record.bypass === undefined) throw new Problem('not-found', 'no code is outstanding')
    return { change: takeBackOf(call.realm.name, record, call.by), result: { body: undefined } }
  })
}
