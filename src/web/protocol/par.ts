import type { RequestHandler } from 'express'
import { followConsole } from '../../core/login/console-deletions.ts'
import { REQUEST_URI_LIFETIME, answerPush } from '../../core/login/question.ts'
import { realmOf } from '../context.ts'
import type { WebContext } from '../context.ts'
import { aboutStep } from '../log.ts'
import { untilWritten } from '../retry.ts'
import { formField } from '../form.ts'
import { listingClaim } from './listing.ts'
import { ProtocolError } from './protocol-error.ts'
import { readQuestion } from './question.ts'
import { verifySigned } from './verify-signed.ts'
import { AppError } from '../../core/errors.ts'

const DECISION_LIFETIME = 30

/** `POST /par`: decision, push and health check in one (RFC 9126, RFC 9101). */
export function takeQuestion(context: WebContext): RequestHandler {
  return async (request, response) => {
    const found = realmOf(context, request.params['realm'])
    const { realm } = found
    if (formField(request, 'client_id') !== realm.keycloakIssuer) {
      throw new ProtocolError('invalid_client', 'client_id must be the realm issuer')
    }
    const message = formField(request, 'request')
    const verified = await verifySigned(message, 'oauth-authz-req+jwt', found, context.kit().now)
    if (!verified.ok) {
      if (verified.unavailable) throw new AppError('unavailable', verified.why)
      throw new ProtocolError('invalid_request_object', verified.why)
    }
    const push = readQuestion(verified.claims, realm)
    const { account, question, once } = push

    const { reply, now, credentials } = await untilWritten(async () => {
      const background = await context.store.background(realm.name, account.userId, question.nonce)
      const kit = context.kit()
      const deletion = followConsole(push, background, kit)
      if (deletion !== undefined) {
        await context.store.commit(deletion)
        // Whatever came of it: the push is decided from what is left.
        return 'lost'
      }
      const answered = answerPush(push, background, kit)
      if ('refused' in answered) throw new ProtocolError('invalid_request', answered.refused)
      const step = answered.change.insert ?? answered.change.transaction?.next
      if (step !== undefined) aboutStep(step.id)
      const committed = await context.store.commit(answered.change)
      if (committed === 'replayed') throw new ProtocolError('invalid_request_object', 'jti was used before')
      return committed === 'lost'
        ? 'lost'
        : { reply: answered, now: kit.now, credentials: background.credentials }
    })

    context.metrics.pushes.inc({
      realm: realm.name,
      result: reply.needed ? 'needed' : 'not-needed',
      because: reply.decision.because.rule,
    })
    for (const { id, method, unreadable: why } of credentials) {
      if (why === undefined) continue
      context.log.error(
        { realm: realm.name, user: account.userId, credential: id, method, why },
        'no key opens a method of this user',
      )
    }
    const step = reply.needed ? reply.step : undefined
    const iat = Math.floor(now / 1000)
    const decision = await context.signer.sign('latchkey-decision+jwt', {
      iss: realm.issuer,
      aud: realm.keycloakIssuer,
      sub: account.userId,
      jti: once.jti,
      nonce: question.nonce,
      iat,
      exp: iat + DECISION_LIFETIME,
      needed: reply.needed,
      because: reply.decision.because,
      ...listingClaim(reply.listing, credentials, {
        registry: context.kit().registry,
        write: context.listing,
        locale: question.locale,
      }),
      ...(step === undefined
        ? {}
        : {
            request_uri: step.requestUri,
            request_uri_expires_at: iat + REQUEST_URI_LIFETIME / 1000,
            failures: step.failures,
          }),
    })
    const expires = REQUEST_URI_LIFETIME / 1000
    const pushed = step === undefined ? {} : { request_uri: step.requestUri, expires_in: expires }
    response.status(reply.needed ? 201 : 200).json({ decision, ...pushed })
  }
}
