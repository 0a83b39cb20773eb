import { lockedFor } from './lockout.ts'
import type { DestinationError, MethodId, Send, Step } from '../method.ts'
import type { Change, Count } from '../ports.ts'
import { entry, methodContext, moveTo, owner } from './step.ts'
import type { RealmSettings } from '../settings.ts'
import type { Kit, Outcome } from './step.ts'
import { triable } from './triable.ts'
import { networkOf } from './network.ts'
import { challengeInstead, overtaken } from './overtaken.ts'
import type { Situation, Stage, Transaction } from './transaction.ts'

const HOUR = 3_600_000
const DAY = 24 * HOUR

/** The stage with a new code on its way; undefined where the stage has nothing to send. */
function sentStage(situation: Situation, kit: Kit): { stage: Stage; send: Send } | undefined {
  const { transaction, credentials } = situation
  const { stage, account } = transaction
  if ((stage.at !== 'challenge' && stage.at !== 'enrol') || stage.method === undefined) return undefined
  const method = kit.registry.get(stage.method)
  const context = methodContext(situation, kit)
  let step: Step<unknown> | undefined
  if (stage.at === 'enrol') step = method?.sendEnrolment?.(stage.keep, account, context)
  else {
    const [credential] = triable(credentials, stage.method)
    if (credential !== undefined)
      step = method?.sendChallenge?.(method.read(credential.data), account, context)
  }
  if (step?.send === undefined) return undefined
  return { stage: { ...stage, keep: step.keep, sentAt: kit.now }, send: step.send }
}

/** Whether a code could go out now: the step's method sends, and may send to where it would. */
export function canSend(situation: Situation, kit: Kit): boolean {
  return sentStage(situation, kit) !== undefined
}

/** Whether this step sends codes and has sent none yet: the first one goes out by itself. */
export function awaitsFirstCode(situation: Situation, kit: Kit): boolean {
  const { stage } = situation.transaction
  if (stage.at !== 'challenge' && stage.at !== 'enrol') return false
  return stage.sentAt === undefined && sentStage(situation, kit) !== undefined
}

/**
 * Sends a code to where the step's method sends them: a new one that replaces the one before (R3), within every limit
 * (R10). At login the destination is the stored one; nothing in the request can name another.
 * @param address the browser's
 */
export function sendCode(situation: Situation, address: string, kit: Kit): Outcome {
  const { transaction, settings, attempts } = situation
  const { stage } = transaction
  if (stage.at === 'enrol' && overtaken(situation, stage.proven, kit.registry)) {
    return challengeInstead(situation, kit)
  }
  const next = sentStage(situation, kit)
  if (next === undefined) return { result: 'stale' }
  if (lockedFor(attempts, kit.now) > 0) return { result: 'locked' }
  const pausedUntil = pauseEnd(stage, settings.resendSeconds)
  if (pausedUntil > kit.now) return { result: 'limited', until: pausedUntil }
  return {
    result: 'accepted',
    send: next.send,
    change: {
      ...owner(transaction),
      transaction: moveTo(transaction, next.stage),
      counts: { at: kit.now, counts: counts(situation, next.send, address, kit) },
      audit: [entry('code.sent', transaction, kit, { channel: next.send.channel, purpose: stage.at })],
    },
  }
}

/** When the next code can be asked for, epoch milliseconds; 0 where none was sent. */
export function pauseEnd(stage: Stage, resendSeconds: number): number {
  if (!('sentAt' in stage) || stage.sentAt === undefined) return 0
  return stage.sentAt + resendSeconds * 1000
}

