import { z } from 'zod'
import { resetUser as resetOf } from '../../core/administration/acts.ts'
import { noticesTo } from '../../core/notices/notices.ts'
import type { Answer, Call } from './endpoint.ts'
import { act } from './target.ts'
import type { OfUser } from './target.ts'
import { methodAnswer, toMethod } from './user-schemas.ts'

export const resetAnswer = z.strictObject({
  revoked: z.array(methodAnswer),
  sessionsEnded: z.boolean().meta({
    description:
      "Whether Keycloak ended the user's sessions; it does where you may manage its users, with your own token.",
  }),
})

/** Takes everything away, and ends the user's sessions in Keycloak where the caller may (R28). */
export async function resetUser(call: Call<OfUser>): Promise<Answer<z.input<typeof resetAnswer>>> {
  const { context, realm, policy, caller, params, by } = call
  const revoked = await act(call, async (record) => ({
    change: {
      ...resetOf(realm.name, record, by),
      // Who had nothing lost nothing.
      notices:
        record.methods.length === 0
          ? []
          : noticesTo(record, policy, { realm: realm.name, kind: 'methods-reset' }, context.kit()),
    },
    result: record.methods.map(toMethod),
  }))
  const token = await caller.accessToken()
  const sessionsEnded = token !== undefined && (await context.endSessions(realm, params.userId, token))
  return { body: { revoked, sessionsEnded } }
}
