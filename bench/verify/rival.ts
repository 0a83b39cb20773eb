import type { Ask } from './client.ts'

/** What is answered: with which code, and whether it is the right one. */
export const MIXES = [
  'totp right',
  'totp wrong',
  'sms right',
  'sms wrong',
  'backup right',
  'backup wrong',
] as const
export type Mix = (typeof MIXES)[number]

/** A server that takes codes, in processes of its own. */
export interface Rival {
  /** Host and port. */
  host: string
  /** The process that is the root of all of it. */
  pid: number
  /**
   * So many requests with codes that were used for nothing yet, to be sent within 20 seconds. No user is in two of
   * neighbours as far apart as `lanes`, so that none waits for another.
   */
  asks(mix: Mix, count: number, lanes: number): Promise<Ask[]>
  stop(): Promise<void>
}

/** The code of nobody, or where it happens to be somebody's, the next. */
export function otherThan(...codes: readonly string[]): string {
  let other = 424_242
  while (codes.includes(String(other))) other++
  return String(other)
}
