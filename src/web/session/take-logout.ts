import type { RequestHandler } from 'express'
import { errors, jwtVerify } from 'jose'
import type { JWTPayload, JWTVerifyGetKey } from 'jose'
import { z } from 'zod'
import { AppError } from '../../core/errors.ts'
import type { Realm } from '../../core/realm.ts'
import { PAGES_CLIENT } from '../../core/pages/sign-in.ts'
import { realmOf } from '../context.ts'
import type { WebContext } from '../context.ts'
import { formField } from '../form.ts'
import { ProtocolError } from '../protocol/protocol-error.ts'
import { ALGORITHMS, LEEWAY, NO_KEYS } from '../protocol/verify-signed.ts'

const EVENT = 'http://schemas.openid.net/event/backchannel-logout'
/** Seconds that a logout token may be old. */
const AGE = 120

const text = z.string().min(1).max(255)
const logoutToken = z
  .object({
    aud: z.union([z.literal(PAGES_CLIENT), z.tuple([z.literal(PAGES_CLIENT)])]),
    events: z.object({ [EVENT]: z.record(z.string(), z.unknown()) }),
    iat: z.number(),
    jti: z.string().regex(/^[!-~]{1,128}$/),
    sub: text.optional(),
    sid: text.optional(),
    // Its absence is what an ID token can't have.
    nonce: z.undefined().optional(),
  })
  .refine(({ sub, sid }) => sub !== undefined || sid !== undefined, 'names neither sub nor sid')

/** `POST /backchannel-logout`: Keycloak says that a session, or all of a user's, is over (Back-Channel Logout 1.0). */
export function takeLogout(context: WebContext): RequestHandler {
  return async (request, response) => {
    const trusted = realmOf(context, request.params['realm'])
    const { name: realm } = trusted.realm
    const { now } = context.kit()
    const parsed = logoutToken.safeParse(await verify(formField(request, 'logout_token'), trusted, now))
    if (!parsed.success) {
      const why = parsed.error.issues.map(({ path, message }) => `${path.join('.')}: ${message}`)
      throw new ProtocolError('invalid_request', `logout_token: ${why.join('; ')}`)
    }
    const { sub, sid, jti, iat } = parsed.data
    if (Math.abs(now / 1000 - iat) > AGE + LEEWAY) {
      throw new ProtocolError('invalid_request', 'logout_token: it is not of this moment')
    }
    const once = { jti, expiresAt: (iat + AGE + 2 * LEEWAY) * 1000 }
    // First: a message that could not be carried out is taken again, and twice does no harm.
    if (sid !== undefined) await context.sessions.endAll(realm, { sid })
    else if (sub !== undefined) await context.sessions.endAll(realm, { userId: sub })
    const committed = await context.store.commit({ realm, userId: sub ?? '', once })
    if (committed === 'replayed') throw new ProtocolError('invalid_request', 'jti was used before')
    response.status(200).end()
  }
}

async function verify(
  token: string,
  { realm, keys }: { realm: Realm; keys: JWTVerifyGetKey },
  now: number,
): Promise<JWTPayload> {
  try {
    const { payload, protectedHeader } = await jwtVerify(token, keys, {
      algorithms: ALGORITHMS,
      issuer: realm.keycloakIssuer,
      audience: PAGES_CLIENT,
      clockTolerance: LEEWAY,
      requiredClaims: ['iat', 'jti', 'events'],
      currentDate: new Date(now),
    })
    // The specification recommends the second; Keycloak says the first.
    if (!['jwt', 'logout+jwt'].includes(protectedHeader.typ?.toLowerCase() ?? '')) {
      throw new ProtocolError('invalid_request', 'logout_token: it has another typ')
    }
    return payload
  } catch (error) {
    if (error instanceof ProtocolError) throw error
    if (error instanceof errors.JOSEError && !NO_KEYS.has(error.code)) {
      throw new ProtocolError('invalid_request', `logout_token: ${error.message}`)
    }
    throw new AppError('unavailable', "the realm's keys can't be had")
  }
}
