/** A login counts as young this long, milliseconds. */
export const YOUNG_LOGIN = 5 * 60_000

/** What a session still has to give before it may go on. */
export type Missing = 'nothing' | 'second-factor' | 'password'

/**
 * Whether a session of our own pages proved enough lately (R17): its second factor; for a user who has no method the
 * password, since there is nothing else to ask for. Pure; all are epoch milliseconds, `within` is milliseconds.
 */
export function missingOf(facts: {
  hasMethods: boolean
  /** When this session gave a second factor. */
  verifiedAt: number | undefined
  /** When the user last gave the password. */
  authTime: number
  within: number
  now: number
}): Missing {
  const { hasMethods, verifiedAt, authTime, within, now } = facts
  if (verifiedAt !== undefined && now - verifiedAt <= within) return 'nothing'
  if (hasMethods) return 'second-factor'
  return now - authTime <= YOUNG_LOGIN ? 'nothing' : 'password'
}
