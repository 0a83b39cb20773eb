import type { z } from 'zod'
import type { UserRecord } from '../../core/administration/administration.ts'
import { DirectoryError } from '../../core/sync/directory.ts'
import { standingOf } from '../../core/policy/standing.ts'
import type { Answer, Call } from './endpoint.ts'
import { findUser, isOutOfReach, protectionFor } from './target.ts'
import type { OfUser } from './target.ts'
import { surroundingsOf, toAction, toBypass, toListed, toStanding } from './user-schemas.ts'
import type { userAnswer } from './user-schemas.ts'

export async function showUser(call: Call<OfUser>): Promise<Answer<z.input<typeof userAnswer>>> {
  const record = await findUser(call)
  const mayNot = await whyNot(call, record)
  return {
    body: {
      ...toListed(call, record),
      ...toStanding(call, record),
      groups: record.groups,
      action: toAction(standingOf(record, call.policy, surroundingsOf(call)).action),
      bypass: toBypass(record, call.by.at),
      mayAct: mayNot === undefined,
      mayNot: mayNot ?? null,
    },
  }
}

async function whyNot(call: Call<OfUser>, record: UserRecord) {
  try {
    if (await isOutOfReach(call)) return 'forbidden'
    return await protectionFor(call, record)
  } catch (error) {
    if (error instanceof DirectoryError) return 'unavailable'
    throw error
  }
}
