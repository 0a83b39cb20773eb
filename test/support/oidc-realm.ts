import { createHash, randomUUID } from 'node:crypto'
import type { webcrypto } from 'node:crypto'
import { once } from 'node:events'
import { createServer } from 'node:http'
import type { IncomingMessage } from 'node:http'
import type { AddressInfo } from 'node:net'
import { text } from 'node:stream/consumers'
import { createRemoteJWKSet, exportJWK, generateKeyPair, jwtVerify, SignJWT } from 'jose'
import type { JWTPayload } from 'jose'
import { fakeAdmin } from './keycloak-admin.ts'
import type { FakeAdmin } from './keycloak-admin.ts'
import type { Clock } from './app.ts'

/** Who is signed in at the realm. `authTime` is epoch milliseconds. */
export interface SignedIn {
  sub: string
  sid: string
  username: string
  roles: string[]
  authTime: number
}

/** Stands in for a realm of Keycloak as the sidecar's own pages meet it: authorization, token and logout. */
export interface OidcRealm {
  /** Keycloak's address, as LATCHKEY_KEYCLOAK_URL takes it. */
  keycloakUrl: string
  issuer: string
  /** Whose browser comes to sign in; tests change it. */
  user: SignedIn
  /** What the token endpoint does from now on. */
  answers: 'tokens' | 'refusal' | 'error' | 'broken'
  /** Replaces claims of ID tokens; `undefined` removes one. */
  idToken: Record<string, unknown>
  admin: FakeAdmin
  /** Signs ID tokens by a key that the realm never published. */
  forged: boolean
  /** What the authorization endpoint was asked, newest last. */
  asked: URLSearchParams[]
  /** The grants at the token endpoint, newest last. */
  grants: URLSearchParams[]
  /** Answers an authorization request as Keycloak answers a browser that is signed in: with the address to go to. */
  authorize(url: string): Promise<string>
  /** A logout token that is in order; `change` replaces claims, `undefined` removes one. */
  logoutToken(change?: Record<string, unknown>, type?: string): Promise<string>
  sign(claims: JWTPayload, type?: string): Promise<string>
  stop(): Promise<void>
}

