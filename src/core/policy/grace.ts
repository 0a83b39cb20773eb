import { grace as graceShape } from '../settings.ts'
import type { Grace } from './policy.ts'
import { startOfDay } from './time-zone.ts'

const DAY = 24 * 60 * 60_000

/** What says Required, and the grace that it gives. `source` is the group's id, or empty for the realm's default. */
export interface GraceSource {
  source: string
  grace: Grace | undefined
}

/**
 * When Required acts, epoch milliseconds: the earliest of all that say Required, so that one without grace leaves none.
 * Days count from when the user first met their source, or from now; a date begins in `timeZone`. A grace that can't be read is none.
 */
export function graceEnd(
  sources: readonly GraceSource[],
  starts: ReadonlyMap<string, number>,
  now: number,
  timeZone: string,
): number {
  return Math.min(...sources.map(({ source, grace }) => endOf(grace, starts.get(source) ?? now, timeZone)))
}

function endOf(grace: Grace | undefined, start: number, timeZone: string): number {
  if (!graceShape.safeParse(grace).success || grace === undefined) return -Infinity
  return 'days' in grace ? start + grace.days * DAY : momentOf(grace.until, timeZone)
}

/** When a grace ends that names a date, or a moment; epoch milliseconds. */
export function momentOf(until: string, timeZone: string): number {
  return until.includes('T') ? Date.parse(until) : startOfDay(until, timeZone)
}

/** The sources of days that the user meets for the first time now, epoch milliseconds. */
export function firstMet(
  sources: readonly GraceSource[],
  starts: ReadonlyMap<string, number>,
  now: number,
): { source: string; at: number }[] {
  return sources
    .filter(({ source, grace }) => grace !== undefined && 'days' in grace && !starts.has(source))
    .map(({ source }) => ({ source, at: now }))
}
