import type { Request, RequestHandler } from 'express'
import type { SetUpLink } from '../../core/login/link.ts'
import type { Transaction } from '../../core/login/transaction.ts'
import type { Realm } from '../../core/realm.ts'
import { realmOf } from '../context.ts'
import type { WebContext } from '../context.ts'
import { formField } from '../form.ts'
import { loginPath } from '../session/session.ts'
import { setLinkCookie } from '../session/cookie.ts'
import { bareFrame } from '../step/frame.ts'
import { isBoundTo, stepPath } from '../step/open.ts'
import { usableLink } from './held.ts'
import { LINK } from './paths.ts'

/** `GET /link?token=`: shows a button. What scans mail opens links too, so that opening one spends nothing (P8). */
export function showLink(context: WebContext): RequestHandler {
  return async (request, response) => {
    const { realm } = realmOf(context, request.params['realm'])
    const given = request.query['token']
    const token = typeof given === 'string' ? given : ''
    const link = await usableLink(context, realm, token)
    const here = (await waitingHere(context, realm, request, link)) !== undefined
    const frame = bareFrame(context, realm, request.get('accept-language') ?? '')
    const view = { page: 'link', action: `${realm.base}${LINK}`, token, here } as const
    response.send(context.renderer.render(frame, view))
  }
}

/**
 * `POST /link`: the button. In the browser whose login waits for the link it leads to the set-up there; in any other to
 * Keycloak for the password, and then to a set-up of its own (R30).
 */
export function openLink(context: WebContext): RequestHandler {
  return async (request, response) => {
    const { realm } = realmOf(context, request.params['realm'])
    const token = formField(request, 'token')
    const link = await usableLink(context, realm, token)
    const waiting = await waitingHere(context, realm, request, link)
    setLinkCookie(response, context, realm, token)
    const elsewhere = loginPath(realm, `${realm.base}${LINK}/set-up`, { fresh: true })
    response.redirect(303, waiting === undefined ? elsewhere : stepPath(realm, waiting))
  }
}

/** The step that waits for the link, where this is its browser. */
async function waitingHere(
  context: WebContext,
  realm: Realm,
  request: Request,
  { transactionId }: SetUpLink,
): Promise<Transaction | undefined> {
  const situation = await context.store.situation(realm.name, { id: transactionId })
  if (situation === undefined || !isBoundTo(situation.transaction, request, context)) return undefined
  const { redeemed, expiresAt, stage } = situation.transaction
  const waits = !redeemed && expiresAt > context.kit().now && stage.at === 'link'
  return waits ? situation.transaction : undefined
}