/** @param sidecar the sidecar's issuer for the realm, once it is known */
export async function startOidcRealm(clock: Clock, sidecar: () => string, name = 'demo'): Promise<OidcRealm> {
  const own = await generateKeyPair('RS256')
  const stranger = await generateKeyPair('RS256')
  const jwk = { ...(await exportJWK(own.publicKey)), kid: 'realm-key', alg: 'RS256', use: 'sig' }
  const codes = new Map<string, { asked: URLSearchParams; user: SignedIn }>()
  const refreshTokens = new Map<string, SignedIn>()
  const assertions = new Set<string>()

  const admin = fakeAdmin()

  const server = createServer((request, response) => {
    if (request.url?.startsWith('/admin/') === true) {
      admin.handle(request, response).catch(() => response.destroy())
      return
    }
    answer(request).then(
      ({ status, body }) =>
        response.writeHead(status, { 'Content-Type': 'application/json' }).end(JSON.stringify(body)),
      () => response.destroy(),
    )
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const keycloakUrl = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  const issuer = `${keycloakUrl}/realms/${name}`

  const realm: OidcRealm = {
    keycloakUrl,
    issuer,
    user: { sub: 'user-alice', sid: 'sid-alice', username: 'alice', roles: [], authTime: clock.now },
    answers: 'tokens',
    idToken: {},
    admin,
    forged: false,
    asked: [],
    grants: [],
    async authorize(url) {
      const asked = new URL(url).searchParams
      realm.asked.push(asked)
      const maxAge = asked.get('max_age')
      if (maxAge !== null && clock.now - realm.user.authTime > Number(maxAge) * 1000) {
        realm.user = { ...realm.user, authTime: clock.now }
      }
      const code = randomUUID()
      codes.set(code, { asked, user: realm.user })
      const query = new URLSearchParams({ code, state: asked.get('state') ?? '', iss: issuer })
      return `${asked.get('redirect_uri')}?${query.toString()}`
    },
    async logoutToken(change = {}, type = 'logout+jwt') {
      const iat = Math.floor(clock.now / 1000)
      const claims: Record<string, unknown> = {
        iss: issuer,
        aud: 'latchkey',
        iat,
        exp: iat + 120,
        jti: randomUUID(),
        sub: realm.user.sub,
        sid: realm.user.sid,
        typ: 'Logout',
        events: { 'http://schemas.openid.net/event/backchannel-logout': {} },
        ...change,
      }
      return await realm.sign(present(claims), type)
    },
    sign: async (claims, type = 'JWT') => await sign(claims, type, own.privateKey),
    async stop() {
      server.closeAllConnections()
      server.close()
      await once(server, 'close')
    },
  }
  return realm

  async function answer(request: IncomingMessage): Promise<{ status: number; body: unknown }> {
    if (request.url?.endsWith('/certs') === true) return { status: 200, body: { keys: [jwk] } }
    const form = new URLSearchParams(await text(request))
    realm.grants.push(form)
    if (realm.answers === 'broken') throw new Error('broken')
    if (realm.answers === 'error') return { status: 503, body: 'down' }
    await checkAssertion(form)
    const user = realm.answers === 'refusal' ? undefined : granted(form)
    return user === undefined
      ? { status: 400, body: { error: 'invalid_grant' } }
      : { status: 200, body: await tokensOf(user.user, user.nonce) }
  }

  /** As Keycloak does: by the sidecar's published keys, for this realm, for a minute, once. */
  async function checkAssertion(form: URLSearchParams): Promise<void> {
    const keys = createRemoteJWKSet(new URL(`${sidecar()}/jwks`))
    const { payload } = await jwtVerify(form.get('client_assertion') ?? '', keys, {
      issuer: 'latchkey',
      subject: 'latchkey',
      audience: issuer,
      currentDate: new Date(clock.now),
    })
    const { iat = 0, exp = 0, jti = '' } = payload
    if (exp - iat > 60 || assertions.has(jti)) throw new Error('the assertion is not in order')
    assertions.add(jti)
  }

  function granted(form: URLSearchParams): { user: SignedIn; nonce?: string } | undefined {
    const refreshToken = form.get('refresh_token')
    if (refreshToken !== null) {
      const known = refreshTokens.get(refreshToken)
      return known && { user: { ...known, roles: realm.user.roles } }
    }
    const code = form.get('code') ?? ''
    const found = codes.get(code)
    codes.delete(code)
    const challenge = createHash('sha256')
      .update(form.get('code_verifier') ?? '')
      .digest('base64url')
    if (found === undefined || found.asked.get('code_challenge') !== challenge) return undefined
    if (found.asked.get('redirect_uri') !== form.get('redirect_uri')) return undefined
    return { user: found.user, nonce: found.asked.get('nonce') ?? '' }
  }

  async function tokensOf({ sub, sid, username, roles, authTime }: SignedIn, nonce?: string) {
    const iat = Math.floor(clock.now / 1000)
    const common = { iss: issuer, iat, exp: iat + 60, sub, sid, azp: 'latchkey' }
    const claims: Record<string, unknown> = {
      ...common,
      aud: 'latchkey',
      typ: 'ID',
      nonce,
      auth_time: Math.floor(authTime / 1000),
      preferred_username: username,
      ...realm.idToken,
    }
    const refreshToken = randomUUID()
    refreshTokens.set(refreshToken, { sub, sid, username, roles, authTime })
    const key = realm.forged ? stranger.privateKey : own.privateKey
    return {
      access_token: await sign(
        { ...common, aud: 'account', typ: 'Bearer', realm_access: { roles } },
        'JWT',
        own.privateKey,
      ),
      refresh_token: refreshToken,
      id_token: await sign(present(claims), 'JWT', key),
      token_type: 'Bearer',
      expires_in: 60,
    }
  }
}

async function sign(claims: JWTPayload, type: string, key: webcrypto.CryptoKey): Promise<string> {
  return await new SignJWT(claims).setProtectedHeader({ alg: 'RS256', kid: 'realm-key', typ: type }).sign(key)
}

function present(claims: Record<string, unknown>): JWTPayload {
  return Object.fromEntries(Object.entries(claims).filter(([, value]) => value !== undefined))
}
