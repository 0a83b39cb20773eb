import type { Answer, Call, Endpoint } from './endpoint.ts'
import { describeApi } from './openapi.ts'

/** For programs: what this API takes and gives. `endpoints` is asked for when the table is complete. */
export function showOpenApi(endpoints: () => readonly Endpoint[]) {
  return async ({ realm }: Pick<Call, 'realm'>): Promise<Answer<Record<string, unknown>>> => ({
    body: describeApi(endpoints(), realm),
  })
}
