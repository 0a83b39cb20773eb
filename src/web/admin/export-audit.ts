import { filled } from './visit.ts'
import type { Outcome, Visit } from './visit.ts'

/** `GET /audit/export?format=`: what the search found, as a file. */
export async function exportAudit({ api, form }: Visit): Promise<Outcome> {
  const query = filled(form, ['format', 'user', 'event', 'from', 'to'])
  const { stream } = await api.ask('exportAudit', { query })
  if (stream === undefined) throw new Error('an export is a file')
  return { file: stream }
}
