import { randomUUID } from 'node:crypto'
import type { JWTPayload } from 'jose'
import { z } from 'zod'
import { AppError } from '../../core/errors.ts'
import type { Realm } from '../../core/realm.ts'
import { PAGES_CLIENT } from '../../core/sign-in.ts'
import type { TokenEndpoint, Tokens } from '../../core/sign-in.ts'

const ASSERTION_TYPE = 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer'
/** Seconds that an assertion lives. */
const LIFE = 60

const answer = z.object({
  access_token: z.string(),
  refresh_token: z.string(),
  id_token: z.string().optional(),
})
const refusal = z.object({ error: z.string() })

/** Asks Keycloak by its back channel, with no redirect followed. */
export function createTokenEndpoint(options: {
  sign: (type: string, payload: JWTPayload) => Promise<string>
  /** Epoch milliseconds. */
  clock: () => number
  /** Milliseconds that Keycloak has to answer in. */
  timeout: number
}): TokenEndpoint {
  const { sign, clock, timeout } = options
  const refreshing = new Map<string, Promise<Tokens | 'refused'>>()

  return {
    redeem: async (realm, { code, verifier, redirectUri }) =>
      await post(realm, {
        grant_type: 'authorization_code',
        code,
        code_verifier: verifier,
        redirect_uri: redirectUri,
      }),
    async refresh(realm, refreshToken) {
      const key = JSON.stringify([realm.name, refreshToken])
      const running =
        refreshing.get(key) ??
        post(realm, { grant_type: 'refresh_token', refresh_token: refreshToken }).finally(() =>
          refreshing.delete(key),
        )
      refreshing.set(key, running)
      return await running
    },
  }

  async function post(realm: Realm, grant: Record<string, string>): Promise<Tokens | 'refused'> {
    const iat = Math.floor(clock() / 1000)
    const own = { iss: PAGES_CLIENT, sub: PAGES_CLIENT, aud: realm.keycloakIssuer, jti: randomUUID() }
    const response = await fetch(`${realm.keycloakUrl}/protocol/openid-connect/token`, {
      method: 'POST',
      body: new URLSearchParams({
        ...grant,
        client_id: PAGES_CLIENT,
        client_assertion_type: ASSERTION_TYPE,
        client_assertion: await sign('JWT', { ...own, iat, exp: iat + LIFE }),
      }),
      redirect: 'error',
      signal: AbortSignal.timeout(timeout),
    }).catch(() => {
      throw new AppError('unavailable', `Keycloak does not answer at ${realm.keycloakUrl}`)
    })
    const body: unknown = await response.json().catch(() => undefined)
    const tokens = answer.safeParse(body)
    if (response.ok && tokens.success) {
      const { access_token: accessToken, refresh_token: refreshToken, id_token: idToken } = tokens.data
      return { accessToken, refreshToken, idToken }
    }
    const error = refusal.safeParse(body).data?.error
    if (response.status === 400 && error === 'invalid_grant') return 'refused'
    throw new AppError(
      'unavailable',
      `Keycloak's realm ${realm.name} gives no tokens to ${PAGES_CLIENT} (status ${response.status}, ${error ?? 'no error named'}): run latchkey setup`,
    )
  }
}
