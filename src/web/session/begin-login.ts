import type { RequestHandler } from 'express'
import { YOUNG_LOGIN } from '../../core/pages/freshness.ts'
import type { Realm } from '../../core/realm.ts'
import { PAGES_CLIENT } from '../../core/pages/sign-in.ts'
import { token } from '../../core/login/step.ts'
import type { Kit } from '../../core/login/step.ts'
import { realmOf } from '../context.ts'
import type { WebContext } from '../context.ts'
import { setLoginCookie } from './cookie.ts'

/** A login that has to be young is at most this old, seconds. */
export const YOUNG = YOUNG_LOGIN / 1000

/** What a login binds its answer by: all of one secret, which the browser that began it keeps. */
export function boundBy(secret: string, kit: Pick<Kit, 'hash'>) {
  const of = (purpose: string) => kit.hash(JSON.stringify([purpose, secret]))
  return { state: of('state'), nonce: of('nonce'), verifier: of('verifier') }
}

/** Where Keycloak's answer comes back to. */
export function callbackOf({ issuer }: Realm): string {
  return `${issuer}/callback`
}

/** `GET /login?to=`: begins a login at Keycloak for our own pages (OpenID Connect code flow, PKCE). */
export function beginLogin(context: WebContext): RequestHandler {
  return (request, response) => {
    const { realm } = realmOf(context, request.params['realm'])
    const kit = context.kit()
    const secret = token(kit)
    const { state, nonce, verifier } = boundBy(secret, kit)
    const fresh = request.query['fresh'] === '1'
    const to = ownPath(realm, context.origin, request.query['to'])
    setLoginCookie(response, context, state, { secret, to, fresh })
    const query = new URLSearchParams({
      client_id: PAGES_CLIENT,
      response_type: 'code',
      scope: 'openid',
      redirect_uri: callbackOf(realm),
      state,
      nonce,
      code_challenge: kit.hash(verifier),
      code_challenge_method: 'S256',
      ...(fresh ? { max_age: String(YOUNG) } : {}),
    })
    response.redirect(303, `${realm.keycloakIssuer}/protocol/openid-connect/auth?${query.toString()}`)
  }
}

/** A path below the realm's base, as a browser reads it; the account page in place of anything else. */
export function ownPath({ base }: Realm, origin: string, to: unknown): string {
  const account = `${base}/account`
  if (typeof to !== 'string' || !to.startsWith('/') || !URL.canParse(to, origin)) return account
  const url = new URL(to, origin)
  const isOwn = url.origin === origin && url.pathname.startsWith(`${base}/`)
  return isOwn ? url.pathname + url.search : account
}
