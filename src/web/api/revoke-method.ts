import { z } from 'zod'
import { goingWith, revokeMethods } from '../../core/administration/acts.ts'
import { noticesTo } from '../../core/notices/notices.ts'
import type { Answer, Call } from './endpoint.ts'
import { Problem } from './problem.ts'
import { act } from './target.ts'
import { methodAnswer, toMethod } from './user-schemas.ts'

export const revokedAnswer = z.strictObject({
  revoked: methodAnswer,
  alongWith: z
    .array(methodAnswer)
    .meta({ description: 'What went with it, since it never stands alone, such as backup codes.' }),
})

export async function revokeMethod(
  call: Call<{ userId: string; methodId: string }>,
): Promise<Answer<z.input<typeof revokedAnswer>>> {
  const { context, realm, policy, params, by } = call
  return await act(call, async (record) => {
    const going = goingWith(record.methods, params.methodId, context.kit().registry)
    const [revoked, ...others] = going ?? []
    if (going === undefined || revoked === undefined) {
      throw new Problem('not-found', 'the user has no such method, or not any more')
    }
    return {
      change: {
        ...revokeMethods(realm.name, record, going, by),
        notices: noticesTo(
          record,
          policy,
          { realm: realm.name, kind: 'method-removed', method: revoked.method },
          context.kit(),
        ),
      },
      result: { body: { revoked: toMethod(revoked), alongWith: others.map(toMethod) } },
    }
  })
}
