import { createHash, randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { decodeJwt } from 'jose'
import type { JWTPayload } from 'jose'

/** An application that signs users in at Keycloak: OpenID Connect's code flow with PKCE, on an origin of its own. */
export interface RelyingParty {
  /** Opening it starts a login. */
  url: string
  /** What came back to the application, newest last: a code's ID token, or an error. */
  results: { idToken?: JWTPayload; accessToken?: string; error?: string }[]
  stop(): Promise<void>
}

/** @param realmUrl the realm's issuer */
export async function startRelyingParty(realmUrl: string, clientId = 'latchkey-demo'): Promise<RelyingParty> {
  const results: RelyingParty['results'] = []
  const verifier = randomBytes(32).toString('base64url')
  const server = createServer((request, response) => {
    answer(request.url ?? '/').then(
      ({ location, text }) => {
        if (location !== undefined) response.writeHead(302, { location }).end()
        else
          response.setHeader('content-type', 'text/html').end(`<title>Application</title><p id="app">${text}`)
      },
      (error: unknown) => response.writeHead(500).end(String(error)),
    )
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`
  const endpoint = `${realmUrl}/protocol/openid-connect`
  const client = { client_id: clientId, redirect_uri: `${url}callback` }

  async function answer(path: string): Promise<{ location?: string; text?: string }> {
    const query = new URL(path, url).searchParams
    const error = query.get('error')
    if (error !== null) {
      results.push({ error })
      return { text: `error: ${error}` }
    }
    const code = query.get('code')
    if (code === null) {
      const challenge = createHash('sha256').update(verifier).digest('base64url')
      const ask = new URLSearchParams({
        ...client,
        response_type: 'code',
        scope: 'openid',
        state: randomBytes(8).toString('hex'),
        code_challenge: challenge,
        code_challenge_method: 'S256',
        ...Object.fromEntries(query),
      })
      return { location: `${endpoint}/auth?${ask.toString()}` }
    }
    const form = new URLSearchParams({
      ...client,
      grant_type: 'authorization_code',
      code,
      code_verifier: verifier,
    })
    const tokens = (await (await fetch(`${endpoint}/token`, { method: 'POST', body: form })).json()) as {
      id_token?: string
      access_token?: string
      error?: string
    }
    results.push(
      tokens.id_token === undefined
        ? { error: String(tokens.error) }
        : { idToken: decodeJwt(tokens.id_token), accessToken: tokens.access_token ?? '' },
    )
    return { text: 'signed in' }
  }

  return {
    url,
    results,
    async stop() {
      server.closeAllConnections()
      server.close()
      await once(server, 'close')
    },
  }
}
