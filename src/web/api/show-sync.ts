import type { z } from 'zod'
import type { Answer, Call } from './endpoint.ts'
import { toSync } from './sync-schemas.ts'
import type { syncAnswer } from './sync-schemas.ts'

export async function showSync({ context, realm }: Call): Promise<Answer<z.input<typeof syncAnswer>>> {
  return { body: toSync(await context.sync.state(realm.name)) }
}
