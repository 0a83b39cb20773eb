import { errors, jwtVerify } from 'jose'
import type { JWTPayload, JWTVerifyGetKey } from 'jose'
import { z } from 'zod'
import type { Realm } from '../../core/realm.ts'
import { ALGORITHMS, LEEWAY, NO_KEYS } from '../protocol/verify-signed.ts'
import type { Caller } from './endpoint.ts'
import { Problem } from './problem.ts'

/** The audience of access tokens for this API. */
export const API_AUDIENCE = 'latchkey-api'

const text = z.string().min(1).max(255)
const accessToken = z.object({
  // Keycloak signs ID tokens and refresh tokens by the same keys.
  typ: z.literal('Bearer'),
  sub: text,
  sid: text,
  azp: text,
  iat: z.number(),
  realm_access: z.object({ roles: z.array(z.string()) }).optional(),
})

/**
 * Who calls: the user of an access token that the realm issued for this API to one of the clients allowed (RFC 6750).
 *
 * @param header the `Authorization` header
 * @param now epoch milliseconds
 * @throws Problem unauthenticated, or unavailable where the realm's keys can't be had
 */
export async function authenticate(
  header: string | undefined,
  { realm, keys }: { realm: Realm; keys: JWTVerifyGetKey },
  clients: readonly string[],
  now: number,
): Promise<Omit<Caller, 'manages'>> {
  const token = /^Bearer +([\w~+/.-]+=*)$/i.exec(header ?? '')?.[1]
  if (token === undefined) throw missing(realm)
  const claims = await verify(token, { realm, keys }, now)
  const parsed = accessToken.safeParse(claims)
  if (!parsed.success) throw invalid(realm, 'it is no access token of a user')
  const { sub, sid, azp, iat, realm_access: access } = parsed.data
  if (iat * 1000 > now + LEEWAY * 1000) throw invalid(realm, 'it was issued in the future')
  if (!clients.includes(azp)) throw invalid(realm, 'it was issued to a client that this realm does not allow')
  return { userId: sub, sid, roles: new Set(access?.roles), accessToken: async () => token }
}

async function verify(
  token: string,
  { realm, keys }: { realm: Realm; keys: JWTVerifyGetKey },
  now: number,
): Promise<JWTPayload> {
  try {
    const { payload } = await jwtVerify(token, keys, {
      algorithms: ALGORITHMS,
      typ: 'JWT',
      issuer: realm.keycloakIssuer,
      audience: API_AUDIENCE,
      clockTolerance: LEEWAY,
      requiredClaims: ['iat', 'exp'],
      currentDate: new Date(now),
    })
    return payload
  } catch (error) {
    if (!(error instanceof errors.JOSEError) || NO_KEYS.has(error.code)) {
      throw new Problem('unavailable', "the realm's keys can't be had from Keycloak: try again later")
    }
    throw invalid(
      realm,
      error instanceof errors.JWTExpired ? 'it has expired' : 'it is not valid for this realm and API',
    )
  }
}

function missing({ base }: Realm): Problem {
  return new Problem(
    'unauthenticated',
    `send an access token with the audience ${API_AUDIENCE}, as "Authorization: Bearer …"`,
    { headers: { 'WWW-Authenticate': `Bearer realm="${base}"` } },
  )
}

function invalid({ base }: Realm, why: string): Problem {
  return new Problem('unauthenticated', `the access token was refused: ${why}; get a new one`, {
    headers: {
      'WWW-Authenticate': `Bearer realm="${base}", error="invalid_token", error_description="${why}"`,
    },
  })
}
