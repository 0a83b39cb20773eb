import type { Request } from 'express'
import { awaitsFirstLink, sendLink, takeLink } from '../../core/login/link.ts'
import { awaitsFirstCode, sendCode } from '../../core/login/sending.ts'
import type { Kit, Outcome } from '../../core/login/step.ts'
import type { Situation } from '../../core/login/transaction.ts'
import type { Change } from '../../core/ports.ts'
import type { WebContext } from '../context.ts'
import { heldLink } from '../link/held.ts'
import type { SendError } from '../render/view.ts'
import { deliver, deliverLink } from './deliver.ts'

/** How an address tells its page that a message failed. */
export const FAILED_QUERY = '?send=failed'

/** A step as it stands once its first message was sent, and why that could not be. `query` tells a page that comes later. */
interface Begun {
  situation: Situation
  sendError?: SendError
  query: string
}

/**
 * Sends the first message of a step that begins with one; for any other, and for one that has sent it, does nothing. A
 * step that waits for a link goes on first: with the one that this browser holds, or with what it led to elsewhere.
 */
export async function beginWithMessage(
  context: WebContext,
  before: Situation,
  request: Request,
): Promise<Begun> {
  const kit = context.kit()
  const address = request.ip ?? ''
  const situation = await withLink(context, before, request)
  const outcome = firstMessage(situation, address, kit)
  if (outcome === undefined) return { situation, query: '' }
  if (outcome.result === 'limited') return { situation, ...limited(outcome.until, kit.now) }
  if (outcome.result !== 'accepted') return { situation, query: '' }
  const { change, send, link } = outcome
  const written = await context.store.commit({ ...change, address })
  if (typeof written === 'object') return { situation, ...limited(written.limitedUntil, kit.now) }
  // Another request of this browser was faster: what it did shows when the page is opened again.
  if (written !== 'written') return { situation, query: '' }
  const begun = moved(situation, change)
  const isSent =
    send !== undefined
      ? await deliver(context, situation, send)
      : link === undefined || (await deliverLink(context, situation, link))
  if (isSent) return { situation: begun, query: '' }
  return { situation: begun, sendError: { reason: 'failed' }, query: FAILED_QUERY }
}

function firstMessage(situation: Situation, address: string, kit: Kit): Outcome | undefined {
  if (awaitsFirstLink(situation)) return sendLink(situation, address, kit)
  return awaitsFirstCode(situation, kit) ? sendCode(situation, address, kit) : undefined
}

/** The step once the link that it waits for was used, here or elsewhere; as it was where that is still to come. */
async function withLink(context: WebContext, situation: Situation, request: Request): Promise<Situation> {
  const { stage, account, redeemed } = situation.transaction
  const realm = context.realms.get(account.realm)?.realm
  if (stage.at !== 'link' || redeemed || realm === undefined) return situation
  const outcome = takeLink(situation, await heldLink(context, realm, request), context.kit())
  if (!('change' in outcome) || outcome.change === undefined) return situation
  const written = await context.store.commit({ ...outcome.change, address: request.ip ?? '' })
  return written === 'written' ? moved(situation, outcome.change) : situation
}

function moved(situation: Situation, { transaction }: Change): Situation {
  if (transaction === undefined) return situation
  return { ...situation, transaction: { ...transaction.next, version: transaction.version + 1 } }
}

function limited(until: number, now: number): { sendError: SendError; query: string } {
  const seconds = Math.ceil((until - now) / 1000)
  return { sendError: { reason: 'limited', seconds }, query: limitedQuery(until) }
}

/** How an address tells its page that a limit stands, and until when. */
export function limitedQuery(until: number): string {
  return `?send=limited&until=${until}`
}
