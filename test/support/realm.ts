import { randomUUID } from 'node:crypto'
import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { SignJWT, exportJWK, exportSPKI, generateKeyPair } from 'jose'
import type { JWK, JWTPayload } from 'jose'
import { fakeAdmin } from './keycloak-admin.ts'
import type { FakeAdmin } from './keycloak-admin.ts'

/** Stands in for a realm of Keycloak where a test needs to say what Keycloak never would: its keys, over HTTP. */
export interface FakeRealm {
  name: string
  /** Keycloak's address, as LATCHKEY_KEYCLOAK_URL takes it. */
  keycloakUrl: string
  issuer: string
  /** Signs as the realm does; `key: 'stranger'` is a key that the realm never published. */
  sign(
    type: string | undefined,
    claims: JWTPayload,
    options?: { key?: 'stranger'; kid?: string },
  ): Promise<string>
  /** The published key, as JWK and as the PEM that a careless library takes for an HMAC secret. */
  publicKey(): Promise<{ jwk: JWK; pem: string }>
  /** What the keys' endpoint does from now on: answer, answer with an error, or break the connection. */
  answer(mode: 'keys' | 'error' | 'broken'): void
  /** An access token for the REST API, as Keycloak issues it; `change` replaces claims, `undefined` removes one. */
  accessToken(now: number, change?: Record<string, unknown>): Promise<string>
  admin: FakeAdmin
  /** How often the keys were fetched. */
  fetches(): number
  stop(): Promise<void>
}

export async function startRealm(name = 'demo'): Promise<FakeRealm> {
  const own = await generateKeyPair('RS256', { extractable: true })
  const stranger = await generateKeyPair('RS256')
  const jwk = { ...(await exportJWK(own.publicKey)), kid: 'realm-key', alg: 'RS256', use: 'sig' }
  let fetches = 0
  let mode: 'keys' | 'error' | 'broken' = 'keys'
  const admin = fakeAdmin()
  const server = createServer((request, response) => {
    const path = request.url ?? ''
    if (path.startsWith('/admin/')) {
      admin.handle(request, response).catch(() => response.destroy())
      return
    }
    fetches++
    if (mode === 'broken') {
      response.destroy()
      return
    }
    if (mode === 'error') {
      response.writeHead(503).end('down')
      return
    }
    response.setHeader('Content-Type', 'application/json').end(JSON.stringify({ keys: [jwk] }))
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const keycloakUrl = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  const issuer = `${keycloakUrl}/realms/${encodeURIComponent(name)}`
  const realm: FakeRealm = {
    name,
    keycloakUrl,
    issuer,
    admin,
    async accessToken(now, change = {}) {
      const { stranger: foreign, ...claims } = { ...accessTokenOf(issuer, now), ...change }
      const present = Object.entries(claims).filter(([, value]) => value !== undefined)
      return await realm.sign('JWT', Object.fromEntries(present), foreign === true ? { key: 'stranger' } : {})
    },
    async sign(type, claims, { key, kid = 'realm-key' } = {}) {
      return await new SignJWT(claims)
        .setProtectedHeader({ alg: 'RS256', kid, ...(type === undefined ? {} : { typ: type }) })
        .sign(key === 'stranger' ? stranger.privateKey : own.privateKey)
    },
    publicKey: async () => ({ jwk, pem: await exportSPKI(own.publicKey) }),
    answer(next) {
      mode = next
    },
    fetches: () => fetches,
    async stop() {
      server.closeAllConnections()
      server.close()
      await once(server, 'close')
    },
  }
  return realm
}

/** The claims of an access token as Keycloak 26 has them, of a user without a role. */
function accessTokenOf(issuer: string, now: number): Record<string, unknown> {
  const iat = Math.floor(now / 1000)
  return {
    iss: issuer,
    aud: ['latchkey-api', 'account'],
    iat,
    exp: iat + 300,
    jti: randomUUID(),
    typ: 'Bearer',
    azp: 'latchkey-api',
    sub: 'user-plain',
    sid: 'sid-plain',
    acr: '1',
    scope: 'openid',
    realm_access: { roles: ['offline_access'] },
  }
}

/** The claims of a question that is in order; `change` replaces some, `undefined` removes one. */
export function questionOf(
  realm: FakeRealm,
  audience: string,
  now: number,
  change: Record<string, unknown> = {},
): JWTPayload {
  const iat = Math.floor(now / 1000)
  const claims: Record<string, unknown> = {
    iss: realm.issuer,
    client_id: realm.issuer,
    aud: audience,
    iat,
    exp: iat + 60,
    jti: randomUUID(),
    response_type: 'code',
    scope: 'openid',
    redirect_uri: `${realm.issuer}/login-actions/authenticate?session_code=abc&execution=e1&client_id=account-console&tab_id=t1`,
    state: randomUUID(),
    nonce: randomUUID(),
    sub: 'user-bob',
    sid: randomUUID(),
    purpose: 'login',
    login_expires_at: iat + 1800,
    preferred_username: 'bob',
    groups: [{ id: 'g-finance', path: '/finance' }],
    roles: [],
    amr: ['pwd'],
    listed: [],
    ui_locales: 'en',
    locales: ['en', 'de'],
    ...change,
  }
  return Object.fromEntries(Object.entries(claims).filter(([, value]) => value !== undefined))
}
