import type { z } from 'zod'
import type { Answer, Call } from './endpoint.ts'
import type { secretsAnswer } from './secret-schemas.ts'

/** Which secrets the realm has. */
export async function listSecrets({ context, realm }: Call): Promise<Answer<z.input<typeof secretsAnswer>>> {
  return { body: { set: await context.admin.secretsSet(realm.name) } }
}
