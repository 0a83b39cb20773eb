import { sql } from 'kysely'
import { z } from 'zod'
import type { AuditEvent, AuditQuery, AuditStore, KeptEntry } from '../../core/audit/audit.ts'
import { AppError } from '../../core/errors.ts'
import { patiently } from '../../patience.ts'
import type { Database } from './database.ts'

const PAGE = 1_000

const COLUMNS = ['id', 'at', 'realm', 'user_id', 'actor', 'address', 'event', 'detail', 'seq'] as const

interface Row {
  id: string
  at: number
  realm: string
  user_id: string
  actor: string
  address: string | null
  event: string
  detail: string
  seq: number | null
}

/** The audit as it is read, on either database. */
export function createAuditStore({ db }: Pick<Database, 'db'>): AuditStore {
  function matching(realm: string, { userId, actor, event, from, to }: AuditQuery) {
    let query = db.selectFrom('audit').select(COLUMNS).where('realm', '=', realm)
    if (userId !== undefined) query = query.where('user_id', '=', userId)
    if (actor !== undefined) query = query.where('actor', '=', actor)
    if (event !== undefined) query = query.where('event', '=', event)
    if (from !== undefined) query = query.where('at', '>=', from)
    if (to !== undefined) query = query.where('at', '<', to)
    return query
  }

  return {
    async list(realm, query, { after, max }) {
      const [at, id] = after === undefined ? [undefined, ''] : placeOf(after)
      // The end of the times moves along: SQLite looks the index up by it alone.
      const rows = await matching(
        realm,
        at === undefined ? query : { ...query, to: Math.min(query.to ?? Infinity, at + 1) },
      )
        .$if(at !== undefined, (page) => page.where(sql<boolean>`(at, id) < (${at}, ${id})`))
        .orderBy('at', 'desc')
        .orderBy('id', 'desc')
        .limit(max + 1)
        .execute()
      const shown = rows.slice(0, max)
      const last = shown.at(-1)
      return {
        entries: shown.map(toEntry),
        next: rows.length > max && last !== undefined ? cursorOf(last) : undefined,
      }
    },

    async *everything(realm, query) {
      let last: Row | undefined
      do {
        let page = matching(realm, last === undefined ? query : { ...query, from: last.at })
        if (last !== undefined) page = page.where(sql<boolean>`(at, id) > (${last.at}, ${last.id})`)
        const next = page.orderBy('at').orderBy('id').limit(PAGE)
        // Whoever reads gets each page as it comes: together they may take as long as they take.
        const rows = await patiently(async () => await next.execute())
        if (rows.length > 0) yield rows.map(toEntry)
        last = rows.length === PAGE ? rows.at(-1) : undefined
      } while (last !== undefined)
    },
  }
}

function toEntry({ user_id: userId, address, event, detail, seq, ...row }: Row): KeptEntry {
  return {
    ...row,
    userId,
    event: event as AuditEvent,
    detail: detailOf(detail),
    seq: seq ?? undefined,
    ...(address === null ? {} : { address }),
  }
}

/** Whoever spoils an entry must not make the audit unreadable by that. */
function detailOf(text: string): Record<string, unknown> {
  try {
    return z.record(z.string(), z.unknown()).parse(JSON.parse(text))
  } catch {
    return { unreadable: text }
  }
}

const place = z.tuple([z.int(), z.string().regex(/^[\w-]{1,64}$/)])

function cursorOf({ at, id }: Row): string {
  return Buffer.from(JSON.stringify([at, id])).toString('base64url')
}

/** @throws AppError bad-request */
function placeOf(cursor: string): [at: number, id: string] {
  try {
    return place.parse(JSON.parse(Buffer.from(cursor, 'base64url').toString()))
  } catch {
    throw new AppError('bad-request', 'the cursor is not one of a page before')
  }
}
