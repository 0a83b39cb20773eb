import type { Request, Response } from 'express'
import { AppError } from '../../core/errors.ts'
import type { OwnMethods } from '../../core/pages/own-methods.ts'
import type { Credential } from '../../core/login/transaction.ts'
import type { WebContext } from '../context.ts'
import type { AccountView } from '../render/account-view.ts'
import { LONGEST } from '../session/cookie.ts'
import { demandFresh, FRESH } from '../session/fresh.ts'
import { openSession } from '../session/session.ts'
import type { PageSession } from '../session/session.ts'
import { visitOf } from '../session/visit.ts'
import { frameOf } from './frame.ts'
import { HOME } from './paths.ts'

/** A user in their own pages, who proved enough for what is asked. */
export interface Opened extends OwnMethods {
  session: PageSession
  /** The address of the page that lists everything. */
  home: string
}

/**
 * Opens one of the user's pages. Undefined where the response leads elsewhere: to the login, or to a second factor, which
 * a look needs once in a session, and a change a short while ago (R17).
 *
 * @param page where the browser comes back to, below the realm's base; never what a form posts to
 * @throws AppError as `openSession` and `demandFresh`
 */
export async function openAccount(
  context: WebContext,
  request: Request,
  response: Response,
  page: string,
  purpose: 'look' | 'change',
): Promise<Opened | undefined> {
  const session = await openSession(context, request, response, HOME)
  if (session === undefined) return undefined
  const within = purpose === 'look' ? LONGEST : FRESH
  // A change that is cancelled leads to the list; without a look at that there is nothing to go back to.
  const back = purpose === 'look' ? {} : { cancelled: `${session.realm.base}${HOME}` }
  const isFresh = await demandFresh(context, session, request, response, { within, returnTo: page, ...back })
  return isFresh ? await readAccount(context, session) : undefined
}

/** Reads anew what a change is decided from. */
export async function readAccount(context: WebContext, session: PageSession): Promise<Opened> {
  const { visit, background } = await visitOf(context, session)
  return { session, visit, background, kit: context.kit(), home: `${session.realm.base}${HOME}` }
}

/** The user's own method that a path names. @throws AppError not-found, also for what is another user's */
export function ownCredential({ background, session }: Opened, id: string): Credential {
  const found = background.credentials.find((own) => own.id === id)
  if (found !== undefined) return found
  throw new AppError('not-found', 'the user has no such method', `${session.realm.issuer}${HOME}`)
}

export function methodId(request: Request): string {
  const { id } = request.params
  return typeof id === 'string' ? id : ''
}

/** Shows a page; `status` 200 where absent. */
export function showPage(
  context: WebContext,
  response: Response,
  { session, visit }: Pick<Opened, 'session' | 'visit'>,
  view: WithoutFrame<AccountView>,
  status = 200,
): void {
  const { realm, username } = session
  const account = {
    username,
    consoleUrl: `${realm.keycloakIssuer}/account/`,
    logoutAction: `${realm.base}/logout`,
  }
  const frame = frameOf(context, session, visit)
  response.status(status).send(context.accountPages.render(frame, { account, ...view }))
}

type WithoutFrame<V> = V extends unknown ? Omit<V, 'account'> : never
