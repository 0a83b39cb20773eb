import type { MethodContext, MethodId, Registry, Send } from '../method.ts'
import type { AuditEntry } from '../audit/audit.ts'
import { burstOf, noticesOf } from '../notices/notices.ts'
import type { Change } from '../ports.ts'
import { afterFailure, afterSuccess } from './lockout.ts'
import type { Proof, Situation, Stage, Transaction } from './transaction.ts'

/** A code that was issued lives this long, milliseconds. */
const CODE_LIFETIME = 60_000

/** What the pure functions of a step are given besides the situation. */
export interface Kit {
  registry: Registry
  /** Methods that this server can't carry out at the moment. */
  unavailable: ReadonlySet<MethodId>
  /** Epoch milliseconds. */
  now: number
  random: (bytes: number) => Buffer
  mac: (text: string, keyId?: string) => { keyId: string; value: string }
  /** SHA-256, base64url. */
  hash: (text: string) => string
}

/**
 * What became of what a browser sent. `stale`: it answers a page that the step has left; show where the step stands.
 * `limited`: no code was sent, and none can be before `until`, epoch milliseconds. `send` goes out once the change is
 * written; `otherwise` is written where a limit refuses that. `code` is the plain authorization code, where the step ended: only its hash is in the change.
 */
export type Outcome =
  | { result: 'stale'; change?: Change }
  | { result: 'locked' }
  | { result: 'refused'; error: 'missing' | 'wrong'; change?: Change }
  | { result: 'limited'; until: number; change?: Change }
  | { result: 'accepted'; change: Change; code?: string; send?: Send; otherwise?: Change }

/** A URL-safe random text of 256 bits. */
export function token(kit: Kit): string {
  return kit.random(32).toString('base64url')
}

/** The context that a method's functions take. */
export function methodContext(situation: Pick<Situation, 'settings'>, kit: Kit): MethodContext {
  return { now: kit.now, settings: situation.settings, random: kit.random, mac: kit.mac }
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
  const code = token(kit)
  moved.next.code = { hash: kit.hash(code), expiresAt: kit.now + CODE_LIFETIME }
  return { transaction: moved, code }
}

/**
 * What a proof by this method adds to what the first factor proved (R21): its own RFC 8176 value, and `mfa` only where
 * the first factor is known.
 */
export function proofBy(method: MethodId, transaction: Transaction, kit: Kit): Proof {
  const { amr, level } = kit.registry.get(method) ?? { amr: undefined, level: 2 as const }
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
  const audit = [entry(event, transaction, kit, { method, failures: next.failures })]
  if (next.lockedUntil > kit.now) {
    audit.push(entry('lockout.started', transaction, kit, { until: next.lockedUntil }))
  }
  const locks = next.lockedUntil > attempts.lockedUntil
  return {
    ...owner(transaction),
    attempts: { next, version: attempts.version },
    failed: tried.map(({ id }) => id),
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
