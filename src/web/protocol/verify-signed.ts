import { errors, jwtVerify } from 'jose'
import type { JWTPayload, JWTVerifyGetKey } from 'jose'
import type { Realm } from '../../core/realm.ts'

/** Asymmetric only: a key that is published must not be able to sign. */
export const ALGORITHMS = [
  'RS256',
  'RS384',
  'RS512',
  'PS256',
  'PS384',
  'PS512',
  'ES256',
  'ES384',
  'ES512',
  'EdDSA',
]
/** Seconds of difference between two clocks that are forgiven. */
export const LEEWAY = 10
/** Seconds that a signed message may live. */
const LONGEST_LIFE = 60

/** What jose calls a key set that did not come, came with another status than 200, or is none. */
export const NO_KEYS = new Set(['ERR_JWKS_TIMEOUT', 'ERR_JOSE_GENERIC', 'ERR_JWKS_INVALID'])

/** A message that passed, or why it did not; `unavailable`: the realm's keys could not be had. */
export type Verified = { ok: true; claims: JWTPayload } | { ok: false; why: string; unavailable?: true }

/**
 * Checks a message that the realm signed for this sidecar: signature by a published key of that realm, `typ`, issuer,
 * exactly one audience, age. Whether it was used before is for the database to say.
 */
export async function verifySigned(
  message: string,
  type: string,
  { realm, keys }: { realm: Realm; keys: JWTVerifyGetKey },
  now: number,
): Promise<Verified> {
  try {
    const { payload: claims } = await jwtVerify(message, keys, {
      algorithms: ALGORITHMS,
      typ: type,
      issuer: realm.keycloakIssuer,
      audience: realm.issuer,
      clockTolerance: LEEWAY,
      requiredClaims: ['iat', 'exp', 'jti'],
      currentDate: new Date(now),
    })
    const { aud, iat = 0, exp = 0, jti } = claims
    if (typeof aud !== 'string') return { ok: false, why: 'aud must be one string' }
    if (exp - iat > LONGEST_LIFE) return { ok: false, why: `exp must be at most ${LONGEST_LIFE} s after iat` }
    if (iat * 1000 > now + LEEWAY * 1000) return { ok: false, why: 'iat lies in the future' }
    if (typeof jti !== 'string' || !/^[!-~]{1,128}$/.test(jti)) return { ok: false, why: 'jti is not usable' }
    return { ok: true, claims }
  } catch (error) {
    if (error instanceof errors.JOSEError && !NO_KEYS.has(error.code))
      return { ok: false, why: error.message }
    // Also what fetch throws where Keycloak does not answer.
    return { ok: false, why: "the realm's keys can't be had", unavailable: true }
  }
}