/** Takes the address that codes are to go to in a set-up, and sends the first one there. */
export function aim(
  situation: Situation,
  typed: { country: string; phone: string },
  address: string,
  kit: Kit,
): Outcome | { result: 'misaimed'; error: DestinationError; change: Change } {
  const { transaction } = situation
  const { stage } = transaction
  if (stage.at !== 'enrol' || stage.method === undefined) return { result: 'stale' }
  const method = kit.registry.get(stage.method)
  const aimed = method?.aimEnrolment?.(stage.keep, typed, methodContext(situation, kit))
  if (aimed === undefined) return { result: 'stale' }
  const moved: Transaction = { ...transaction, stage: { ...stage, keep: aimed.keep } }
  const change = { ...owner(transaction), transaction: moveTo(transaction, moved.stage) }
  if (!aimed.ok) return { result: 'misaimed', error: aimed.error, change }
  const outcome = sendCode({ ...situation, transaction: moved }, address, kit)
  // What was typed is kept, also where no code can go there yet.
  if (outcome.result === 'limited') return { ...outcome, change }
  return outcome.result === 'accepted' ? { ...outcome, otherwise: change } : outcome
}

/** The count of a verified code, by which an alarm sees sends that nobody answers. */
export function verifiedCount(method: MethodId, kit: Kit): { at: number; counts: Count[] } | undefined {
  if (kit.registry.get(method)?.sends !== 'sms') return undefined
  return {
    at: kit.now,
    counts: [{ scope: 'verified', key: '', window: HOUR, limit: Number.MAX_SAFE_INTEGER }],
  }
}

/** What a notice by text message counts as: what it costs is the same, whatever it says (R10). */
export function noticeCounts(
  { to, userId }: { to: string; userId: string },
  settings: RealmSettings,
  kit: Pick<Kit, 'now' | 'mac'>,
): NonNullable<Change['counts']> {
  return { at: kit.now, counts: countsOf(settings, { channel: 'sms', to, at: 'notice', userId }, kit) }
}

/** What an administrator's test counts as: it costs what any other message does (R10). */
export function testCounts(
  { to, userId, address }: { to: string; userId: string; address: string | undefined },
  settings: RealmSettings,
  kit: Pick<Kit, 'now' | 'mac'>,
): NonNullable<Change['counts']> {
  const from = address === undefined ? {} : { address }
  return { at: kit.now, counts: countsOf(settings, { channel: 'sms', to, at: 'test', userId, ...from }, kit) }
}

/** What a message counts as that a step sends to an address of the user (R10). @param address the browser's */
export function counts(
  { settings, transaction }: Situation,
  send: Pick<Send, 'channel' | 'to'>,
  address: string,
  kit: Kit,
): Count[] {
  // Numbers that are only typed must not use up what a login to a stored number needs.
  const { at } = transaction.stage
  return countsOf(settings, { ...send, at, userId: transaction.account.userId, address }, kit)
}

function countsOf(
  settings: RealmSettings,
  send: { channel: Send['channel']; to: string; at: string; userId: string; address?: string },
  kit: Pick<Kit, 'mac'>,
): Count[] {
  const { channel, to, at, userId, address } = send
  const hidden = (...parts: string[]) => kit.mac(JSON.stringify(['sent to', ...parts])).value
  // Mail costs nothing, and its addresses have no ranges that somebody could have bought.
  const paid = (count: Count): Count[] => (channel === 'sms' ? [count] : [])
  return [
    { scope: 'number', key: hidden(at, to), window: HOUR, limit: settings.smsPerNumber },
    ...paid({
      scope: 'prefix',
      key: hidden(at, to.slice(0, -3)),
      window: HOUR,
      limit: settings.smsPerPrefix,
    }),
    ...(address === undefined
      ? []
      : [
          {
            scope: 'address' as const,
            key: hidden(networkOf(address)),
            window: HOUR,
            limit: settings.smsPerAddress,
          },
        ]),
    { scope: 'user', key: userId, window: HOUR, limit: settings.smsPerUser },
    ...paid({ scope: 'hour', key: '', window: HOUR, limit: settings.smsPerHour }),
    ...paid({ scope: 'day', key: '', window: DAY, limit: settings.smsPerDay }),
  ]
}
