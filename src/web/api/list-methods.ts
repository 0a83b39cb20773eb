import { z } from 'zod'
import type { Answer, Call } from './endpoint.ts'
import { findUser } from './target.ts'
import type { OfUser } from './target.ts'
import { inOrder, methodAnswer, toMethod } from './user-schemas.ts'

export const methodsAnswer = z.strictObject({ methods: z.array(methodAnswer) })

export async function listMethods(call: Call<OfUser>): Promise<Answer<z.input<typeof methodsAnswer>>> {
  const { methods } = await findUser(call)
  return { body: { methods: inOrder(methods, call.context.kit().registry).map(toMethod) } }
}
