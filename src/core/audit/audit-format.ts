import { z } from 'zod'
import type { KeptEntry } from './audit.ts'
import { explain } from '../policy/explain.ts'
import type { Because } from '../policy/policy.ts'
import { escapedInJson } from '../one-line.ts'

/** The columns of an export, in order. */
const COLUMNS = ['seq', 'at', 'event', 'realm', 'user', 'actor', 'address', 'why', 'detail'] as const

/**
 * A spreadsheet takes a text that begins like a formula for one, and would run what a user chose as a name. Where it parts
 * cells by something else than commas, as in many countries, that begins a text as well.
 */
const FORMULA = /^(?=[=+\-@\t\r\n＝＋－＠])|(?<=[;\t\r\n])(?=[=+\-@＝＋－＠])/g
/** The same in JSON, which can say such a sign otherwise, so that it stays what it is. */
const FORMULA_IN_JSON = /(?<=;)[=+\-@＝＋－＠]/g

/** How an export is written: its media type, what comes first, and each entry with the end of its line. */
export interface AuditFormat {
  type: string
  header: string
  line(entry: KeptEntry): string
}

/** CSV as RFC 4180 has it, safe to open in a spreadsheet; or one JSON object a line. */
export const AUDIT_FORMATS = {
  csv: {
    type: 'text/csv; charset=utf-8; header=present',
    header: csvLine(COLUMNS),
    line(entry) {
      const { detail, ...exported } = exportedEntry(entry)
      const json = JSON.stringify(detail).replaceAll(FORMULA_IN_JSON, escapedInJson)
      const fields = { ...exported, detail: json }
      return csvLine(COLUMNS.map((name) => fields[name]))
    },
  },
  jsonl: {
    type: 'application/jsonl; charset=utf-8',
    header: '',
    line: (entry) => `${JSON.stringify(exportedEntry(entry))}\n`,
  },
} as const satisfies Record<string, AuditFormat>

/** An entry with the names that exports and the API give to its parts: `at` ISO 8601, null for what there is not. */
export function exportedEntry({ seq, at, event, realm, userId, actor, address, detail }: KeptEntry) {
  return {
    seq: seq ?? null,
    at: isoTime(at),
    event,
    realm,
    user: userId,
    actor,
    address: address ?? null,
    why: whyOf(detail) ?? null,
    detail,
  }
}

const enforcement = z.enum(['required', 'optional', 'disabled'])
const moment = z.int().min(0).max(8_640_000_000_000_000).exactOptional()
const byDefault = z.discriminatedUnion('rule', [
  z.object({
    rule: z.literal('group'),
    groupId: z.string(),
    path: z.string(),
    grace: moment,
    trusted: moment,
  }),
  z.object({ rule: z.literal('realm'), grace: moment, trusted: moment }),
])
const because: z.ZodType<Because> = z.union([
  byDefault,
  z.object({ rule: z.literal('role'), role: z.string() }),
  z.object({
    rule: z.literal('override'),
    instead: z.object({ enforcement, because: byDefault }),
    trusted: moment,
  }),
  z.object({ rule: z.literal('level'), level: z.number() }),
  z.object({ rule: z.literal('purpose'), purpose: z.enum(['manage', 'enrol']) }),
])
const decided = z.object({ enforcement, because })

/** The sentence that says why; undefined where the entry tells of no decision, or one that is not known any more. */
function whyOf(detail: Record<string, unknown>): string | undefined {
  const { success, data } = decided.safeParse(detail)
  return success ? explain(data.enforcement, data.because) : undefined
}

/** What stands there as it is where it is no time: an entry may have been tampered with. */
function isoTime(at: number): string {
  const time = new Date(at)
  return Number.isNaN(time.getTime()) ? String(at) : time.toISOString()
}

function csvLine(fields: readonly (string | number | null)[]): string {
  return `${fields.map(csvField).join(',')}\r\n`
}

function csvField(value: string | number | null): string {
  if (typeof value === 'number') return String(value)
  const text = value ?? ''
  const safe = text.replaceAll(FORMULA, "'")
  return /[",\r\n]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe
}
