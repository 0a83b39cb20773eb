import { lockedFor } from './lockout.ts'
import { beginSetUp } from './enrolment.ts'
import type { MethodId } from '../method.ts'
import { noticesOf } from '../notices/notices.ts'
import { verifiedCount } from './sending.ts'
import { triable } from './triable.ts'
import { HELP_DESK, takesBypass } from './help-desk.ts'
import type { Change } from '../ports.ts'
import { entry, failure, finish, methodContext, moveTo, owner, proofBy, success, verifiedBy } from './step.ts'
import type { Kit, Outcome } from './step.ts'
import type { Credential, Proof, Situation } from './transaction.ts'

/**
 * Takes the answer to a challenge. Pure: the change that it returns must be committed for it to be true, and where the
 * commit was lost to another request, this is asked again with what the database holds by then.
 */
export function answerChallenge(situation: Situation, method: MethodId, answer: string, kit: Kit): Outcome {
  const { stage } = situation.transaction
  if (stage.at !== 'challenge' || stage.method !== method) return { result: 'stale' }
  if (lockedFor(situation.attempts, kit.now) > 0) return { result: 'locked' }
  const found = firstMatch(situation, method, answer, kit)
  if (found === 'missing') return { result: 'refused', error: 'missing' }
  if (found === 'wrong') {
    return { result: 'refused', error: 'wrong', change: failure(situation, 'challenge.failed', method, kit) }
  }
  return accept(situation, method, found, kit)
}

function firstMatch(
  situation: Situation,
  method: MethodId,
  answer: string,
  kit: Kit,
): 'missing' | 'wrong' | { credential: Credential; data: unknown } {
  const { account, stage } = situation.transaction
  const keep = stage.at === 'challenge' ? stage.keep : undefined
  const known = kit.registry.get(method)
  if (known === undefined) return 'wrong'
  const context = methodContext(situation, kit)
  let worst: 'missing' | 'wrong' = 'wrong'
  for (const credential of triable(situation.credentials, method)) {
    const verdict = known.finishChallenge(known.read(credential.data), keep, answer, account, context)
    if (verdict.ok) return { credential, data: verdict.credential }
    worst = verdict.error
  }
  return worst
}

function accept(
  situation: Situation,
  method: MethodId,
  { credential, data }: { credential: Credential; data: unknown },
  kit: Kit,
): Outcome {
  const { transaction } = situation
  const { cleared, reported } = success(situation)
  const proof = proofBy(method, transaction, kit)
  const reporting = {
    ...transaction,
    failures: { ...transaction.failures, to: reported },
  }
  const verified = verifiedCount(method, kit)
  const next = after({ ...situation, transaction: reporting }, method, data, proof, kit)
  return {
    result: 'accepted',
    ...(next.code === undefined ? {} : { code: next.code }),
    change: {
      ...owner(transaction),
      ...cleared,
      transaction: next.transaction,
      credentials: [{ id: credential.id, data, version: credential.version, usedAt: kit.now }],
      ...(verified === undefined ? {} : { counts: verified }),
      ...verifiedBy(transaction, proof),
      ...(kit.registry.get(method)?.companion === true
        ? { notices: noticesOf(situation, 'backup-code-used', kit, method) }
        : {}),
      audit: [entry('challenge.succeeded', transaction, kit, { method })],
    },
  }
}

interface Next {
  transaction: NonNullable<Change['transaction']>
  code?: string
}

/** Where a right answer leads: a warning where few backup codes are left, a set-up, or the end. */
function after(situation: Situation, method: MethodId, data: unknown, proof: Proof, kit: Kit): Next {
  const { transaction, settings } = situation
  const { stage } = transaction
  if (stage.at !== 'challenge') throw new Error('a challenge was answered at another stage')
  const known = kit.registry.get(method)
  const shown = known?.showChallenge(known.read(data))
  if (shown?.kind === 'backup-codes' && (shown.left ?? 0) <= settings.backupCodesLow) {
    return {
      transaction: moveTo(transaction, { at: 'codes-low', left: shown.left ?? 0, then: stage.then, proof }),
    }
  }
  return goOn(situation, stage.then, proof, kit)
}

/** Goes on after a proof. */
function goOn(situation: Situation, then: 'done' | 'enrol', proof: Proof, kit: Kit): Next {
  const { transaction } = situation
  if (then === 'done') return finish(transaction, proof, kit)
  return { transaction: moveTo(transaction, beginSetUp(situation, proof, kit)) }
}

/** Leaves the page that warns of few backup codes. */
export function acknowledgeLow(situation: Situation, kit: Kit): Outcome {
  const { transaction } = situation
  const { stage } = transaction
  if (stage.at !== 'codes-low') return { result: 'stale' }
  const next = goOn(situation, stage.then, stage.proof, kit)
  return {
    result: 'accepted',
    ...(next.code === undefined ? {} : { code: next.code }),
    change: { ...owner(transaction), transaction: next.transaction },
  }
}

/** "Try another way": another of the methods that this challenge takes, or a code of the help desk. */
export function chooseChallenge(situation: Situation, method: string, kit: Kit): Outcome {
  const { transaction, credentials } = situation
  const stage = transaction.stage.at === 'help-desk' ? transaction.stage.instead : transaction.stage
  if (stage.at !== 'challenge') return { result: 'stale' }
  if (method === HELP_DESK && takesBypass(situation, kit.registry)) {
    const asked = moveTo(transaction, { at: 'help-desk', instead: stage })
    return { result: 'accepted', change: { ...owner(transaction), transaction: asked } }
  }
  const offered = transaction.proofs.includes(method) && triable(credentials, method).length > 0
  if (!offered || !kit.registry.has(method)) return { result: 'refused', error: 'missing' }
  return {
    result: 'accepted',
    change: {
      ...owner(transaction),
      // What was sent stays sent: going to and fro neither sends anew nor shortens the pause.
      transaction: moveTo(transaction, { ...stage, method }),
    },
  }
}
