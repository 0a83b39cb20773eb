import type { AuditEvent, KeptEntry } from '../../core/audit/audit.ts'
import type { FieldChanges } from '../../core/administration/changes.ts'
import type { Call, Headers, Precondition } from './endpoint.ts'
import { Problem, faulty } from './problem.ts'

/** The entries that are looked through for what changed in the meantime. */
const LOOK_BACK = 1_000
const PAGE = 100

/** The versions that a caller knows of: these, whichever there is, or that there is none. */
export type Expected = { versions: readonly number[] } | 'any' | 'none'

/** A version as an entity tag (RFC 9110 8.8.3). */
export function etagOf(version: number): string {
  return `"${version}"`
}

/**
 * What `If-Match` or `If-None-Match` say.
 * @throws Problem precondition-required where neither does, bad-request where they can't be read
 */
export function expectedVersion(request: Headers, kind: Precondition): Expected {
  const [match, noneMatch] = [request.get('if-match'), request.get('if-none-match')]
  if (match !== undefined && noneMatch !== undefined) {
    throw faulty([{ path: 'header.If-None-Match', message: 'can not be sent together with If-Match' }])
  }
  if (match !== undefined) return match.trim() === '*' ? 'any' : { versions: versionsIn(match) }
  if (kind === 'save' && noneMatch !== undefined) {
    if (noneMatch.trim() === '*') return 'none'
    throw faulty([{ path: 'header.If-None-Match', message: 'must be *' }])
  }
  throw new Problem(
    'precondition-required',
    kind === 'save'
      ? 'send the ETag of what you read as If-Match to change it, or "If-None-Match: *" for something new'
      : 'send the ETag of what you read as If-Match',
  )
}

/** Weak tags, and those that were never ours, match nothing. */
function versionsIn(header: string): number[] {
  if (!/^ *(W\/)?"[^"]*" *(, *(W\/)?"[^"]*" *)*$/.test(header)) {
    throw faulty([{ path: 'header.If-Match', message: 'must be an ETag such as "3"' }])
  }
  return header.split(',').flatMap((tag) => {
    const version = /^ *"(\d{1,16})" *$/.exec(tag)?.[1]
    return version === undefined ? [] : [Number(version)]
  })
}

/** `version` undefined: there is nothing. */
export function meets(expected: Expected, version: number | undefined): boolean {
  if (expected === 'none') return version === undefined
  if (version === undefined) return false
  return expected === 'any' || expected.versions.includes(version)
}

/**
 * The refusal of a change that rests on an old version: what there is now, what was changed since and by whom, and
 * what of it the caller wanted to change, too.
 */
export async function stale(
  call: Call,
  expected: Expected,
  now: {
    version: number | undefined
    current: Record<string, unknown> | undefined
    events: AuditEvent[]
    isOf: (entry: KeptEntry) => boolean
    wanted: readonly string[]
  },
): Promise<Problem> {
  const known = typeof expected === 'object' ? expected.versions : []
  const changed = known.length === 0 ? [] : await changedFrom(call, Math.max(...known), now.events, now.isOf)
  const fields = changed.map(({ field }) => field)
  return new Problem(
    'precondition-failed',
    now.version === undefined
      ? 'there is none any more: read it again, and decide again'
      : 'it was changed since you read it: compare with "current" and "changed", and send the change again with the new ETag',
    {
      extra: {
        current: now.current ?? null,
        changed,
        conflicts: now.wanted.filter((field) => fields.includes(field)),
      },
      headers: now.version === undefined ? {} : { ETag: etagOf(now.version) },
    },
  )
}

/** What was changed after a version, and by whom: a line for each field. Reads only. */
export async function changedFrom(
  call: Pick<Call, 'context' | 'realm'>,
  version: number,
  events: readonly AuditEvent[],
  isOf: (entry: KeptEntry) => boolean,
) {
  return merge(await entriesSince(call, version, events, isOf))
}

/** Oldest first. */
async function entriesSince(
  { context, realm }: Pick<Call, 'context' | 'realm'>,
  version: number,
  events: readonly AuditEvent[],
  isOf: (entry: KeptEntry) => boolean,
): Promise<KeptEntry[]> {
  const found: KeptEntry[] = []
  for (const event of events) {
    let after: string | undefined
    for (let seen = 0; seen < LOOK_BACK; seen += PAGE) {
      const page = await context.audit.list(realm.name, { event }, { max: PAGE, ...(after && { after }) })
      const own = page.entries.filter(isOf)
      found.push(...own.filter((entry) => versionOf(entry) > version))
      if (page.next === undefined || own.some((entry) => versionOf(entry) <= version)) break
      after = page.next
    }
  }
  return found.toSorted((a, b) => versionOf(a) - versionOf(b))
}

function versionOf({ detail }: KeptEntry): number {
  return typeof detail['version'] === 'number' ? detail['version'] : 0
}

/** One line for each field: from what it was at first to what it is now, by whoever changed it last. */
function merge(entries: readonly KeptEntry[]) {
  const fields = new Map<string, { field: string; from: unknown; to: unknown; by: string; at: string }>()
  for (const { detail, actor, at } of entries) {
    for (const [field, { from, to }] of Object.entries((detail['changes'] ?? {}) as FieldChanges)) {
      const first = fields.get(field)
      fields.set(field, {
        field,
        from: first === undefined ? from : first.from,
        to,
        by: actor,
        at: new Date(at).toISOString(),
      })
    }
  }
  return [...fields.values()]
}
