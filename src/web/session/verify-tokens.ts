import { errors, jwtVerify } from 'jose'
import type { JWTPayload, JWTVerifyGetKey } from 'jose'
import { z } from 'zod'
import { AppError } from '../../core/errors.ts'
import type { Realm } from '../../core/realm.ts'
import { PAGES_CLIENT } from '../../core/pages/sign-in.ts'
import { ALGORITHMS, LEEWAY, NO_KEYS } from '../protocol/verify-signed.ts'

interface Trusted {
  realm: Realm
  keys: JWTVerifyGetKey
}

const text = z.string().min(1).max(255)
const seconds = z.number().nonnegative()

// Keycloak signs every kind of token by the same keys, with the same `typ` in the header.
const idToken = z.object({
  typ: z.literal('ID'),
  aud: z.union([z.literal(PAGES_CLIENT), z.tuple([z.literal(PAGES_CLIENT)])]),
  azp: z.literal(PAGES_CLIENT).optional(),
  sub: text,
  sid: text,
  nonce: text,
  iat: seconds,
  auth_time: seconds,
  preferred_username: text.optional(),
  locale: text.optional(),
})
const accessToken = z.object({
  typ: z.literal('Bearer'),
  azp: z.literal(PAGES_CLIENT),
  sub: text,
  sid: text,
  realm_access: z.object({ roles: z.array(z.string()) }).optional(),
})

/** What an ID token says. Times are epoch milliseconds. */
export interface Identity {
  userId: string
  sid: string
  username: string
  locale: string | undefined
  authTime: number
}

/**
 * Checks an ID token whole (OpenID Connect Core 1.0, 3.1.3.7): signature by the realm's keys, issuer, the one audience,
 * nonce, age, and that it names a session. Undefined where it is not in order.
 * @param now epoch milliseconds
 * @throws AppError unavailable where the realm's keys can't be had
 */
export async function verifyIdToken(
  token: string,
  trusted: Trusted,
  nonce: string,
  now: number,
): Promise<Identity | undefined> {
  const claims = idToken.safeParse(await verify(token, trusted, now, PAGES_CLIENT)).data
  if (claims === undefined || claims.nonce !== nonce) return undefined
  if (claims.iat * 1000 > now + LEEWAY * 1000) return undefined
  return {
    userId: claims.sub,
    sid: claims.sid,
    username: claims.preferred_username ?? claims.sub,
    locale: claims.locale,
    authTime: claims.auth_time * 1000,
  }
}

/**
 * The realm roles in an access token of this user's session; undefined where the token is another's or not in order.
 * @param now epoch milliseconds
 * @throws AppError unavailable where the realm's keys can't be had
 */
export async function rolesIn(
  token: string,
  trusted: Trusted,
  { userId, sid }: Pick<Identity, 'userId' | 'sid'>,
  now: number,
): Promise<string[] | undefined> {
  const claims = accessToken.safeParse(await verify(token, trusted, now)).data
  if (claims === undefined || claims.sub !== userId || claims.sid !== sid) return undefined
  return claims.realm_access?.roles ?? []
}

async function verify(
  token: string,
  { realm, keys }: Trusted,
  now: number,
  audience?: string,
): Promise<JWTPayload | undefined> {
  try {
    const { payload } = await jwtVerify(token, keys, {
      algorithms: ALGORITHMS,
      typ: 'JWT',
      issuer: realm.keycloakIssuer,
      clockTolerance: LEEWAY,
      requiredClaims: ['iat', 'exp'],
      currentDate: new Date(now),
      ...(audience === undefined ? {} : { audience }),
    })
    return payload
  } catch (error) {
    if (error instanceof errors.JOSEError && !NO_KEYS.has(error.code)) return undefined
    throw new AppError('unavailable', "the realm's keys can't be had")
  }
}
