import { event } from '../api/audit-schemas.ts'
import type { AdminView } from '../render/admin-view.ts'
import { auditRows } from './audit-rows.ts'
import { filled } from './visit.ts'
import type { Outcome, Visit } from './visit.ts'

const PER_PAGE = '50'

/** `GET /audit`: who did what, newest first. */
export async function showAudit(visit: Visit): Promise<Outcome> {
  const { api, at, form, term, say } = visit
  const typed = filled(form, ['user', 'event', 'from', 'to'])
  const person = typed['user'] === undefined ? undefined : await personOf(visit, typed['user'])
  const base = {
    page: 'audit' as const,
    user: person?.name ?? typed['user'] ?? '',
    events: [
      { value: '', label: say('any'), current: false },
      ...event.options.map((value) => ({
        value,
        label: term('event', value),
        current: value === typed['event'],
      })),
    ],
    from: typed['from'] ?? '',
    to: typed['to'] ?? '',
    narrowed: Object.keys(typed).length > 0,
    clearUrl: at('/audit'),
  }
  if (typed['user'] !== undefined && person === undefined) {
    const exports = { csvUrl: at('/audit/export', { format: 'csv' }), jsonlUrl: at('/audit/export') }
    return { view: { ...base, ...exports, rows: [], unknownUser: true, wrong: true } }
  }
  const narrowing = narrowingOf(typed, person?.id)
  const after = filled(form, ['after'])
  const { body } = await api.ask('listAudit', { query: { ...narrowing, ...after, max: PER_PAGE } })
  const view: AdminView = {
    ...base,
    rows: await auditRows(visit, body.entries),
    ...(after['after'] === undefined ? {} : { firstUrl: at('/audit', typed) }),
    ...(body.next === null ? {} : { nextUrl: at('/audit', { ...typed, after: body.next }) }),
    csvUrl: at('/audit/export', { ...narrowing, format: 'csv' }),
    jsonlUrl: at('/audit/export', { ...narrowing, format: 'jsonl' }),
  }
  return { view }
}

/** What the API is asked. */
function narrowingOf(typed: Record<string, string>, user: string | undefined): Record<string, string> {
  const { event: wanted, from, to } = typed
  const asked = { user, event: wanted, from: from && inUtc(from), to: to && inUtc(to) }
  return Object.fromEntries(
    Object.entries(asked).flatMap(([name, value]) => (value === undefined ? [] : [[name, value]])),
  )
}

/** Whoever has this name or this id; undefined where nobody does, nor is anything told of such an id. */
async function personOf(
  { api, context, realm }: Visit,
  typed: string,
): Promise<{ id: string; name: string } | undefined> {
  const { body } = await api.ask('listUsers', { query: { search: typed, max: '100' } })
  const named = body.users.find(({ username }) => username === typed.toLowerCase())
  if (named !== undefined) return { id: named.id, name: named.username }
  const known = await context.admin.user(realm.name, typed)
  if (known !== undefined) return { id: typed, name: known.user.username }
  if (!/^[A-Za-z0-9._:@-]{1,64}$/.test(typed)) return undefined
  const { body: told } = await api.ask('listAudit', { query: { user: typed, max: '1' } })
  return told.entries.length === 0 ? undefined : { id: typed, name: typed }
}

/** The browser's own input has neither seconds nor a zone; the page says that it is UTC. */
function inUtc(moment: string): string {
  return /^\d{4}-\d\d-\d\dT\d\d:\d\d$/.test(moment) ? `${moment}:00Z` : moment
}
