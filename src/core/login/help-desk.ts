import type { Registry } from '../method.ts'
import { noticesOf } from '../notices/notices.ts'
import { lockedFor } from './lockout.ts'
import { beginSetUp } from './enrolment.ts'
import { entry, failure, isExemptable, isKnown, moveTo, owner } from './step.ts'
import type { Kit, Outcome } from './step.ts'
import type { Proof, Situation } from './transaction.ts'
import { readWrittenCode } from './written-code.ts'

/** Stands where a method's id does. It is none: nobody has it, and no login ends by it. */
export const HELP_DESK = 'help-desk'

/** A one-time code that the help desk gave to a user who lost their factor (R29): its keyed hash alone. */
export interface Bypass {
  id: string
  keyId: string
  value: string
  /** Epoch milliseconds. */
  expiresAt: number
}

/** The keyed hash of a code, bound to its user; `keyId` absent: by the newest key. */
export function hashBypass(
  { realm, userId }: { realm: string; userId: string },
  code: string,
  { mac }: Pick<Kit, 'mac'>,
  keyId?: string,
): { keyId: string; value: string } {
  return mac(JSON.stringify(['bypass', realm, userId, code]), keyId)
}

/**
 * Whether a step takes a code of the help desk. It depends on the realm and on what was asked, and never on whether one
 * is outstanding: whoever has the password learns nothing of that (R11). A requested level, a fresh login and a change of methods take
 * none, and where nothing may be set up none could be of use.
 */
export function takesBypass(
  { transaction, settings }: Pick<Situation, 'transaction' | 'settings'>,
  registry: Registry,
): boolean {
  const { question, methods } = transaction
  return (
    isExemptable(question) &&
    settings.bypassSeconds > 0 &&
    methods.some((id) => registry.get(id)?.companion === false)
  )
}

/**
 * Takes a code of the help desk. A wrong one is a try like any other (R7); the right one is spent and leads to a set-up
 * that has to be finished: it proves no second factor, so the login ends without one (R29).
 */
export function answerBypass(situation: Situation, answer: string, kit: Kit): Outcome {
  const { transaction, attempts } = situation
  const { stage } = transaction
  if (stage.at !== 'help-desk' || !takesBypass(situation, kit.registry)) return { result: 'stale' }
  if (lockedFor(attempts, kit.now) > 0) return { result: 'locked' }
  const code = readWrittenCode(answer)
  if (code === undefined) return { result: 'refused', error: 'missing' }
  const given = situation.bypass
  const bypass = given !== undefined && isKnown(given.keyId, kit) ? given : undefined
  // Hashed also where there is none to compare it with: the time tells nothing.
  const { value } = hashBypass(transaction.account, code, kit, bypass?.keyId)
  if (bypass === undefined || bypass.expiresAt <= kit.now || bypass.value !== value) {
    return {
      result: 'refused',
      error: 'wrong',
      change: failure(situation, 'challenge.failed', HELP_DESK, kit),
    }
  }
  const proof: Proof = { amr: transaction.question.amr, level: 1, at: kit.now, exempt: 'help-desk' }
  return {
    result: 'accepted',
    change: {
      ...owner(transaction),
      // Failures are forgotten at the end only; the version moves, so that no try comes between.
      attempts: { next: attempts, version: attempts.version },
      spendBypass: bypass.id,
      forgetAll: true,
      transaction: moveTo(transaction, beginSetUp(situation, proof, kit)),
      notices: noticesOf(situation, 'bypass-used', kit),
      audit: [entry('bypass.used', transaction, kit, {})],
    },
  }
}
