import { z } from 'zod'
import { AUDIT_FORMATS } from '../../core/audit/audit-format.ts'
import { entryBy } from '../../core/administration/changes.ts'
import { auditFilter, toAuditQuery } from './audit-schemas.ts'
import type { Answer, Call } from './endpoint.ts'
import { iso } from './fields.ts'

export const exportQuery = z.strictObject({
  format: z.enum(['csv', 'jsonl']).default('jsonl').meta({ description: 'CSV, or one JSON object a line.' }),
  ...auditFilter,
})

/** Everything that matches, oldest first, as it is read. That it was taken stands in the audit before the first line. */
export async function exportAudit(
  call: Call<unknown, z.output<typeof exportQuery>>,
): Promise<Answer<undefined>> {
  const { context, realm, by } = call
  const { format, ...filter } = call.query
  const query = toAuditQuery(filter)
  await context.admin.commit({
    realm: realm.name,
    audit: [entryBy(by, { event: 'audit.exported', realm: realm.name, detail: { format, ...query } })],
  })
  const written = AUDIT_FORMATS[format]
  async function* text() {
    if (written.header !== '') yield written.header
    for await (const entries of context.audit.everything(realm.name, query)) {
      yield entries.map((entry) => written.line(entry)).join('')
    }
  }
  const fileName = `audit-${encodeURIComponent(realm.name)}-${iso(by.at).slice(0, 10)}.${format}`
  return { body: undefined, stream: { type: written.type, fileName, text: text() } }
}
