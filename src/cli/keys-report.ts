import type { LostRows } from '../adapters/keycloak/doctor/check.ts'
import type { KeyedKind, KeyUse } from '../adapters/store/key-census.ts'
import type { Resealed } from '../adapters/store/reseal.ts'

/** What rows are, for a reader, and until when those need their key that can't be sealed or hashed anew. */
const KINDS: Record<KeyedKind, { are: string; until?: string }> = {
  credential: { are: 'methods of users' },
  transaction: { are: 'logins under way, an hour at most' },
  outbox: { are: 'messages that wait' },
  web_session: { are: 'sessions of our own pages' },
  realm_secret: { are: 'secrets of realms' },
  signing_key: { are: 'signing keys' },
  audit_chain: { are: 'ends of audits' },
  number: { are: 'numbers to find users by' },
  audit: {
    are: 'entries of audits',
    until: 'as long as the realm keeps them; without it, they are neither checked nor pruned',
  },
  hashed: {
    are: 'sets of backup codes',
    until: 'until they are used up or replaced; without it, these users have to set up new ones',
  },
  trusted_device: { are: 'trusted devices', until: 'until each is used again' },
  link: { are: 'links on their way', until: 'for hours' },
  bypass: { are: 'codes of the help desk', until: 'for hours' },
  directory_number: {
    are: 'numbers that Keycloak holds',
    until: 'until the next login of each; without it, a search does not find them',
  },
}

/** What was done, for a terminal. */
export function resealReport(done: readonly Resealed[], keyId: string): string {
  const lines = done.flatMap(({ table, resealed, unreadable }) => [
    ...(resealed === 0 ? [] : [`  ${resealed} ${KINDS[table].are}`]),
    ...(unreadable === 0 ? [] : [`  ✗  ${unreadable} ${KINDS[table].are}: no key opens them`]),
  ])
  return [
    `Sealed under "${keyId}":`,
    ...(lines.length === 0 ? ['  nothing: all of it was'] : lines),
    '',
    '',
  ].join('\n')
}

/** What each key is needed for, the newest first, those that are not configured last. */
export function usesReport(uses: readonly KeyUse[], keyIds: readonly string[]): string {
  const missing = [...new Set(uses.map(({ keyId }) => keyId))].filter((id) => !keyIds.includes(id))
  return [...keyIds, ...missing].map((id) => keyReport(id, uses, keyIds)).join('')
}

function keyReport(id: string, uses: readonly KeyUse[], [newest, ...older]: readonly string[]): string {
  const own = uses.filter(({ keyId }) => keyId === id)
  if (own.length === 0) {
    return id === newest
      ? `The key "${id}" is the first one, and nothing is sealed under it yet.\n`
      : `The key "${id}" is needed for nothing: it can be removed an hour after the last rotation.\n`
  }
  const title =
    id === newest
      ? 'is the first one'
      : older.includes(id)
        ? 'is still needed'
        : 'is not configured, and needed'
  const lines = own.map(
    ({ kind, rows, last }) => `  ${rows} ${KINDS[kind].are}${note(kind, last, id !== newest)}`,
  )
  const isRotatable = id !== newest && own.some(({ kind }) => KINDS[kind].until === undefined)
  return [
    `The key "${id}" ${title} for:`,
    ...lines,
    ...(isRotatable && older.includes(id) ? ['  "latchkey keys rotate" seals what can be sealed anew.'] : []),
    '',
  ].join('\n')
}

function note(kind: KeyedKind, last: number | undefined, isOld: boolean): string {
  const { until } = KINDS[kind]
  if (!isOld || until === undefined) return ''
  const date = last === undefined ? '' : new Date(last).toISOString().slice(0, 10)
  const end = date === '' ? '' : kind === 'audit' ? `, the newest of ${date}` : `, at most until ${date}`
  return `, ${until}${end}`
}

/** What only costs a question more, or a search, where its key is gone. */
const SPARED = new Set<KeyedKind>([
  'transaction',
  'outbox',
  'web_session',
  'trusted_device',
  'link',
  'bypass',
  'audit',
  'number',
  'directory_number',
])

/** The rows that need a key which is not configured. */
export function lostRows(uses: readonly KeyUse[], keyIds: readonly string[]): LostRows[] {
  return uses
    .filter(({ keyId }) => !keyIds.includes(keyId))
    .map(({ kind, keyId, rows }) => ({ keyId, rows, what: KINDS[kind].are, isNeeded: !SPARED.has(kind) }))
}
