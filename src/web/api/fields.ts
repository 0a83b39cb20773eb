import { z } from 'zod'
import { realmSettings } from '../../core/settings.ts'

/** The most items that a page has. */
const MAX_PAGE = 100
/** The furthest that pages go. */
const MAX_FIRST = 10_000_000

/** An id of Keycloak's or of ours. */
export const id = z
  .string()
  .regex(/^[A-Za-z0-9._:@-]{1,64}$/, 'must be an id: 1 to 64 of A-Z a-z 0-9 . _ : @ -')

export const enforcement = realmSettings.shape.enforcement.unwrap()

/** A moment in an answer. */
export const moment = z.iso.datetime()

/** A moment in a request: epoch milliseconds once it is parsed. */
export const asked = z.iso
  .datetime({ offset: true, error: 'must be a date and time with its zone, such as 2026-01-31T08:00:00Z' })
  .transform((written) => Date.parse(written))

/** A number in an address: its digits alone, no sign, no spaces. */
export function wholeNumber(min: number, max: number, usual: number, description: string) {
  const message = `must be a whole number from ${min} to ${max}`
  return z
    .string()
    .regex(/^\d{1,9}$/, message)
    .transform(Number)
    .refine((n) => n >= min && n <= max, message)
    .optional()
    .transform((n) => n ?? usual)
    .meta({ type: 'integer', minimum: min, maximum: max, default: usual, description })
}

/** The part of a list that is asked for. */
export const paging = {
  first: wholeNumber(0, MAX_FIRST, 0, 'How many to leave out.'),
  max: wholeNumber(1, MAX_PAGE, 20, 'How many at most.'),
}

/** The same in a body. */
export const pagingInBody = {
  first: z.int().min(0).max(MAX_FIRST).default(0).meta({ description: 'How many to leave out.' }),
  max: z.int().min(1).max(MAX_PAGE).default(20).meta({ description: 'How many at most.' }),
}

/** The part of a list that is answered. */
export const page = {
  first: z.int().meta({ description: 'How many were left out.' }),
  max: z.int(),
  total: z.int().meta({ description: 'How many there are on all pages.' }),
}

/** Text that people write; that it has no NUL is checked of every part of a request. */
export function text(max: number, description: string) {
  return z.string().max(max).meta({ pattern: '^[^\\u0000]*$', description })
}

export const search = text(200, 'Part of a name, whatever its case.')

/** Epoch milliseconds as answers have them. */
export function iso(at: number): string {
  return new Date(at).toISOString()
}

export function isoOrNull(at: number | undefined): string | null {
  return at === undefined ? null : iso(at)
}

/** An object without the fields that are undefined: what is absent is absent. */
export function present<T extends object>(object: T): { [K in keyof T]: Exclude<T[K], undefined> } {
  const there = Object.entries(object).filter(([, value]) => value !== undefined)
  return Object.fromEntries(there) as { [K in keyof T]: Exclude<T[K], undefined> }
}
