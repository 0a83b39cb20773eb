import type { RequestHandler } from 'express'
import { realmOf } from '../context.ts'
import type { WebContext } from '../context.ts'

/** `GET /.well-known/openid-configuration` (OpenID Connect Discovery 1.0). */
export function discover(context: WebContext): RequestHandler {
  return (request, response) => {
    const { issuer } = realmOf(context, request.params['realm']).realm
    response.json({
      issuer,
      authorization_endpoint: `${issuer}/authorize`,
      token_endpoint: `${issuer}/token`,
      pushed_authorization_request_endpoint: `${issuer}/par`,
      jwks_uri: `${issuer}/jwks`,
      require_pushed_authorization_requests: true,
      require_signed_request_object: true,
      scopes_supported: ['openid'],
      response_types_supported: ['code'],
      response_modes_supported: ['query'],
      grant_types_supported: ['authorization_code'],
      subject_types_supported: ['public'],
      id_token_signing_alg_values_supported: ['ES256'],
      token_endpoint_auth_methods_supported: ['private_key_jwt'],
      acr_values_supported: ['1', '2', '3'],
      authorization_response_iss_parameter_supported: true,
    })
  }
}

/** `GET /jwks` (RFC 7517). */
export function publishKeys(context: WebContext): RequestHandler {
  return (request, response) => {
    realmOf(context, request.params['realm'])
    response.set('Cache-Control', 'public, max-age=60').json(context.signer.publish())
  }
}
