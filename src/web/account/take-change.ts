import type { Request, Response } from 'express'
import type { Change } from '../../core/ports.ts'
import type { WebContext } from '../context.ts'
import { untilWritten } from '../retry.ts'
import type { AccountView, Done } from '../render/account-view.ts'
import { openAccount, readAccount, showPage } from './open.ts'
import type { Opened } from './open.ts'

/** Why a change is not the user's to make. */
export type Refused = { refused: (AccountView & { page: 'account-refused' })['reason'] }

/** Shows that something is not the user's to do. */
export function showRefusal(
  context: WebContext,
  response: Response,
  opened: Opened,
  { refused }: Refused,
): void {
  showPage(context, response, opened, { page: 'account-refused', reason: refused, backUrl: opened.home }, 403)
}

/**
 * Makes a change to the user's own methods: decides from what is there now, writes it as a whole, and leads back to the
 * list by a GET, so that a reload repeats nothing.
 *
 * @param page the page that the form is on, below the realm's base
 * @throws AppError what `decide` throws, and as `openAccount`
 */
export async function takeChange(
  context: WebContext,
  request: Request,
  response: Response,
  { page, done, decide }: { page: string; done: Done; decide: (opened: Opened) => Change | Refused },
): Promise<void> {
  let opened = await openAccount(context, request, response, page, 'change')
  if (opened === undefined) return
  const { session } = opened
  const outcome = await untilWritten(async () => {
    opened ??= await readAccount(context, session)
    const now = opened
    opened = undefined
    const change = decide(now)
    if ('refused' in change) return { now, refused: change }
    const written = await context.store.commit({ ...change, address: request.ip ?? '' })
    return written === 'written' ? { now } : 'lost'
  })
  if (outcome.refused === undefined) response.redirect(303, `${outcome.now.home}?done=${done}`)
  else showRefusal(context, response, outcome.now, outcome.refused)
}
