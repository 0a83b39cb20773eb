import { dateIn } from '../policy/time-zone.ts'
import type { RealmSettings } from '../settings.ts'
import { beginSetUp } from './enrolment.ts'
import { linkStage } from './link.ts'
import { challengeInstead, hasOwn } from './overtaken.ts'
import { finish, moveTo, owner } from './step.ts'
import type { Kit, Outcome } from './step.ts'
import type { Proof, Situation, Stage } from './transaction.ts'

/**
 * Whether a login in grace shows the countdown: once a day by the realm's clock. Who has put it off today is not asked
 * again before tomorrow, and who only closed the page is.
 * @param putOffAt when the user last put the set-up off, epoch milliseconds
 */
export function isCountdownDue(
  putOffAt: number | undefined,
  { timeZone }: Pick<RealmSettings, 'timeZone'>,
  now: number,
): boolean {
  return putOffAt === undefined || dateIn(timeZone, putOffAt) !== dateIn(timeZone, now)
}

/** "Set up now": an ordinary first set-up, which can be left for the countdown while the grace lasts. */
export function setUpNow(situation: Situation, kit: Kit): Outcome {
  const { transaction } = situation
  if (transaction.stage.at !== 'countdown') return { result: 'stale' }
  if (hasOwn(situation.credentials, kit.registry)) return challengeInstead(situation, kit)
  return moved(situation, begin(situation, kit))
}

/**
 * "Not now": the login goes on by its first factor alone (R27). Once the grace is over there is no such way: the set-up
 * begins; nor is there for who has got a method in the meantime.
 */
export function putOff(situation: Situation, kit: Kit): Outcome {
  const { transaction } = situation
  const { stage, grace, question } = transaction
  if (stage.at !== 'countdown' || grace === undefined) return { result: 'stale' }
  if (hasOwn(situation.credentials, kit.registry)) return challengeInstead(situation, kit)
  if (grace <= kit.now) return moved(situation, begin(situation, kit))
  const proof: Proof = { amr: question.amr, level: 1, at: kit.now, exempt: 'grace' }
  const ended = finish(transaction, proof, kit)
  return {
    result: 'accepted',
    ...(ended.code === undefined ? {} : { code: ended.code }),
    change: { ...owner(transaction), transaction: ended.transaction, putOff: kit.now },
  }
}

/** Leaves a set-up that can still be put off, for the countdown; undefined where it can't be. */
export function backToCountdown(situation: Situation, kit: Kit): Outcome | undefined {
  const { stage } = situation.transaction
  // Going to and fro does not shorten the pause between two links.
  const paused = stage.at === 'link' && stage.sentAt !== undefined ? { sentAt: stage.sentAt } : {}
  return mayPutOff(situation, kit.now) ? moved(situation, { at: 'countdown', ...paused }) : undefined
}

/** Whether the set-up that a login is in can be put off. */
export function mayPutOff({ transaction }: Pick<Situation, 'transaction'>, now: number): boolean {
  const { stage, grace } = transaction
  const isFirst =
    stage.at === 'link' || ((stage.at === 'enrol' || stage.at === 'save-codes') && stage.proven === undefined)
  return isFirst && grace !== undefined && grace > now
}

/** Where the set-up begins: with the link, where the realm wants one (R26). */
function begin(situation: Situation, kit: Kit): Stage {
  const { stage, byLink, linked } = situation.transaction
  if (byLink !== true || linked === true) return beginSetUp(situation, undefined, kit)
  const next = linkStage(situation)
  return next.at === 'link' && stage.at === 'countdown' && stage.sentAt !== undefined
    ? { at: 'link', sentAt: stage.sentAt }
    : next
}

function moved(situation: Situation, stage: Stage): Outcome {
  const { transaction } = situation
  return { result: 'accepted', change: { ...owner(transaction), transaction: moveTo(transaction, stage) } }
}
