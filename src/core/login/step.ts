import type { MethodContext, MethodId, Registry, Send, Site } from '../method.ts'
import type { AuditEntry } from '../audit/audit.ts'
import { burstOf, noticesOf } from '../notices/notices.ts'
import type { Change } from '../ports.ts'
import type { LinkMail } from './link.ts'
import type { RealmSettings } from '../settings.ts'
import { afterFailure, afterSuccess } from './lockout.ts'
import type { Proof, Question, Situation, Stage, Transaction } from './transaction.ts'
import type { DeviceCookie } from './trusted-device.ts'

/** A code that was issued lives this long, milliseconds. */
const CODE_LIFETIME = 60_000

/** What the pure functions of a step are given besides the situation. */
export interface Kit {
  registry: Registry
  /** Methods that this server can't carry out with these settings. */
  unavailable: (settings: RealmSettings) => ReadonlySet<MethodId>
  site: Site
  /** Epoch milliseconds. */
  now: number
  random: (bytes: number) => Buffer
  mac: (text: string, keyId?: string) => { keyId: string; value: string }
  /** The ids of the keys that `mac` knows, the newest first. */
  keyIds: readonly string[]
  /** SHA-256, base64url. */
  hash: (text: string) => string
}

/**
 * What became of what a browser sent. `stale`: it answers a page that the step has left; show where the step stands.
 * `limited`: no code was sent, and none can be before `until`, epoch milliseconds. `send` goes out once the change is
 * written, and so does `link`; `otherwise` is written where a limit refuses that. `code` is the plain authorization code, where the step
 * ended: only its hash is in the change; `device` is the cookie of a browser that is trusted from now on.
 */
export type Outcome =
  | { result: 'stale'; change?: Change }
  | { result: 'locked' }
  | { result: 'refused'; error: 'missing' | 'wrong'; change?: Change }
  | { result: 'limited'; until: number; change?: Change }
  | {
      result: 'accepted'
      change: Change
      code?: string
      send?: Send
      link?: LinkMail
      otherwise?: Change
      device?: DeviceCookie
    }

/** A URL-safe random text of 256 bits. */
export function token(kit: Kit): string {
  return kit.random(32).toString('base64url')
}

/** The context that a method's functions take. `toSign`: see Stage. */
export function methodContext(
  { settings }: Pick<Situation, 'settings'>,
  { now, random, mac, keyIds, site }: Kit,
  { toSign }: { toSign?: string } = {},
): MethodContext {
  return { now, settings, random, mac, keyIds, site, ...(toSign === undefined ? {} : { toSign }) }
}

/** False for a key that was taken out of use: what it hashed can't be compared any more. */
export function isKnown(keyId: string, { keyIds }: Pick<Kit, 'keyIds'>): boolean {
  return keyIds.includes(keyId)
}

/** The part of a stage by this method that an authenticator signs; nothing where it does not sign. */
export function somethingToSign(method: MethodId, kit: Kit): { toSign?: string } {
  return kit.registry.get(method)?.signs === true ? { toSign: token(kit) } : {}
}

/** Whether a login may go on without a second factor: one of which the application asked nothing more (R27). */
export function isExemptable({
  purpose,
  level,
  fresh,
  own,
}: Pick<Question, 'purpose' | 'level' | 'own'> & { fresh?: boolean }): boolean {
  return purpose === 'login' && level <= 1 && fresh !== true && own === undefined
}

/** The transaction at another stage, as a change. */
export function moveTo(transaction: Transaction, stage: Stage): NonNullable<Change['transaction']> {
  return { next: { ...transaction, stage }, version: transaction.version }
}

/**
 * Ends the step: the transaction with a fresh code in place of any that was never redeemed, and the code. A step of our
 * own pages has no code: there is nobody to redeem it.
 */
export function finish(
  transaction: Transaction,
  proof: Proof,
  kit: Kit,
): { transaction: NonNullable<Change['transaction']>; code?: string } {
  const moved = moveTo(transaction, { at: 'done', proof })
  if (transaction.question.own !== undefined) {
    moved.next.redeemed = true
    return { transaction: moved }
  }
  return issueCode(transaction, moved.next.stage, kit)
}

