import type { Send } from '../../core/method.ts'
import { fillSmsText } from '../../core/login/sms-text.ts'
import type { Situation } from '../../core/login/transaction.ts'
import { oneLine } from '../../core/one-line.ts'
import { LINK_LIFETIME } from '../../core/login/link.ts'
import type { LinkMail } from '../../core/login/link.ts'
import type { Mail } from '../../core/notices/mail.ts'
import type { RealmSettings } from '../../core/settings.ts'
import type { WebContext } from '../context.ts'
import { LINK } from '../link/paths.ts'
import { localeOf } from './frame.ts'

/** A mail server may think for longer than a page can wait, milliseconds; it goes on without the page. */
const MAIL_PATIENCE = 2_500

/** Hands a message over, once its code is written. @returns whether it is on its way */
export async function deliver(context: WebContext, situation: Situation, send: Send): Promise<boolean> {
  const { realm } = situation.transaction.account
  const result =
    send.channel === 'sms' ? await text(context, situation, send) : await mailCode(context, situation, send)
  if (result !== 'sent') {
    const { id } = situation.transaction
    context.log.warn({ realm, transaction: id, channel: send.channel, result }, 'a code was not sent')
  }
  return result === 'sent'
}

type Result = 'sent' | 'refused' | 'failed'

async function text(context: WebContext, situation: Situation, send: Send): Promise<Result> {
  const { realm } = situation.transaction.account
  // The last line lets browsers and phones fill the code in on this site and no other (origin-bound codes).
  const bound = `@${new URL(context.origin).hostname} #${send.code}`
  const message = { to: send.to, text: `${textOf(context, situation, send)}\n\n${bound}` }
  const handed = await context.sendText(realm, situation.settings, message)
  const { result } = handed
  context.metrics.textMessages.inc({ realm, result })
  if (handed.result !== 'sent') context.log.warn({ realm, why: handed.why }, 'text message failed')
  alarm(context, realm, situation.settings.smsAlarm).catch((error: unknown) => {
    context.log.error({ err: error }, 'the figures of text messages could not be read')
  })
  return result
}

/** The realm's own words in the user's language, or in the one that the page shows; else the theme's. */
function textOf(context: WebContext, situation: Situation, send: Send): string {
  const { settings, transaction } = situation
  const { question } = transaction
  const locale = localeOf(context, question.locale)
  // A name with a line break in it could end in a line that binds the code to another site.
  const realm = oneLine(question.realmDisplayName)
  const words = { code: send.code, realm, minutes: minutesOf(context, situation, send) }
  return (
    fillSmsText(settings.smsTexts, [question.locale, locale], words) ??
    context.renderer.text(locale, 'sms.text', [send.code, realm])
  )
}

async function mailCode(context: WebContext, situation: Situation, send: Send): Promise<Result> {
  const { settings, transaction } = situation
  const { account, question } = transaction
  const written = context.mail.writer.code({
    to: send.to,
    locale: question.locale,
    realmDisplayName: question.realmDisplayName,
    username: account.username,
    code: send.code,
    minutes: minutesOf(context, situation, send),
  })
  return await post(context, account.realm, settings, written)
}

/** Hands the mail with a link over, once its hash is written. @returns whether it is on its way */
export async function deliverLink(
  context: WebContext,
  { settings, transaction }: Situation,
  { to, token }: LinkMail,
): Promise<boolean> {
  const { account, question } = transaction
  const issuer = context.realms.get(account.realm)?.realm.issuer ?? ''
  const written = context.mail.writer.link({
    to,
    locale: question.locale,
    realmDisplayName: question.realmDisplayName,
    username: account.username,
    url: `${issuer}${LINK}?${new URLSearchParams({ token }).toString()}`,
    hours: LINK_LIFETIME / 3_600_000,
  })
  return (await post(context, account.realm, settings, written)) === 'sent'
}

async function post(
  context: WebContext,
  realm: string,
  settings: RealmSettings,
  mail: Mail,
): Promise<Result> {
  const sending = context.mail.send(realm, settings, mail).then((mailed) => {
    context.metrics.mails.inc({ realm, result: mailed.result })
    if (mailed.result !== 'sent') context.log.warn({ realm, why: mailed.why }, 'mail failed')
    return mailed.result
  })
  return await Promise.race([sending, onItsWay()])
}

async function onItsWay(): Promise<'sent'> {
  return await new Promise((resolve) => {
    setTimeout(() => resolve('sent'), MAIL_PATIENCE).unref()
  })
}

/** How long the code is good, whole minutes, one at least. */
function minutesOf(context: WebContext, { transaction }: Situation, { expiresAt }: Send): number {
  const end = Math.min(expiresAt, transaction.expiresAt)
  return Math.max(1, Math.floor((end - context.kit().now) / 60_000))
}

/** Sends that nobody verifies are somebody else's traffic: bought numbers, or a flood. */
async function alarm(context: WebContext, realm: string, threshold: number): Promise<void> {
  const { now } = context.kit()
  const { sent, verified } = await context.store.sendFigures(realm, now)
  if (sent < threshold || verified * 2 >= sent) return
  context.metrics.textMessageAlarms.inc({ realm })
  context.log.error({ realm, sent, verified }, 'text messages outrun verifications')
}
