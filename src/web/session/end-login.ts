import type { Request, RequestHandler, Response } from 'express'
import { AppError } from '../../core/errors.ts'
import { token } from '../../core/login/step.ts'
import { realmOf } from '../context.ts'
import type { WebContext } from '../context.ts'
import { LEEWAY } from '../protocol/verify-signed.ts'
import { boundBy, callbackOf, ownPath, YOUNG } from './begin-login.ts'
import { sessionHash, setSessionCookie, takeLoginCookie } from './cookie.ts'
import { expiryOf } from './renew.ts'
import { loginPath } from './session.ts'
import { rolesIn, verifyIdToken } from './verify-tokens.ts'

/** `GET /callback`: takes Keycloak's answer to a login and begins a session, under an id that nobody had before. */
export function endLogin(context: WebContext): RequestHandler {
  return async (request, response) => {
    const trusted = realmOf(context, request.params['realm'])
    const { realm } = trusted
    const again = (to: string) => new URL(loginPath(realm, to), context.origin).href
    const begun = takeBegun(context, request, response)
    if (begun === undefined) {
      // A page that was loaded again, or an answer to a login that another browser began.
      throw new AppError('expired', 'this browser began no such login', `${realm.issuer}/account`)
    }
    const to = ownPath(realm, context.origin, begun.to)
    const { code, iss } = request.query
    if (iss !== undefined && iss !== realm.keycloakIssuer) {
      throw new AppError('bad-request', 'the answer is not from the realm (RFC 9207)', again(to))
    }
    if (typeof code !== 'string') {
      throw new AppError('expired', 'Keycloak did not let the user in', again(to))
    }
    const { nonce, verifier } = boundBy(begun.secret, context.kit())
    const tokens = await context.tokens.redeem(realm, { code, verifier, redirectUri: callbackOf(realm) })
    if (tokens === 'refused') throw new AppError('expired', 'Keycloak refused the code', again(to))

    const { accessToken, refreshToken, idToken = '' } = tokens
    const kit = context.kit()
    const identity = await verifyIdToken(idToken, trusted, nonce, kit.now)
    const roles = identity && (await rolesIn(accessToken, trusted, identity, kit.now))
    if (identity === undefined || roles === undefined) {
      throw new AppError('bad-request', 'the tokens are not in order', again(to))
    }
    const { userId, sid, ...visitor } = identity
    if (begun.fresh && kit.now - visitor.authTime > (YOUNG + LEEWAY) * 1000) {
      throw new AppError('bad-request', 'the login is older than was asked for', again(to))
    }
    const before = sessionHash(context, realm, request)
    if (before !== undefined) await context.sessions.end(realm.name, before)
    const secret = token(kit)
    await context.sessions.begin({
      idHash: kit.hash(secret),
      realm: realm.name,
      userId,
      sid,
      visitor: { ...visitor, roles, refreshToken, since: kit.now },
      rolesAt: kit.now,
      expiresAt: expiryOf(kit.now, kit.now),
    })
    setSessionCookie(response, context, realm, secret)
    response.redirect(303, to)
  }
}

/** The login that this browser began and whose `state` the answer carries. */
function takeBegun(context: WebContext, request: Request, response: Response) {
  const { state } = request.query
  if (typeof state !== 'string') return undefined
  const begun = takeLoginCookie(request, response, context, state)
  return begun !== undefined && boundBy(begun.secret, context.kit()).state === state ? begun : undefined
}
