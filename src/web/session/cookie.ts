import { createHash } from 'node:crypto'
import { parseCookie } from 'cookie'
import type { CookieOptions, Request, Response } from 'express'
import { z } from 'zod'
import type { Realm } from '../../core/realm.ts'
import type { WebContext } from '../context.ts'

/** A session lives at most this long, milliseconds. */
export const LONGEST = 8 * 60 * 60_000
/** How long Keycloak and the user have between the beginning of a login and its end, milliseconds. */
const LOGIN_LIFE = 30 * 60_000

/** SHA-256 of the session's cookie that the request carries for this realm; undefined where it carries none. */
export function sessionHash(context: WebContext, realm: Realm, request: Request): string | undefined {
  const value = cookieOf(request, sessionName(context, realm))
  return value === undefined ? undefined : context.kit().hash(value)
}

export function setSessionCookie(
  response: Response,
  context: WebContext,
  realm: Realm,
  secret: string,
): void {
  response.cookie(sessionName(context, realm), secret, { ...options(context), maxAge: LONGEST })
}

export function clearSessionCookie(response: Response, context: WebContext, realm: Realm): void {
  response.clearCookie(sessionName(context, realm), options(context))
}

const begunLogin = z.object({ secret: z.string(), to: z.string(), fresh: z.boolean() })

/** What a browser keeps of a login that it began: a secret, where to go then, and whether the password was asked for. */
export type Begun = z.infer<typeof begunLogin>

/** Logins of several tabs stay apart: each cookie is named by its `state`. */
export function setLoginCookie(response: Response, context: WebContext, state: string, begun: Begun): void {
  const value = Buffer.from(JSON.stringify(begun)).toString('base64url')
  response.cookie(loginName(context, state), value, { ...options(context), maxAge: LOGIN_LIFE })
}

/** Takes the cookie of a login; it is good once. Undefined where this browser began no such login. */
export function takeLoginCookie(
  request: Request,
  response: Response,
  context: WebContext,
  state: string,
): Begun | undefined {
  const name = loginName(context, state)
  const value = cookieOf(request, name)
  if (value === undefined) return undefined
  response.clearCookie(name, options(context))
  try {
    return begunLogin.safeParse(JSON.parse(Buffer.from(value, 'base64url').toString())).data
  } catch {
    return undefined
  }
}

/** The token of a link that this browser's user wants to use, while they give the password. */
export function setLinkCookie(response: Response, context: WebContext, realm: Realm, token: string): void {
  response.cookie(linkName(context, realm), token, { ...options(context), maxAge: LOGIN_LIFE })
}

/** The token that the request carries for this realm; undefined where it carries none. */
export function linkCookie(context: WebContext, realm: Realm, request: Request): string | undefined {
  return cookieOf(request, linkName(context, realm))
}

export function clearLinkCookie(response: Response, context: WebContext, realm: Realm): void {
  response.clearCookie(linkName(context, realm), options(context))
}

function cookieOf(request: Request, name: string): string | undefined {
  return parseCookie(request.headers.cookie ?? '')[name]
}

function sessionName(context: WebContext, realm: Realm): string {
  return `${prefix(context)}lk-session-${short(realm.name)}`
}

function linkName(context: WebContext, realm: Realm): string {
  return `${prefix(context)}lk-link-${short(realm.name)}`
}

function loginName(context: WebContext, state: string): string {
  return `${prefix(context)}lk-login-${short(state)}`
}

function short(text: string): string {
  return createHash('sha256').update(text).digest('hex').slice(0, 16)
}

function options(context: WebContext): CookieOptions {
  return { httpOnly: true, secure: isSecure(context), sameSite: 'lax', path: '/' }
}

/** Some browsers refuse Secure cookies on http://localhost. */
function prefix(context: WebContext): string {
  return isSecure(context) ? '__Host-' : ''
}

function isSecure({ origin }: WebContext): boolean {
  return origin.startsWith('https:')
}
