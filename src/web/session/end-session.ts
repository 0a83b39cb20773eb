import type { RequestHandler } from 'express'
import { PAGES_CLIENT } from '../../core/pages/sign-in.ts'
import { realmOf } from '../context.ts'
import type { WebContext } from '../context.ts'
import { clearSessionCookie, sessionHash } from './cookie.ts'

/**
 * `POST /logout`: ends the session here and leads on to Keycloak's own logout (OpenID Connect RP-Initiated Logout 1.0).
 * Without a hint, since that is a token and this is an address (R23): Keycloak asks the user once more.
 */
export function endSession(context: WebContext): RequestHandler {
  return async (request, response) => {
    const { realm } = realmOf(context, request.params['realm'])
    const idHash = sessionHash(context, realm, request)
    const session =
      idHash === undefined ? undefined : await context.sessions.find(realm.name, idHash, context.kit().now)
    if (session !== undefined) await context.sessions.end(realm.name, session.idHash)
    clearSessionCookie(response, context, realm)
    const query = new URLSearchParams({
      client_id: PAGES_CLIENT,
      post_logout_redirect_uri: `${realm.issuer}/account`,
    })
    response.redirect(303, `${realm.keycloakIssuer}/protocol/openid-connect/logout?${query.toString()}`)
  }
}
