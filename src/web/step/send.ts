import type { Send } from '../../core/method.ts'
import { awaitsFirstCode, sendCode } from '../../core/sending.ts'
import type { Situation } from '../../core/transaction.ts'
import type { WebContext } from '../context.ts'
import { localeOf } from './frame.ts'

/** Sends the first code of a step that begins with one. @returns the query that tells the page where it could not */
export async function sendFirstCode(
  context: WebContext,
  situation: Situation,
  address: string,
): Promise<string> {
  const kit = context.kit()
  if (context.courier === undefined || !awaitsFirstCode(situation, kit)) return ''
  const outcome = sendCode(situation, address, kit)
  if (outcome.result === 'limited') return limitedQuery(outcome.until)
  if (outcome.result !== 'accepted' || outcome.send === undefined) return ''
  const written = await context.store.commit(outcome.change)
  if (typeof written === 'object') return limitedQuery(written.limitedUntil)
  // Lost: another request of this browser was faster, and sent it.
  return written === 'written' ? await carry(context, situation, outcome.send) : ''
}

/** Hands a message over, once its code is written. @returns the query that tells the page where it failed */
export async function carry(context: WebContext, situation: Situation, { to, code }: Send): Promise<string> {
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
    return '?send=failed'
  }
  await alarm(context, account.realm, settings.smsAlarm)
  return ''
}

/** The query that tells the page that a limit stands, and until when (epoch milliseconds). */
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
