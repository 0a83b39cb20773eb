import type { Request, Response } from 'express'
import { AppError } from '../../core/errors.ts'
import type { Realm } from '../../core/realm.ts'
import { realmOf } from '../context.ts'
import type { WebContext } from '../context.ts'
import { clearSessionCookie, sessionHash } from './cookie.ts'
import { inWantedLocale, pageLocale } from './locale.ts'
import { renewSession } from './renew.ts'

/** Roles are read again once they are older than this, milliseconds. */
const ROLES_LIFE = 60_000

/** Whoever opens one of our own pages. Times are epoch milliseconds. */
export interface PageSession {
  realm: Realm
  userId: string
  /** The single sign-on session in Keycloak. */
  sid: string
  username: string
  /** The realm roles, at most a minute old. */
  roles: ReadonlySet<string>
  /** When the user last gave the password to Keycloak. */
  authTime: number
  /** The language of the pages, one of the theme's. */
  locale: string
  /**
   * The user's own access token, for what Keycloak is to do in their name.
   * @throws AppError expired where Keycloak ended the session, unavailable where it does not answer
   */
  accessToken(): Promise<string>
}

/**
 * The session of the browser that asks for one of the realm's pages. Where it has none, or Keycloak ended it, the
 * response leads to the login and back, and the result is undefined: there is nothing left to do.
 *
 * @param home the page below the realm's base that a login from a posted form comes back to: `/account`
 * @throws AppError not-found for an unknown realm, unavailable where Keycloak can't be asked for the roles
 */
export async function openSession(
  context: WebContext,
  request: Request,
  response: Response,
  home: string,
): Promise<PageSession | undefined> {
  const trusted = realmOf(context, request.params['realm'])
  const { realm } = trusted
  const { now } = context.kit()
  const idHash = sessionHash(context, realm, request)
  const found = idHash === undefined ? undefined : await context.sessions.find(realm.name, idHash, now)
  const isOld = found !== undefined && now - found.rolesAt >= ROLES_LIFE
  const renewed = isOld ? await renewSession(context, trusted, found) : undefined
  const current = isOld ? renewed?.session : found
  if (current === undefined) {
    clearSessionCookie(response, context, realm)
    const to = request.method === 'GET' ? request.originalUrl : realm.base + home
    response.redirect(303, loginPath(realm, to))
    return undefined
  }
  const session = await inWantedLocale(context, request, current)
  const { userId, sid, visitor } = session
  let token = renewed?.accessToken
  return {
    realm,
    userId,
    sid,
    username: visitor.username,
    roles: new Set(visitor.roles),
    authTime: visitor.authTime,
    locale: pageLocale(context, request, visitor.locale),
    async accessToken() {
      token ??= (await renewSession(context, trusted, session))?.accessToken
      if (token === undefined)
        throw new AppError('expired', 'Keycloak ended the session', realm.issuer + home)
      return token
    },
  }
}

/** Where a login begins that comes back to `to`, a path below the realm's base. `fresh`: the password is asked for again. */
export function loginPath({ base }: Realm, to: string, { fresh = false } = {}): string {
  return `${base}/login?${new URLSearchParams({ to, ...(fresh ? { fresh: '1' } : {}) }).toString()}`
}
