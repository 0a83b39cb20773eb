import { randomUUID } from 'node:crypto'
import type { JWTPayload } from 'jose'
import type { Realm } from '../../core/realm.ts'
import { patience } from '../../patience.ts'
import { CLIENT_ID } from './setup/names.ts'

const ASSERTION_TYPE = 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer'
/** Seconds that an assertion lives. */
const LIFE = 60

/** What asking needs: the sidecar's keys, a clock in epoch milliseconds, and milliseconds that Keycloak may take. */
export interface TokenRequestOptions {
  sign: (type: string, payload: JWTPayload) => Promise<string>
  clock: () => number
  timeout: number
  /** Told of every request whether Keycloak answered it, with a refusal too. */
  asked?: (realm: string, answered: boolean) => void
}

/**
 * Asks a realm's token endpoint as the sidecar's client, proved by the sidecar's keys (RFC 7523), by the back channel
 * and with no redirect followed. Rejects where Keycloak does not answer.
 */
export async function requestTokens(
  realm: Realm,
  grant: Record<string, string>,
  { sign, clock, timeout, asked }: TokenRequestOptions,
): Promise<Response> {
  const iat = Math.floor(clock() / 1000)
  const own = { iss: CLIENT_ID, sub: CLIENT_ID, aud: realm.keycloakIssuer, jti: randomUUID() }
  const assertion = await sign('JWT', { ...own, iat, exp: iat + LIFE })
  const proof = { client_assertion_type: ASSERTION_TYPE, client_assertion: assertion }
  try {
    const response = await post()
    asked?.(realm.name, response.status < 500)
    return response
  } catch (error) {
    asked?.(realm.name, false)
    throw error
  }

  async function post() {
    return await fetch(`${realm.keycloakUrl}/protocol/openid-connect/token`, {
      method: 'POST',
      body: new URLSearchParams({ ...grant, client_id: CLIENT_ID, ...proof }),
      redirect: 'error',
      signal: AbortSignal.timeout(patience(timeout)),
    })
  }
}
