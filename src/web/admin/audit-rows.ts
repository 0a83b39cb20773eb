import type { AuditRow } from '../render/admin-parts.ts'
import { part, whenOf } from './visit.ts'
import type { Visit } from './visit.ts'

interface Entry {
  at: string
  event: string
  user: string
  actor: string
  address: string | null
  why: string | null
  detail: Record<string, unknown>
}

/** Told by the sentence already, or by another column. */
const TOLD = new Set(['because', 'enforcement'])

/**
 * Entries for people: ids with the names that are known.
 * @param of the user whose page it is; their name is not said again
 */
export async function auditRows(visit: Visit, entries: readonly Entry[], of?: string): Promise<AuditRow[]> {
  const ids = new Set(entries.flatMap(({ user, actor }) => [user, actor]))
  const names = new Map(await Promise.all([...ids].map(async (id) => [id, await nameOf(visit, id)] as const)))
  const person = (id: string) => {
    const name = names.get(id)
    return name === undefined
      ? { label: visit.term('actor', id) }
      : { label: name, href: visit.at(`/users/${part(id)}`) }
  }
  return entries.map(({ at, event, user, actor, address, why, detail }) => ({
    at: whenOf(visit, at),
    event,
    ...(user === '' || user === of
      ? {}
      : { user: { href: visit.at(`/users/${part(user)}`), ...person(user) } }),
    actor: person(actor),
    ...(address === null ? {} : { address }),
    ...(why === null ? {} : { why }),
    detail: Object.entries(detail).flatMap(([name, value]) =>
      value === null || (why !== null && TOLD.has(name)) ? [] : [{ name, value: inWords(value) }],
    ),
  }))
}

async function nameOf({ context, realm }: Visit, id: string): Promise<string | undefined> {
  if (id === '') return undefined
  return (await context.admin.user(realm.name, id))?.user.username
}

function inWords(value: unknown): string {
  return typeof value === 'string' ? value : JSON.stringify(value)
}
