import { createHash, timingSafeEqual } from 'node:crypto'
import { parseCookie } from 'cookie'
import type { Request, Response } from 'express'
import { AppError } from '../../core/errors.ts'
import type { Realm } from '../../core/realm.ts'
import type { Situation, Transaction } from '../../core/login/transaction.ts'
import { realmOf } from '../context.ts'
import type { WebContext } from '../context.ts'
import { aboutStep } from '../log.ts'
import { sessionHash } from '../session/cookie.ts'

/** The cookie outlives its step by this, milliseconds: only then can a page say that time ran out. */
const AFTERGLOW = 60 * 60_000

/** A step that the browser that began it has opened. */
export interface Opened {
  realm: Realm
  situation: Situation
  /** The address of the step's pages. */
  path: string
}

/**
 * Opens the step that the path names, for the browser whose cookie it is bound to.
 * @throws AppError not-found, other-browser or expired
 */
export async function openStep(context: WebContext, request: Request): Promise<Opened> {
  const { realm } = realmOf(context, request.params['realm'])
  const id = request.params['id']
  const isId = typeof id === 'string' && /^[\w-]{1,64}$/.test(id)
  const situation = isId ? await context.store.situation(realm.name, { id }) : undefined
  if (situation === undefined) throw new AppError('not-found', 'there is no such step', accountConsole(realm))
  const { transaction } = situation
  aboutStep(transaction.id)
  if (!isBoundTo(transaction, request, context)) {
    throw new AppError('other-browser', 'the step belongs to another browser', startAgain(transaction, realm))
  }
  if (transaction.redeemed) return { realm, situation, path: stepPath(realm, transaction) }
  if (transaction.expiresAt <= context.kit().now) {
    throw new AppError('expired', 'the step took too long', transaction.question.redirectUri)
  }
  if (!(await isOfItsSession(context, realm, request, transaction))) {
    throw new AppError('expired', 'the session of the step is over', transaction.question.redirectUri)
  }
  return { realm, situation, path: stepPath(realm, transaction) }
}

/** A step of our own pages ends with the session that it began in. */
async function isOfItsSession(
  context: WebContext,
  realm: Realm,
  request: Request,
  { question, account }: Transaction,
): Promise<boolean> {
  if (question.own === undefined) return true
  const idHash = sessionHash(context, realm, request)
  if (idHash === undefined) return false
  const session = await context.sessions.find(realm.name, idHash, context.kit().now)
  return session?.userId === account.userId && session.sid === question.sid
}

export function stepPath(realm: Realm, transaction: Transaction): string {
  return `${realm.base}/step/${transaction.id}`
}

/** Where a user whose step can't go on begins anew: the application, else the account console. */
export function startAgain(transaction: Transaction, realm: Realm): string {
  return transaction.question.clientUri ?? accountConsole(realm)
}

function accountConsole(realm: Realm): string {
  return `${realm.keycloakIssuer}/account/`
}

/** Gives this browser the step's cookie. `value` is the secret whose hash the transaction keeps. */
export function setStepCookie(
  response: Response,
  context: WebContext,
  transaction: Transaction,
  value: string,
): void {
  response.cookie(cookieName(context, transaction.id), value, {
    httpOnly: true,
    secure: isSecure(context),
    sameSite: 'lax',
    path: '/',
    maxAge: Math.max(0, transaction.expiresAt - context.kit().now) + AFTERGLOW,
  })
}

/** True where the request carries the cookie of the browser that began the step. */
export function isBoundTo(transaction: Transaction, request: Request, context: WebContext): boolean {
  const value = parseCookie(request.headers.cookie ?? '')[cookieName(context, transaction.id)]
  if (value === undefined || transaction.browserHash === undefined) return false
  return timingSafeEqual(digest(context.kit().hash(value)), digest(transaction.browserHash))
}

function digest(text: string): Buffer {
  return createHash('sha256').update(text).digest()
}

function cookieName(context: WebContext, id: string): string {
  return `${cookiePrefix(context)}lk-${id}`
}

/** Some browsers refuse Secure cookies on http://localhost. */
export function cookiePrefix(context: WebContext): string {
  return isSecure(context) ? '__Host-' : ''
}

export function isSecure(context: WebContext): boolean {
  return context.origin.startsWith('https:')
}
