import type { RequestHandler } from 'express'
import { AppError } from '../../core/errors.ts'
import { token } from '../../core/login/step.ts'
import { realmOf } from '../context.ts'
import type { WebContext } from '../context.ts'
import { untilWritten } from '../retry.ts'
import { beginWithMessage } from './send.ts'
import { isBoundTo, setStepCookie, startAgain, stepPath } from './open.ts'

/** `GET /authorize`: binds the step to the first browser that comes, and leads it there. */
export function bindBrowser(context: WebContext): RequestHandler {
  return async (request, response) => {
    const { realm } = realmOf(context, request.params['realm'])
    const { client_id: client, request_uri: requestUri } = request.query
    if (client !== realm.keycloakIssuer || typeof requestUri !== 'string') {
      throw new AppError('bad-request', 'client_id or request_uri is missing or wrong')
    }
    const requestUriHash = context.kit().hash(requestUri)
    const path = await untilWritten(async () => {
      const situation = await context.store.situation(realm.name, { requestUriHash })
      const kit = context.kit()
      if (situation === undefined) {
        // The bridge pushed again since, or long ago: its own page leads on from there.
        throw new AppError('expired', 'the request_uri is not known', `${realm.keycloakIssuer}/account/`)
      }
      const { transaction } = situation
      if (transaction.browserHash !== undefined) {
        if (isBoundTo(transaction, request, context)) return stepPath(realm, transaction)
        throw new AppError('other-browser', 'the step was begun elsewhere', startAgain(transaction, realm))
      }
      if (Math.min(transaction.requestUri.expiresAt, transaction.expiresAt) <= kit.now) {
        throw new AppError('expired', 'the request_uri is too old', transaction.question.redirectUri)
      }
      const secret = token(kit)
      const bound = { ...transaction, browserHash: kit.hash(secret) }
      const { userId } = transaction.account
      const change = { realm: realm.name, userId, transaction: { next: bound, version: transaction.version } }
      if ((await context.store.commit(change)) !== 'written') return 'lost'
      setStepCookie(response, context, transaction, secret)
      const now = { ...situation, transaction: { ...bound, version: transaction.version + 1 } }
      const { query } = await beginWithMessage(context, now, request)
      return stepPath(realm, transaction) + query
    })
    response.redirect(303, path)
  }
}
