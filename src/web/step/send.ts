import type { Send } from '../../core/method.ts'
import { awaitsFirstCode, sendCode } from '../../core/sending.ts'
import type { Situation } from '../../core/transaction.ts'
import type { WebContext } from '../context.ts'
import type { SendError } from '../render/view.ts'
import { localeOf } from './frame.ts'

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
  const written = await context.store.commit(outcome.change)
  if (typeof written === 'object') return { situation, ...limited(written.limitedUntil, kit.now) }
  // Another request of this browser was faster: what it did shows when the page is opened again.
  if (written !== 'written' || transaction === undefined) return { situation, query: '' }
  const begun = { ...situation, transaction: { ...transaction.next, version: transaction.version + 1 } }
  if (await deliver(context, situation, outcome.send)) return { situation: begun, query: '' }
  return { situation: begun, sendError: { reason: 'failed' }, query: FAILED_QUERY }
}

/** Hands a message over, once its code is written. @returns whether it is on its way */
export async function deliver(
  context: WebContext,
  situation: Situation,
  { to, code }: Send,
): Promise<boolean> {
  const { transaction, settings } = situation
  const { account, question } = transaction
  const locale = localeOf(context, question.locale)
  const text = context.renderer.text(locale, 'sms.text', [code, question.realmDisplayName])
  // The last line lets browsers and phones fill the code in on this site and no other (origin-bound codes).
  const bound = `@${new URL(context.origin).hostname} #${code}`
  const result = (await context.courier?.send({ to, text: `${text}\n\n${bound}` })) ?? 'failed'
  context.metrics.textMessages.inc({ realm: account.realm, result })
  if (result !== 'sent') {
    context.log.warn(
      { realm: account.realm, transaction: transaction.id, result },
      'a text message was not sent',
    )
  }
  alarm(context, account.realm, settings.smsAlarm).catch((error: unknown) => {
    context.log.error({ err: error }, 'the figures of text messages could not be read')
  })
  return result === 'sent'
}

function limited(until: number, now: number): { sendError: SendError; query: string } {
  const seconds = Math.ceil((until - now) / 1000)
  return { sendError: { reason: 'limited', seconds }, query: limitedQuery(until) }
}

/** How an address tells its page that a limit stands, and until when. */
export function limitedQuery(until: number): string {
  return `?send=limited&until=${until}`
}

/** Sends that nobody verifies are somebody else's traffic: bought numbers, or a flood. */
async function alarm(context: WebContext, realm: string, threshold: number): Promise<void> {
  const { now } = context.kit()
  const { sent, verified } = await context.store.sendFigures(realm, now)
  if (sent < threshold || verified * 2 >= sent) return
  context.metrics.textMessageAlarms.inc({ realm })
  context.log.error({ realm, sent, verified }, 'text messages outrun verifications')
}
