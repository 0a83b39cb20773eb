import { lockedFor } from './lockout.ts'
import type { MethodId, Registry } from '../method.ts'
import type { Change } from '../ports.ts'
import { challengeInstead, hasOwn, overtaken } from './overtaken.ts'
import { noticesOf } from '../notices/notices.ts'
import { lookupOf } from '../number.ts'
import { verifiedCount } from './sending.ts'
import { entry, failure, finish, methodContext, moveTo, owner, proofBy } from './step.ts'
import { somethingToSign, success, verifiedBy } from './step.ts'
import type { Kit, Outcome } from './step.ts'
import type { Credential, PendingCredential, Proof, Situation, Stage, Transaction } from './transaction.ts'

const MAX_LABEL = 64

/**
 * The methods that the user can set up now: those allowed, and companions only beside another method. `proven`: see
 * Stage.
 */
export function enrollable(
  situation: { transaction: Pick<Transaction, 'methods'>; credentials: readonly Credential[] },
  registry: Registry,
  proven?: Proof,
): MethodId[] {
  const beside = hasOwn(staying(situation, proven), registry)
  return situation.transaction.methods.filter((id) => registry.get(id)?.companion === false || beside)
}

/** What the user keeps beside what is set up: nothing after a code of the help desk, which stands for what was lost. */
function staying<T>({ credentials }: { credentials: readonly T[] }, proven: Proof | undefined): readonly T[] {
  return isLost(proven) ? [] : credentials
}

function isLost(proven: Proof | undefined): proven is Proof & { exempt: 'help-desk' } {
  return proven?.exempt === 'help-desk'
}

/** The stage that a set-up begins with: a choice where there are several methods. `proven`: see Stage. */
export function beginSetUp(situation: Situation, proven: Proof | undefined, kit: Kit): Stage {
  const methods = enrollable(situation, kit.registry, proven)
  const only = methods.length === 1 ? methods[0] : undefined
  return only === undefined
    ? { at: 'enrol', method: undefined, keep: undefined, proven }
    : beginMethod(situation, only, proven, kit)
}

/** The stage that the set-up of this method begins with. `proven`: see Stage. */
export function beginMethod(
  situation: Situation,
  method: MethodId,
  proven: Proof | undefined,
  kit: Kit,
): Stage {
  const known = kit.registry.get(method)
  if (known === undefined) throw new Error(`no such method: ${method}`)
  const { keep } = known.beginEnrolment(situation.transaction.account, methodContext(situation, kit))
  if (!known.companion) return { at: 'enrol', method, keep, proven, ...somethingToSign(method, kit) }
  if (proven === undefined) throw new Error('a companion is set up beside a proven method only')
  return { at: 'save-codes', method, keep, pending: [], proven, proof: proven }
}

/** Chooses the method to set up, or goes back to the choice (`undefined`). Nothing was stored, nothing is lost. */
export function chooseEnrolment(situation: Situation, method: string, kit: Kit): Outcome {
  const { transaction } = situation
  const { stage } = transaction
  if (stage.at !== 'enrol') return { result: 'stale' }
  if (!enrollable(situation, kit.registry, stage.proven).includes(method))
    return { result: 'refused', error: 'missing' }
  const next =
    stage.method === method ? stage : keepPause(stage, beginMethod(situation, method, stage.proven, kit))
  return { result: 'accepted', change: { ...owner(transaction), transaction: moveTo(transaction, next) } }
}

/** Going to and fro between methods does not shorten the pause between two codes. */
function keepPause({ sentAt }: Stage & { at: 'enrol' }, next: Stage): Stage {
  return next.at === 'enrol' && sentAt !== undefined ? { ...next, sentAt } : next
}

