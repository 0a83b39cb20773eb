import { parseCookie } from 'cookie'
import type { Request, Response } from 'express'
import type { Situation } from '../../core/login/transaction.ts'
import { isKnown } from '../../core/login/step.ts'
import { keyOf } from '../../core/login/trusted-device.ts'
import type { DeviceCookie, DeviceToken } from '../../core/login/trusted-device.ts'
import type { WebContext } from '../context.ts'
import { cookiePrefix, isSecure } from './open.ts'

/** What a cookie holds: an id and a secret of ours, both base64url. */
const HELD = /^([\w-]{16,64})\.([\w-]{40,64})$/

/** What the browser holds for the user of the step; undefined where it holds nothing that we could have given it. */
export function heldBy(context: WebContext, request: Request, situation: Situation): DeviceToken | undefined {
  const cookies = parseCookie(request.headers.cookie ?? '')
  for (const name of namesOf(context, situation)) {
    const [, id, secret] = HELD.exec(cookies[name] ?? '') ?? []
    if (id !== undefined && secret !== undefined) return { id, secret }
  }
  return undefined
}

/** Gives the browser the cookie of a trusted device, in place of any that it holds for the user. */
export function setDeviceCookie(
  response: Response,
  context: WebContext,
  situation: Situation,
  { id, secret, until }: DeviceCookie,
): void {
  const [name, ...older] = namesOf(context, situation)
  for (const old of older) response.clearCookie(old, options(context))
  const maxAge = Math.max(0, until - context.kit().now)
  response.cookie(name, `${id}.${secret}`, { ...options(context), maxAge })
}

export function clearDeviceCookie(response: Response, context: WebContext, situation: Situation): void {
  for (const name of namesOf(context, situation)) response.clearCookie(name, options(context))
}

/**
 * The names of the cookie, the one that is given now first. A name is of one realm and one user, so that several users
 * of a browser never share one (R15), and tells nobody who they are; it changes with the key that hashes it.
 */
function namesOf(context: WebContext, { transaction, devices }: Situation): [string, ...string[]] {
  const kit = context.kit()
  const { realm, userId } = transaction.account
  const text = JSON.stringify(['device cookie', realm, userId])
  const nameBy = (key?: string) =>
    `${cookiePrefix(context)}lk-device-${kit.mac(text, key).value.slice(0, 22)}`
  const newest = nameBy()
  const others = devices
    .map(keyOf)
    .filter((key) => isKnown(key, kit))
    .map(nameBy)
  return [newest, ...new Set(others.filter((name) => name !== newest))]
}

function options(context: WebContext) {
  return { httpOnly: true, secure: isSecure(context), sameSite: 'lax', path: '/' } as const
}
