import type { Request, RequestHandler } from 'express'
import { AppError } from '../../core/errors.ts'
import { owner, token } from '../../core/login/step.ts'
import type { Situation } from '../../core/login/transaction.ts'
import { presentDevice } from '../../core/login/trusted-device.ts'
import type { Presented } from '../../core/login/trusted-device.ts'
import type { Realm } from '../../core/realm.ts'
import { realmOf } from '../context.ts'
import type { WebContext } from '../context.ts'
import { aboutStep } from '../log.ts'
import { untilWritten } from '../retry.ts'
import { clearDeviceCookie, heldBy, setDeviceCookie } from './device-cookie.ts'
import { leave } from './leave.ts'
import { beginWithMessage } from './send.ts'
import { isBoundTo, setStepCookie, startAgain, stepPath } from './open.ts'

/** A browser at the beginning of a step. `secret` is for the cookie of the one that comes first. */
interface Arrival {
  situation: Situation
  secret: string | undefined
  /** What its cookie of a trusted device comes to; undefined where it has none, or none counts here. */
  device: Presented | undefined
}

/**
 * `GET /authorize`: binds the step to the first browser that comes, and leads it there; or back to Keycloak at once,
 * where the user is not asked on this device.
 */
export function bindBrowser(context: WebContext): RequestHandler {
  return async (request, response) => {
    const { realm } = realmOf(context, request.params['realm'])
    const address = request.ip ?? ''
    const { situation, secret, device } = await untilWritten(async () => {
      const arrival = await arrive(context, request, realm)
      const change = changeOf(arrival)
      if (change === undefined) return arrival
      return (await context.store.commit({ ...change, address })) === 'written' ? arrival : 'lost'
    })
    const { transaction } = situation
    aboutStep(transaction.id)
    if (secret !== undefined) setStepCookie(response, context, transaction, secret)
    if (device !== undefined) {
      context.metrics.trustedDevices.inc({ realm: realm.name, result: device.result })
    }
    if (device?.result === 'trusted') {
      setDeviceCookie(response, context, situation, device.cookie)
      leave(response, realm, transaction, { code: device.code })
      return
    }
    if (device?.result === 'copied' || device?.stale === true) clearDeviceCookie(response, context, situation)
    const path = stepPath(realm, transaction)
    if (secret === undefined) {
      response.redirect(303, path)
      return
    }
    const bound = { ...situation, transaction: { ...transaction, version: transaction.version + 1 } }
    const { query } = await beginWithMessage(context, bound, request)
    response.redirect(303, path + query)
  }
}

/** @throws AppError bad-request, expired or other-browser */
async function arrive(context: WebContext, request: Request, realm: Realm): Promise<Arrival> {
  const { client_id: client, request_uri: requestUri } = request.query
  if (client !== realm.keycloakIssuer || typeof requestUri !== 'string') {
    throw new AppError('bad-request', 'client_id or request_uri is missing or wrong')
  }
  const requestUriHash = context.kit().hash(requestUri)
  const situation = await context.store.situation(realm.name, { requestUriHash })
  const kit = context.kit()
  if (situation === undefined) {
    // The bridge pushed again since, or long ago: its own page leads on from there.
    throw new AppError('expired', 'the request_uri is not known', `${realm.keycloakIssuer}/account/`)
  }
  const { transaction } = situation
  if (transaction.browserHash === undefined) {
    if (Math.min(transaction.requestUri.expiresAt, transaction.expiresAt) <= kit.now) {
      throw new AppError('expired', 'the request_uri is too old', transaction.question.redirectUri)
    }
    const secret = token(kit)
    const bound = { ...situation, transaction: { ...transaction, browserHash: kit.hash(secret) } }
    return { situation: bound, secret, device: presented(context, request, bound) }
  }
  if (isBoundTo(transaction, request, context)) {
    const isAsking = transaction.stage.at === 'challenge' && transaction.expiresAt > kit.now
    return {
      situation,
      secret: undefined,
      device: isAsking ? presented(context, request, situation) : undefined,
    }
  }
  // An answer that never arrived took the step's cookie along: what the browser held before shows that it is the same.
  const isOver = transaction.stage.at === 'trusted' && transaction.expiresAt > kit.now
  const again = isOver ? presented(context, request, situation) : undefined
  if (again?.result === 'trusted') return { situation, secret: undefined, device: again }
  throw new AppError('other-browser', 'the step was begun elsewhere', startAgain(transaction, realm))
}

function presented(context: WebContext, request: Request, situation: Situation): Presented | undefined {
  const { trust, stage } = situation.transaction
  if (trust === undefined && stage.at !== 'trusted') return undefined
  const held = heldBy(context, request, situation)
  return held === undefined ? undefined : presentDevice(situation, held, context.kit())
}

function changeOf({ situation, secret, device }: Arrival) {
  if (device?.result === 'trusted') return device.change
  if (secret === undefined && device?.result !== 'copied') return undefined
  const { transaction } = situation
  return {
    ...owner(transaction),
    transaction: { next: transaction, version: transaction.version },
    ...(device?.result === 'copied' ? device.change : {}),
  }
}