/** The transaction at its last stage, with a fresh code in place of any that was never redeemed. */
export function issueCode(
  transaction: Transaction,
  stage: Stage,
  kit: Kit,
): { transaction: NonNullable<Change['transaction']>; code: string } {
  const code = token(kit)
  const moved = moveTo(transaction, stage)
  moved.next.code = { hash: kit.hash(code), expiresAt: kit.now + CODE_LIFETIME }
  return { transaction: moved, code }
}

/**
 * What a proof by this method adds to what the first factor proved (R21): its own RFC 8176 value, or that of this one
 * answer, and `mfa` only where the first factor is known.
 */
export function proofBy(
  method: MethodId,
  answer: { amr?: string },
  transaction: Transaction,
  kit: Kit,
): Proof & { exempt?: undefined } {
  const { level, ...known } = kit.registry.get(method) ?? { amr: undefined, level: 2 as const }
  const amr = answer.amr ?? known.amr
  const first = transaction.question.amr
  const values = [...first, ...(amr === undefined ? [] : [amr]), ...(first.length > 0 ? ['mfa'] : [])]
  return { amr: [...new Set(values)], level, at: kit.now }
}

/** The change of a wrong try: counted for the user (R7) and on the credentials it was tried against (R8). */
export function failure(
  situation: Situation,
  event: 'challenge.failed' | 'enrolment.failed',
  method: MethodId,
  kit: Kit,
): Change {
  const { transaction, attempts, settings, credentials } = situation
  const next = afterFailure(attempts, settings, kit.now)
  const tried = event === 'challenge.failed' ? credentials.filter((own) => own.method === method) : []
  const { stage } = transaction
  const signed = (stage.at === 'challenge' || stage.at === 'enrol') && stage.toSign !== undefined
  const audit = [entry(event, transaction, kit, { method, failures: next.failures })]
  if (next.lockedUntil > kit.now) {
    audit.push(entry('lockout.started', transaction, kit, { until: next.lockedUntil }))
  }
  const locks = next.lockedUntil > attempts.lockedUntil
  return {
    ...owner(transaction),
    attempts: { next, version: attempts.version },
    failed: tried.map(({ id }) => id),
    ...(signed ? { transaction: moveTo(transaction, { ...stage, toSign: token(kit) }) } : {}),
    notices: noticesOf(situation, locks ? 'locked' : 'attempt-failed', kit, method),
    audit,
  }
}

/**
 * What a proof in a step of our own pages writes down at once: the session gave a second factor. A login's proof counts
 * once Keycloak has taken it.
 */
export function verifiedBy({ question }: Transaction, proof: Proof): Pick<Change, 'verified'> {
  if (question.own === undefined || proof.exempt !== undefined) return {}
  return { verified: { sid: question.sid, level: proof.level, at: proof.at } }
}

/** The part of a change that clears the user's failures, and reports them with this answer. */
export function success({ attempts, transaction }: Situation): {
  cleared: Pick<Change, 'attempts' | 'takeBack'>
  reported: number
} {
  const { realm, userId } = owner(transaction)
  // Our own pages report nothing to Keycloak: what is still to be reported goes with the next login.
  const { reported } = transaction.question.own === undefined ? afterSuccess(attempts) : attempts
  return {
    cleared: {
      attempts: { next: { ...afterSuccess(attempts), reported }, version: attempts.version },
      // What was mistyped a moment ago was the user's own.
      ...(attempts.failures > 0 ? { takeBack: burstOf('attempt-failed', realm, userId) } : {}),
    },
    reported: attempts.total,
  }
}

export function owner(transaction: Transaction): { realm: string; userId: string } {
  return { realm: transaction.account.realm, userId: transaction.account.userId }
}

export function entry(
  event: AuditEntry['event'],
  transaction: Transaction,
  kit: Kit,
  detail: Record<string, unknown>,
): AuditEntry {
  return { event, ...owner(transaction), at: kit.now, detail: { ...detail, transaction: transaction.id } }
}
