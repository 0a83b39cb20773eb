import { timingSafeEqual } from 'node:crypto'
import { parseCookie } from 'cookie'
import type { Request, Response } from 'express'
import type { Realm } from '../../core/realm.ts'
import type { WebContext } from '../context.ts'
import { demandFresh, FRESH } from '../session/fresh.ts'
import type { PageSession } from '../session/session.ts'

/** Whoever came in may look on for this long since their second factor, milliseconds. */
const LOOKS = 30 * 60_000
const PATH = '/admin'

/**
 * Whether the session may look at the administrator's pages. Coming in takes a second factor of the last 5 minutes; a
 * cookie, which is good for that one proof alone, then tells who came in, so that reading does not ask again and again.
 * False where the response leads elsewhere.
 *
 * @param returnTo the path below the realm's base
 * @throws AppError as `demandFresh`
 */
export async function enter(
  context: WebContext,
  session: PageSession,
  request: Request,
  response: Response,
  returnTo: string,
): Promise<boolean> {
  const before = await proofOf(context, session)
  const cookie = parseCookie(request.headers.cookie ?? '')[nameOf(context, session.realm)]
  const cameIn = before !== undefined && cookie !== undefined && equal(cookie, before)
  const within = cameIn ? LOOKS : FRESH
  if (!(await demandFresh(context, session, request, response, demand(session, returnTo, within))))
    return false
  if (!cameIn && before !== undefined) {
    response.cookie(nameOf(context, session.realm), before, {
      httpOnly: true,
      secure: isSecure(context),
      sameSite: 'lax',
      path: '/',
    })
  }
  return true
}

/** Whether the session may change something now; false where the response leads to the challenge. @throws AppError */
export async function enterToChange(
  context: WebContext,
  session: PageSession,
  request: Request,
  response: Response,
  returnTo: string,
): Promise<boolean> {
  return await demandFresh(context, session, request, response, demand(session, returnTo, FRESH))
}

function demand({ realm }: PageSession, returnTo: string, within: number) {
  return { within, returnTo, without: 'set-up', cancelled: realm.issuer + PATH } as const
}

/** Bound to the realm, the user, the session and the moment of its second factor; undefined where it gave none. */
async function proofOf(
  context: WebContext,
  { realm, userId, sid }: PageSession,
): Promise<string | undefined> {
  const at = await context.admin.verifiedAt(realm.name, sid, userId)
  if (at === undefined) return undefined
  return context.kit().mac(JSON.stringify(['admin-entrance', realm.name, userId, sid, at])).value
}

function equal(a: string, b: string): boolean {
  const [left, right] = [Buffer.from(a), Buffer.from(b)]
  return left.length === right.length && timingSafeEqual(left, right)
}

/** Each realm has its own (R15). */
function nameOf(context: WebContext, realm: Realm): string {
  return `${isSecure(context) ? '__Host-' : ''}lk-admin-${context.kit().hash(realm.name).slice(0, 16)}`
}

/** Some browsers refuse Secure cookies on http://localhost. */
function isSecure({ origin }: WebContext): boolean {
  return origin.startsWith('https:')
}
