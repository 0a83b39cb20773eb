import { z } from 'zod'
import { AppError } from '../../core/errors.ts'
import type { Realm } from '../../core/realm.ts'
import { PAGES_CLIENT } from '../../core/pages/sign-in.ts'
import type { TokenEndpoint, Tokens } from '../../core/pages/sign-in.ts'
import { waited } from '../../patience.ts'
import { requestTokens } from './token-request.ts'
import type { TokenRequestOptions } from './token-request.ts'

const answer = z.object({
  access_token: z.string(),
  refresh_token: z.string(),
  id_token: z.string().optional(),
})
const refusal = z.object({ error: z.string() })

/** Asks Keycloak by its back channel, with no redirect followed. */
export function createTokenEndpoint(options: TokenRequestOptions): TokenEndpoint {
  const refreshing = new Map<string, Promise<Tokens | 'refused'>>()

  return {
    redeem: async (realm, { code, verifier, redirectUri }) =>
      await waited(
        post(realm, {
          grant_type: 'authorization_code',
          code,
          code_verifier: verifier,
          redirect_uri: redirectUri,
        }),
      ),
    async refresh(realm, refreshToken) {
      const key = JSON.stringify([realm.name, refreshToken])
      const running =
        refreshing.get(key) ??
        post(realm, { grant_type: 'refresh_token', refresh_token: refreshToken }).finally(() =>
          refreshing.delete(key),
        )
      refreshing.set(key, running)
      return await waited(running)
    },
  }

  async function post(realm: Realm, grant: Record<string, string>): Promise<Tokens | 'refused'> {
    const response = await requestTokens(realm, grant, options).catch(() => {
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
