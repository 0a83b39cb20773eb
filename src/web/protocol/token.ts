import type { RequestHandler } from 'express'
import type { Proof, Situation } from '../../core/login/transaction.ts'
import { AppError } from '../../core/errors.ts'
import { listingOf } from '../../core/login/listing.ts'
import { token } from '../../core/login/step.ts'
import { isStillTrusted } from '../../core/login/trusted-device.ts'
import { realmOf } from '../context.ts'
import type { WebContext } from '../context.ts'
import { aboutStep } from '../log.ts'
import { formField } from '../form.ts'
import { untilWritten } from '../retry.ts'
import { listingClaim } from './listing.ts'
import { ProtocolError } from './protocol-error.ts'
import { LEEWAY, verifySigned } from './verify-signed.ts'

const ASSERTION_TYPE = 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer'
const ID_TOKEN_LIFETIME = 60

/** `POST /token`: redeems a code once, against an assertion that the realm signed (RFC 7523). */
export function redeemCode(context: WebContext): RequestHandler {
  return async (request, response) => {
    const trusted = realmOf(context, request.params['realm'])
    const { realm } = trusted
    if (formField(request, 'grant_type') !== 'authorization_code') {
      throw new ProtocolError('unsupported_grant_type', 'grant_type must be authorization_code')
    }
    if (formField(request, 'client_assertion_type') !== ASSERTION_TYPE) {
      throw new ProtocolError('invalid_client', 'client_assertion_type must be jwt-bearer')
    }
    const assertion = formField(request, 'client_assertion')
    const verified = await verifySigned(assertion, 'client-authentication+jwt', trusted, context.kit().now)
    if (!verified.ok) {
      if (verified.unavailable) throw new AppError('unavailable', verified.why)
      throw new ProtocolError('invalid_client', verified.why)
    }
    const { sub, jti = '', exp = 0 } = verified.claims
    if (sub !== realm.keycloakIssuer)
      throw new ProtocolError('invalid_client', 'sub must be the realm issuer')

    const codeHash = context.kit().hash(formField(request, 'code'))
    const { transaction, proof, now, listing, credentials } = await untilWritten(async () => {
      const situation = await context.store.situation(realm.name, { codeHash })
      if (situation !== undefined) aboutStep(situation.transaction.id)
      const at = context.kit().now
      const given = provenBy(situation, formField(request, 'redirect_uri'), at)
      if (situation === undefined || given === undefined) {
        throw new ProtocolError(
          'invalid_grant',
          'the code is unknown, used, late, or of another redirect_uri',
        )
      }
      const found = situation.transaction
      const next = listingOf(situation.credentials, situation.listing, { now: at })
      const committed = await context.store.commit({
        realm: realm.name,
        userId: found.account.userId,
        once: { jti, expiresAt: (exp + LEEWAY) * 1000 },
        transaction: { next: { ...found, redeemed: true }, version: found.version },
        // What only let the user in opens none of our own pages.
        ...(given.exempt === undefined
          ? { verified: { sid: found.question.sid, level: given.level, at: given.at } }
          : {}),
        ...(next === undefined || next === situation.listing
          ? {}
          : { listing: { next, version: situation.listing?.version } }),
      })
      if (committed === 'replayed') throw new ProtocolError('invalid_client', 'jti was used before')
      return committed === 'lost'
        ? 'lost'
        : { transaction: found, proof: given, now: at, listing: next, credentials: situation.credentials }
    })

    const { account, question, failures } = transaction
    const iat = Math.floor(now / 1000)
    response.json({
      id_token: await context.signer.sign('JWT', {
        iss: realm.issuer,
        aud: realm.keycloakIssuer,
        sub: account.userId,
        nonce: question.nonce,
        sid: question.sid,
        iat,
        exp: iat + ID_TOKEN_LIFETIME,
        acr: String(proof.level),
        amr: proof.amr,
        ...(proof.exempt === undefined
          ? { auth_time: Math.floor(proof.at / 1000) }
          : { exempt: proof.exempt }),
        ...(proof.setUp === true ? { set_up: true } : {}),
        failures,
        ...listingClaim(listing, credentials, {
          registry: context.kit().registry,
          write: context.listing,
          locale: question.locale,
        }),
      }),
      access_token: token(context.kit()),
      token_type: 'Bearer',
      expires_in: 0,
    })
  }
}

/** What the step proved, or what stood in for it, where its code can still be redeemed. */
function provenBy(situation: Situation | undefined, redirectUri: string, now: number): Proof | undefined {
  if (situation === undefined) return undefined
  const { code, redeemed, question, stage } = situation.transaction
  const inTime = code !== undefined && now < code.expiresAt
  if (!inTime || redeemed || question.redirectUri !== redirectUri) return undefined
  // A step that began anew after its code was issued proves nothing yet.
  if (stage.at === 'trusted') {
    return isStillTrusted(situation.devices, stage)
      ? { amr: question.amr, level: 1, at: now, exempt: 'trusted-device' }
      : undefined
  }
  return stage.at === 'done' ? stage.proof : undefined
}
