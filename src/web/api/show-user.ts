import type { z } from 'zod'
import type { UserRecord } from '../../core/administration/administration.ts'
import { DirectoryError } from '../../core/sync/directory.ts'
import { shownOf } from '../../core/login/triable.ts'
import { standingOf } from '../../core/policy/standing.ts'
import type { Answer, Call } from './endpoint.ts'
import { findUser, isOutOfReach, protectionFor } from './target.ts'
import type { OfUser } from './target.ts'
import { surroundingsOf, toAction, toBypass, toListed, toStanding } from './user-schemas.ts'
import type { userAnswer } from './user-schemas.ts'

export async function showUser(call: Call<OfUser>): Promise<Answer<z.input<typeof userAnswer>>> {
  const record = await findUser(call)
  const mayNot = await whyNot(call, record)
  const listed = toListed(call, record)
  const synced = await syncedOf(call, record)
  return {
    body: {
      ...listed,
      methods: listed.methods.map((one) => ({ ...one, synced: synced.get(one.id) ?? null })),
      ...toStanding(call, record),
      groups: record.groups,
      action: toAction(standingOf(record, call.policy, surroundingsOf(call)).action),
      bypass: toBypass(record, call.by.at),
      mayAct: mayNot === undefined,
      mayNot: mayNot ?? null,
    },
  }
}

/** Which of the user's passkeys may be on other devices, by their ids; nothing else of what is sealed leaves here. */
async function syncedOf(
  { context, realm }: Call,
  { user, methods }: UserRecord,
): Promise<Map<string, boolean>> {
  const { registry } = context.kit()
  if (!methods.some(({ method }) => registry.get(method)?.signs === true)) return new Map()
  const { credentials } = await context.store.background(realm.name, user.id, '')
  return new Map(
    credentials.flatMap((credential): [string, boolean][] => {
      const shown = shownOf(credential, registry)
      return shown?.kind === 'passkey' ? [[credential.id, shown.synced]] : []
    }),
  )
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
