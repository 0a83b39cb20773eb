import type { Request, Response } from 'express'
import { hasOwn } from '../../core/login/overtaken.ts'
import { missingOf } from '../../core/pages/freshness.ts'
import { challengeOwn } from '../../core/pages/own-step.ts'
import type { OwnStep } from '../../core/pages/own-step.ts'
import type { Background } from '../../core/ports.ts'
import type { WebContext } from '../context.ts'
import { untilWritten } from '../retry.ts'
import { isBoundTo, setStepCookie, stepPath } from '../step/open.ts'
import { beginWithMessage } from '../step/send.ts'
import { loginPath } from './session.ts'
import type { PageSession } from './session.ts'
import { visitOf } from './visit.ts'

/** A second factor counts as fresh for a change this long, milliseconds. */
export const FRESH = 5 * 60_000

/** What a page demands before it shows or does something. */
export interface Demand {
  /** Milliseconds. Default: FRESH. */
  within?: number
  /** The path below the realm's base that the browser comes back to, its query included: `/account`. */
  returnTo: string
  /** What a user who has no method is asked for: a young login (default), or to set up a method first. */
  without?: 'login' | 'set-up'
  /**
   * Where "Cancel" leads, an address, in a session that gave a second factor before; in any other it leads to Keycloak's
   * account console, as it does by default.
   */
  cancelled?: string
}

/**
 * Whether this session gave a second factor a short while ago (R17); single sign-on would let one in that knows the
 * password alone. Where not, the response leads to the sidecar's own challenge, or to Keycloak for the password, and
 * back to `returnTo`: there is nothing left to do.
 *
 * @throws AppError unavailable where Keycloak can't be asked who the user is
 */
export async function demandFresh(
  context: WebContext,
  session: PageSession,
  request: Request,
  response: Response,
  { within = FRESH, returnTo, without = 'login', cancelled }: Demand,
): Promise<boolean> {
  const { realm, sid, userId } = session
  const verifiedAt = await context.admin.verifiedAt(realm.name, sid, userId)
  const facts = { verifiedAt, authTime: session.authTime, within, now: context.kit().now }
  if (verifiedAt !== undefined && missingOf({ ...facts, hasMethods: true }) === 'nothing') return true

  const accountConsole = `${realm.keycloakIssuer}/account/`
  const own = {
    done: realm.base + returnTo,
    // A page that would only challenge again is no way out.
    cancelled: verifiedAt === undefined ? accountConsole : (cancelled ?? accountConsole),
  }
  // The same for as long as nothing was proven: a page that is loaded again leads to the step that it began before.
  const nonce = context.kit().hash(JSON.stringify(['own', realm.name, sid, verifiedAt ?? 0, own]))
  const { visit, background } = await visitOf(context, session, nonce)
  const hasMethods = hasOwn(background.credentials, context.kit().registry)
  const missing = missingOf({ ...facts, hasMethods })
  if (missing === 'password') {
    response.redirect(303, loginPath(realm, realm.base + returnTo, { fresh: true }))
    return false
  }
  if (missing === 'nothing' && without === 'login') return true
  let known: Background | undefined = background
  await enterStep(context, session, request, response, async () => {
    known ??= await context.store.background(realm.name, userId, nonce)
    const step = challengeOwn(visit, known, own, context.kit())
    known = undefined
    return step
  })
  return false
}

/**
 * Leads the browser to a step that begins at one of our own pages, its first code on the way.
 * @param begin decides anew where another request came between
 * @throws AppError busy
 */
export async function enterStep(
  context: WebContext,
  { realm }: Pick<PageSession, 'realm'>,
  request: Request,
  response: Response,
  begin: () => Promise<OwnStep>,
): Promise<void> {
  const { transaction, secret } = await untilWritten(async () => {
    const step = await begin()
    const { before } = step
    // Two tabs at once must not take the step from each other.
    if (before !== undefined && isBoundTo(before, request, context)) {
      return { transaction: before, secret: undefined }
    }
    const written = await context.store.commit({ ...step.change, address: request.ip ?? '' })
    return written === 'written' ? step : 'lost'
  })
  if (secret !== undefined) setStepCookie(response, context, transaction, secret)
  const situation = await context.store.situation(realm.name, { id: transaction.id })
  const { query } =
    situation === undefined ? { query: '' } : await beginWithMessage(context, situation, request)
  response.redirect(303, stepPath(realm, transaction) + query)
}
