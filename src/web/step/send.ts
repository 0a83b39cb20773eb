import { awaitsFirstCode, sendCode } from '../../core/login/sending.ts'
import type { Situation } from '../../core/login/transaction.ts'
import type { WebContext } from '../context.ts'
import type { SendError } from '../render/view.ts'
import { deliver } from './deliver.ts'

/** How an address tells its page that a message failed. */
export const FAILED_QUERY = '?send=failed'

/** A step as it stands once its first code was sent, and why that could not be. `query` tells a page that comes later. */
interface Begun {
  situation: Situation
  sendError?: SendError
  query: string
}

/** Sends the first code of a step that begins with one; for any other, and for one that has sent it, does nothing. */
export async function beginWithCode(
  context: WebContext,
  situation: Situation,
  address: string,
): Promise<Begun> {
  const kit = context.kit()
  if (!awaitsFirstCode(situation, kit)) return { situation, query: '' }
  const outcome = sendCode(situation, address, kit)
  if (outcome.result === 'limited') return { situation, ...limited(outcome.until, kit.now) }
  if (outcome.result !== 'accepted' || outcome.send === undefined) return { situation, query: '' }
  const { transaction } = outcome.change
  const written = await context.store.commit({ ...outcome.change, address })
  if (typeof written === 'object') return { situation, ...limited(written.limitedUntil, kit.now) }
  // Another request of this browser was faster: what it did shows when the page is opened again.
  if (written !== 'written' || transaction === undefined) return { situation, query: '' }
  const begun = { ...situation, transaction: { ...transaction.next, version: transaction.version + 1 } }
  if (await deliver(context, situation, outcome.send)) return { situation: begun, query: '' }
  return { situation: begun, sendError: { reason: 'failed' }, query: FAILED_QUERY }
}

function limited(until: number, now: number): { sendError: SendError; query: string } {
  const seconds = Math.ceil((until - now) / 1000)
  return { sendError: { reason: 'limited', seconds }, query: limitedQuery(until) }
}

/** How an address tells its page that a limit stands, and until when. */
export function limitedQuery(until: number): string {
  return `?send=limited&until=${until}`
}
