const DAY = 24 * 60 * 60_000

/** Whether this is a time zone by its IANA name. */
export function isTimeZone(name: string): boolean {
  try {
    return new Intl.DateTimeFormat('en', { timeZone: name }).resolvedOptions().timeZone !== ''
  } catch {
    return false
  }
}

/** The date in a time zone at a moment, epoch milliseconds: `2026-12-03`. */
export function dateIn(timeZone: string, at: number): string {
  const [date = ''] = new Date(at + offsetOf(timeZone, at)).toISOString().split('T')
  return date
}

/**
 * When a date begins in a time zone, epoch milliseconds: at 00:00, or where a change of the clock leaves that out at the
 * first moment of the day.
 */
export function startOfDay(date: string, timeZone: string): number {
  const asUtc = Date.parse(`${date}T00:00:00Z`)
  // The two offsets around it: one of them holds at 00:00, and between them lies any change of the clock.
  const [before, after] = [asUtc - DAY, asUtc + DAY].map((at) => asUtc - offsetOf(timeZone, at))
  const found = [before, after]
    .filter((at) => at !== undefined)
    .filter((at) => dateIn(timeZone, at) === date)
    .toSorted((a, b) => a - b)
  return found[0] ?? asUtc
}

/** How far a time zone is ahead of UTC at a moment, milliseconds. */
function offsetOf(timeZone: string, at: number): number {
  const parts = new Intl.DateTimeFormat('en', {
    timeZone,
    hourCycle: 'h23',
    year: 'numeric',
    month: 'numeric',
    day: 'numeric',
    hour: 'numeric',
    minute: 'numeric',
    second: 'numeric',
  }).formatToParts(at)
  const of = (type: string) => Number(parts.find((part) => part.type === type)?.value)
  const local = Date.UTC(of('year'), of('month') - 1, of('day'), of('hour'), of('minute'), of('second'))
  return local - Math.floor(at / 1000) * 1000
}
