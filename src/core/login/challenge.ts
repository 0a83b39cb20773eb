import { lockedFor } from './lockout.ts'
import { beginSetUp } from './enrolment.ts'
import type { MethodId } from '../method.ts'
import { noticesOf } from '../notices/notices.ts'
import { verifiedCount } from './sending.ts'
import { triable } from './triable.ts'
import { trustDevice } from './trusted-device.ts'
import type { TrustWish } from './trusted-device.ts'
import { HELP_DESK, takesBypass } from './help-desk.ts'
import type { Change } from '../ports.ts'
import { entry, failure, finish, methodContext, moveTo, owner, proofBy } from './step.ts'
import { somethingToSign, success, verifiedBy } from './step.ts'
import type { Kit, Outcome } from './step.ts'
import type { Credential, Proof, Situation } from './transaction.ts'

/**
 * Takes the answer to a challenge. Pure: the change that it returns must be committed for it to be true, and where the
 * commit was lost to another request, this is asked again with what the database holds by then. A promise, since
 * signatures are checked by a library that gives promises: nothing else is waited for.
 *
 * @param trust the browser is to be trusted from now on
 */
export async function answerChallenge(
  situation: Situation,
  method: MethodId,
  answer: string,
  kit: Kit,
  trust?: TrustWish,
): Promise<Outcome> {
  const { stage } = situation.transaction
  if (stage.at !== 'challenge' || stage.method !== method) return { result: 'stale' }
  if (lockedFor(situation.attempts, kit.now) > 0) return { result: 'locked' }
  const found = await firstMatch(situation, method, answer, kit)
  if (found === 'missing') return { result: 'refused', error: 'missing' }
  if (found === 'wrong') {
    return { result: 'refused', error: 'wrong', change: failure(situation, 'challenge.failed', method, kit) }
  }
  if ('clone' in found) {
    return { result: 'refused', error: 'wrong', change: clonedChange(situation, found.clone, kit) }
  }
  return accept(situation, method, found, kit, trust)
}

interface Match {
  credential: Credential
  data: unknown
  amr?: string
}

async function firstMatch(
  situation: Situation,
  method: MethodId,
  answer: string,
  kit: Kit,
): Promise<'missing' | 'wrong' | { clone: Credential } | Match> {
  const { account, stage } = situation.transaction
  const keep = stage.at === 'challenge' ? stage.keep : undefined
  const known = kit.registry.get(method)
  if (known === undefined) return 'wrong'
  const context = methodContext(situation, kit, stage.at === 'challenge' ? stage : {})
  const errors = new Set<'missing' | 'wrong'>()
  for (const credential of triable(situation.credentials, method)) {
    // One after the other: the first that fits is the answer.
    const verdict = await known.finishChallenge(known.read(credential.data), keep, answer, account, context)
    if (verdict.ok) {
      const { credential: data, amr } = verdict
      return { credential, data, ...(amr === undefined ? {} : { amr }) }
    }
    if (verdict.error === 'cloned') return { clone: credential }
    errors.add(verdict.error)
  }
  // What could be the code of one of them was a try, whatever it is to the others: it counts.
  return errors.size === 1 && errors.has('missing') ? 'missing' : 'wrong'
}

/** A right signature with a counter that stands still: refused as any wrong answer, and told (WebAuthn 3, 6.1.1). */
function clonedChange(situation: Situation, { id, method }: Credential, kit: Kit): Change {
  const { audit = [], notices = [], ...change } = failure(situation, 'challenge.failed', method, kit)
  return {
    ...change,
    audit: [...audit, entry('method.cloned', situation.transaction, kit, { id, method })],
    notices: [...notices, ...noticesOf(situation, 'method-cloned', kit, method)],
  }
}

function accept(
  situation: Situation,
  method: MethodId,
  match: Match,
  kit: Kit,
  trust: TrustWish | undefined,
): Outcome {
  const { credential, data } = match
  const { transaction } = situation
  const { cleared, reported } = success(situation)
  const proof = proofBy(method, match, transaction, kit)
  const reporting = {
    ...transaction,
    failures: { ...transaction.failures, to: reported },
  }
  const verified = verifiedCount(method, kit)
  const next = after({ ...situation, transaction: reporting }, method, data, proof, kit)
  const companion = kit.registry.get(method)?.companion === true
  const trusted = trust === undefined || companion ? undefined : trustDevice(situation, trust, kit)
  return {
    result: 'accepted',
    ...(next.code === undefined ? {} : { code: next.code }),
    ...(trusted === undefined ? {} : { device: trusted.cookie }),
    change: {
      ...owner(transaction),
      ...cleared,
      transaction: next.transaction,
      credentials: [{ id: credential.id, data, version: credential.version, usedAt: kit.now }],
      ...(verified === undefined ? {} : { counts: verified }),
      ...verifiedBy(transaction, proof),
      ...trusted?.change,
      ...(companion
        ? { notices: noticesOf(situation, 'backup-code-used', kit, method), forgetAll: true as const }
        : {}),
      audit: [entry('challenge.succeeded', transaction, kit, { method }), ...(trusted?.change.audit ?? [])],
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
      transaction: moveTo(transaction, { ...stage, method, ...somethingToSign(method, kit) }),
    },
  }
}
