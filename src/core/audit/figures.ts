/** What is counted of a realm, a day at a time, in UTC; `verified.totp` is of the method `totp`. */
export type FigureName =
  | `verified.${string}`
  | 'not-needed'
  | 'failed'
  | 'locked'
  | 'enrolments'
  | 'sms-sent'
  | 'sms-verified'
  /** Users who have a method that stands alone, when they were last counted on that day. */
  | 'enrolled'

/** How long figures are kept, days. */
export const FIGURE_DAYS = 400

/** A count of one day, `2027-01-31`. */
export interface Figure {
  day: string
  name: FigureName
  count: number
}

/** The figures of a realm as they are read. */
export interface FigureStore {
  /** From this day on, in any order; what is absent was never counted. */
  since(realm: string, day: string): Promise<Figure[]>
}

/**
 * What an entry of the audit counts as; nothing, one or several. A second factor that was given is counted by its
 * method, and a message by what it costs: once it is handed to the provider, whatever comes of it.
 */
export function figuresOf(event: string, detail: Record<string, unknown>): FigureName[] {
  switch (event) {
    case 'challenge.succeeded': {
      const method = nameOf(detail['method'])
      return [`verified.${method}`, ...(method === 'sms' ? ['sms-verified' as const] : [])]
    }
    case 'enrolment.succeeded':
      return ['enrolments', ...(detail['method'] === 'sms' ? ['sms-verified' as const] : [])]
    case 'challenge.failed':
    case 'enrolment.failed':
      return ['failed']
    case 'lockout.started':
      return ['locked']
    case 'decision.not-needed':
      return ['not-needed']
    case 'code.sent':
      return detail['channel'] === 'sms' ? ['sms-sent'] : []
    case 'notice.texted':
    case 'sms.tested':
      return ['sms-sent']
    default:
      return []
  }
}

/** The day of a moment, UTC, as figures name it; epoch milliseconds. */
export function dayOf(at: number): string {
  return new Date(at).toISOString().slice(0, 10)
}

/** An id of a method; what is none, as in an entry that was forged, is `other`. */
function nameOf(method: unknown): string {
  return typeof method === 'string' && /^[a-z][a-z-]{0,31}$/.test(method) ? method : 'other'
}