/** Takes the code that proves a method that is being set up. Wrong ones count as at login (R6). As `answerChallenge`. */
export async function answerEnrolment(
  situation: Situation,
  method: MethodId,
  answer: { code: string; label: string },
  kit: Kit,
): Promise<Outcome> {
  const { transaction } = situation
  const { stage } = transaction
  if (stage.at !== 'enrol' || stage.method !== method) return { result: 'stale' }
  if (overtaken(situation, stage.proven, kit.registry)) return challengeInstead(situation, kit)
  if (lockedFor(situation.attempts, kit.now) > 0) return { result: 'locked' }
  const known = kit.registry.get(method)
  if (known === undefined) return { result: 'stale' }
  const context = methodContext(situation, kit, stage)
  const verdict = await known.finishEnrolment(stage.keep, answer.code, transaction.account, context)
  if (!verdict.ok) {
    if (verdict.error === 'missing') return { result: 'refused', error: 'missing' }
    return { result: 'refused', error: 'wrong', change: failure(situation, 'enrolment.failed', method, kit) }
  }
  const pending = [{ method, label: cleanLabel(answer.label), data: verdict.credential }]
  const proof: Proof = isLost(stage.proven)
    ? stage.proven
    : { ...proofBy(method, verdict, transaction, kit), setUp: true }
  const companion = missingCompanion(situation, stage.proven, kit.registry)
  const counts = verifiedCount(method, kit)
  if (companion === undefined) return store(situation, pending, proof, kit, counts)
  const { keep } = companion.beginEnrolment(transaction.account, context)
  const next: Stage = { at: 'save-codes', method: companion.id, keep, pending, proven: stage.proven, proof }
  return {
    result: 'accepted',
    change: {
      ...owner(transaction),
      transaction: moveTo(transaction, next),
      ...(counts === undefined ? {} : { counts }),
    },
  }
}

/** "I have saved my backup codes": ends the set-up; nothing is enabled before it (S18). */
export async function confirmSaved(situation: Situation, saved: boolean, kit: Kit): Promise<Outcome> {
  const { stage, account } = situation.transaction
  if (stage.at !== 'save-codes') return { result: 'stale' }
  if (overtaken(situation, stage.proven, kit.registry)) return challengeInstead(situation, kit)
  const known = kit.registry.get(stage.method)
  const verdict = await known?.finishEnrolment(
    stage.keep,
    saved ? 'on' : '',
    account,
    methodContext(situation, kit),
  )
  if (verdict?.ok !== true) return { result: 'refused', error: 'missing' }
  const codes = { method: stage.method, label: undefined, data: verdict.credential }
  return store(situation, [...stage.pending, codes], stage.proof, kit)
}

/**
 * Saves what was set up, in place of the old where a user has one of a kind, and ends the step. After a code of the help
 * desk it is in place of all the user had (R28): with that go their other steps, and what sessions gave.
 */
function store(
  situation: Situation,
  pending: PendingCredential[],
  proof: Proof,
  kit: Kit,
  counts?: Change['counts'],
): Outcome {
  const { transaction, credentials } = situation
  const { cleared, reported } = success(situation)
  const reporting = { ...transaction, failures: { ...transaction.failures, to: reported } }
  const ended = finish(reporting, proof, kit)
  const reset = isLost(proof)
  const replaced = credentials.filter(
    (own) =>
      kit.registry.get(own.method)?.single === true && pending.some(({ method }) => method === own.method),
  )
  const change: Change = {
    ...owner(transaction),
    ...cleared,
    transaction: ended.transaction,
    enrol: pending.map((made) => ({
      ...made,
      id: kit.random(16).toString('base64url'),
      at: kit.now,
      ...lookupOf(transaction.account.realm, made, kit),
    })),
    ...(reset
      ? { takeAway: { ids: credentials.map(({ id }) => id), step: transaction.id } }
      : { remove: replaced.map(({ id }) => id) }),
    ...(counts === undefined ? {} : { counts }),
    ...verifiedBy(transaction, proof),
    // Backup codes come along with what they are for: one message is enough.
    notices: pending.slice(0, 1).flatMap(({ method }) => noticesOf(situation, 'method-added', kit, method)),
    audit: [
      ...pending.map(({ method }) => entry('enrolment.succeeded', transaction, kit, { method })),
      ...(reset ? [entry('methods.replaced', transaction, kit, { methods: credentials.map(named) })] : []),
    ],
  }
  return { result: 'accepted', change, ...(ended.code === undefined ? {} : { code: ended.code }) }
}

function named({ id, method }: Credential): { id: string; method: MethodId } {
  return { id, method }
}

function missingCompanion(situation: Situation, proven: Proof | undefined, registry: Registry) {
  const { transaction } = situation
  const credentials = staying(situation, proven)
  return [...registry.values()].find(
    ({ id, companion }) =>
      companion && transaction.methods.includes(id) && !credentials.some(({ method }) => method === id),
  )
}

/** A name as it is kept: one line of at most 64 characters; undefined where nothing is left of it. */
export function cleanLabel(label: string): string | undefined {
  const line = label.replaceAll(/[\p{C}\p{Zl}\p{Zp}]/gu, '').trim()
  // The cut may go through the middle of a character.
  const clean = line.slice(0, MAX_LABEL).replace(/\p{Cs}$/u, '')
  return clean === '' ? undefined : clean
}
