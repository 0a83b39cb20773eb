import { z } from 'zod'
import { exportedEntry } from '../../core/audit/audit-format.ts'
import { auditFilter, entryAnswer, toAuditQuery } from './audit-schemas.ts'
import type { Answer, Call } from './endpoint.ts'
import { paging, present } from './fields.ts'

export const auditQuery = z.strictObject({
  ...auditFilter,
  after: z
    .string()
    .regex(/^[\w-]{1,200}$/, 'must be the `next` of the page before')
    .optional()
    .meta({ description: 'The `next` of the page before.' }),
  max: paging.max,
})

export const auditAnswer = z.strictObject({
  entries: z.array(entryAnswer),
  next: z.string().nullable().meta({ description: 'For `after`; null on the last page.' }),
})

/** The audit, newest first. */
export async function listAudit(
  call: Call<unknown, z.output<typeof auditQuery>>,
): Promise<Answer<z.input<typeof auditAnswer>>> {
  const { after, max } = call.query
  const { context, realm } = call
  const { entries, next } = await context.audit.list(realm.name, toAuditQuery(call.query), {
    max,
    ...present({ after }),
  })
  return { body: { entries: entries.map(exportedEntry), next: next ?? null } }
}
