import { beginSetUp } from './enrolment.ts'
import { lockedFor } from './lockout.ts'
import { challengeInstead, hasOwn } from './overtaken.ts'
import type { Change } from '../ports.ts'
import { counts, pauseEnd } from './sending.ts'
import { entry, isKnown, moveTo, owner, token } from './step.ts'
import type { Kit, Outcome } from './step.ts'
import type { Situation, Stage, Transaction } from './transaction.ts'

/** A link is good for this long, milliseconds (R19). */
export const LINK_LIFETIME = 24 * 60 * 60_000

/** What a link is for; one for another purpose is no link. */
type LinkPurpose = 'first-set-up'

/** A link that was sent to a user's address: good once, for one user and one purpose (R19). Times are epoch milliseconds. */
export interface SetUpLink {
  id: string
  realm: string
  userId: string
  purpose: LinkPurpose
  /** The keyed hash of its secret. */
  secret: { keyId: string; value: string }
  /** The step that waits for it. */
  transactionId: string
  expiresAt: number
  usedAt: number | undefined
}

/** A link to be sent; nothing but this mail has its `token`. */
export interface LinkMail {
  to: string
  token: string
}

/** Where a first set-up begins that needs the link: it waits, or says why none can be sent. */
export function linkStage({
  settings,
  transaction,
}: Pick<Situation, 'settings'> & { transaction: Pick<Transaction, 'account'> }): Stage {
  const { email, emailVerified } = transaction.account
  if (settings.mail === undefined) return { at: 'blocked', reason: 'no-mail-server' }
  // Whoever knows the password may be able to write another address there, and Keycloak calls it unverified then (R25).
  return email === undefined || emailVerified !== true
    ? { at: 'blocked', reason: 'no-address' }
    : { at: 'link' }
}

/** Whether this step waits for a link and has sent none yet: the first one goes out by itself. */
export function awaitsFirstLink({ transaction: { stage } }: Situation): boolean {
  return stage.at === 'link' && stage.sentAt === undefined
}

/**
 * Sends a link, in place of the one before, within every limit (R10).
 * @param address the browser's
 */
export function sendLink(situation: Situation, address: string, kit: Kit): Outcome {
  const { transaction, settings, attempts } = situation
  const { stage, account } = transaction
  const to = account.email
  if (stage.at !== 'link' || to === undefined) return { result: 'stale' }
  if (hasOwn(situation.credentials, kit.registry)) return challengeInstead(situation, kit)
  if (lockedFor(attempts, kit.now) > 0) return { result: 'locked' }
  const pausedUntil = pauseEnd(stage, settings.resendSeconds)
  if (pausedUntil > kit.now) return { result: 'limited', until: pausedUntil }
  const id = kit.random(16).toString('base64url')
  const secret = token(kit)
  const link: Omit<SetUpLink, 'secret'> = {
    id,
    ...owner(transaction),
    purpose: 'first-set-up',
    transactionId: transaction.id,
    expiresAt: kit.now + LINK_LIFETIME,
    usedAt: undefined,
  }
  return {
    result: 'accepted',
    link: { to, token: `${id}.${secret}` },
    change: {
      ...owner(transaction),
      transaction: moveTo(transaction, { at: 'link', sentAt: kit.now }),
      link: { ...link, secret: kit.mac(hidden(link, secret)) },
      counts: { at: kit.now, counts: counts(situation, { channel: 'email', to }, address, kit) },
      audit: [entry('link.sent', transaction, kit, {})],
    },
  }
}

/** The id of the link that a token belongs to; undefined where it is none. */
export function linkIdOf(text: string): string | undefined {
  return /^([\w-]{22})\.[\w-]{43}$/.exec(text)?.[1]
}

/** Whether the token is the one that was sent. */
export function isOpenedBy(link: SetUpLink, text: string, kit: Kit): boolean {
  if (!isKnown(link.secret.keyId, kit)) return false
  const secret = text.slice(link.id.length + 1)
  const { value } = kit.mac(hidden(link, secret), link.secret.keyId)
  // Of two hashes that differ, how far they are alike says nothing of what was hashed.
  return kit.hash(value) === kit.hash(link.secret.value)
}

/** Whether the link can still be used. */
export function isUsable({ usedAt, expiresAt }: SetUpLink, now: number): boolean {
  return usedAt === undefined && now < expiresAt
}

/**
 * Takes a link in the step that waits for it, or in one that the same user began in another browser by the password:
 * from here on it is a set-up like any other. A user who has a method by now is challenged instead (R30).
 */
export function takeLink(situation: Situation, link: SetUpLink | undefined, kit: Kit): Outcome {
  const { transaction, credentials, attempts } = situation
  const { realm, userId } = owner(transaction)
  if (transaction.stage.at !== 'link') return { result: 'stale' }
  if (hasOwn(credentials, kit.registry)) return challengeInstead(situation, kit)
  const isTheirs = link?.userId === userId && link.realm === realm
  if (link === undefined || !isTheirs || !isUsable(link, kit.now)) return { result: 'stale' }
  if (lockedFor(attempts, kit.now) > 0) return { result: 'locked' }
  const next = { ...transaction, linked: true as const }
  const change = {
    ...owner(transaction),
    transaction: moveTo(next, beginSetUp(situation, undefined, kit)),
    ...spent(link, transaction, kit),
  }
  return { result: 'accepted', change }
}

/** The part of a change that spends a link for a step. */
export function spent(
  link: SetUpLink,
  transaction: Transaction,
  kit: Kit,
): Pick<Change, 'useLink' | 'audit'> {
  return {
    useLink: { id: link.id, at: kit.now },
    audit: [entry('link.used', transaction, kit, {})],
  }
}

/** What is hashed: a secret that was copied to another user's, realm's or purpose's row opens nothing. */
function hidden({ id, realm, userId, purpose }: Omit<SetUpLink, 'secret'>, secret: string): string {
  return JSON.stringify(['link', purpose, realm, userId, id, secret])
}
