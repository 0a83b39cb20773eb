import { unlockUser as unlockOf } from '../../core/administration/acts.ts'
import type { Answer, Call } from './endpoint.ts'
import { act } from './target.ts'
import type { OfUser } from './target.ts'

export async function unlockUser(call: Call<OfUser>): Promise<Answer<undefined>> {
  return await act(call, async (record) => ({
    change: unlockOf(call.realm.name, record, call.by),
    result: { body: undefined },
  }))
}
