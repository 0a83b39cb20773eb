import type { RequestHandler } from 'express'
import { AppError } from '../../core/errors.ts'
import { lockedFor } from '../../core/login/lockout.ts'
import { issueCode, owner } from '../../core/login/step.ts'
import { isStillTrusted } from '../../core/login/trusted-device.ts'
import type { WebContext } from '../context.ts'
import { frameOf, offeredLocales } from './frame.ts'
import { leave } from './leave.ts'
import { openStep } from './open.ts'
import type { Opened } from './open.ts'
import { beginWithMessage } from './send.ts'
import { viewOf } from './views.ts'
import type { Asked } from './views.ts'

/** `GET /step/{id}`: the page where the step stands. */
export function showStep(context: WebContext): RequestHandler {
  return async (request, response) => {
    const opened = await openStep(context, request)
    const { realm, situation, path } = opened
    const { transaction, attempts } = situation
    const { stage } = transaction
    if (stage.at === 'trusted' && !transaction.redeemed && !isStillTrusted(situation.devices, stage)) {
      throw new AppError('expired', 'the device is trusted no longer', transaction.question.redirectUri)
    }
    if (!transaction.redeemed && (stage.at === 'done' || stage.at === 'trusted')) {
      // The browser never followed the way back, after a double click for one: a new code takes the old one's place.
      const kit = context.kit()
      const ended = issueCode(transaction, stage, kit)
      const written = await context.store.commit({ ...owner(transaction), transaction: ended.transaction })
      if (written === 'written') leave(response, realm, transaction, { code: ended.code })
      else response.redirect(303, path)
      return
    }
    const { own } = transaction.question
    if (transaction.redeemed && own !== undefined) {
      response.redirect(303, own.done)
      return
    }
    const wanted = request.query['ui_locales']
    if (typeof wanted === 'string' && (await changeLocale(context, opened, wanted))) {
      response.redirect(303, path)
      return
    }
    // A lock, or a limit, may have kept the step from its first code.
    const told = transaction.redeemed || 'send' in request.query
    const begun = told ? { situation } : await beginWithMessage(context, situation, request)
    const { now } = context.kit()
    const frame = frameOf(context, realm, transaction)
    const wishes = { ...asked(request.query), ...begun }
    const view = await viewOf({ ...opened, ...begun }, wishes, frame.locale, context.kit())
    if (view.page === 'locked') {
      const seconds = Math.ceil(lockedFor(attempts, now) / 1000)
      response.status(429).set('Retry-After', String(seconds))
    }
    response.send(context.renderer.render(frame, view))
  }
}

async function changeLocale(context: WebContext, { situation }: Opened, locale: string): Promise<boolean> {
  const { transaction } = situation
  if (transaction.question.locale === locale || !offeredLocales(context, transaction).includes(locale))
    return false
  const next = { ...transaction, question: { ...transaction.question, locale } }
  const change = { ...owner(transaction), transaction: { next, version: transaction.version } }
  return (await context.store.commit(change)) === 'written'
}

function asked(query: Record<string, unknown>): Asked {
  return {
    error: query['error'],
    choose: 'choose' in query,
    change: 'change' in query,
    send: query['send'],
    until: Number(query['until']),
    sendError: undefined,
    trust: 'trust' in query,
  }
}
