import type { JWTVerifyGetKey } from 'jose'
import type { Realm } from '../../core/realm.ts'
import type { WebSession } from '../../core/pages/web-session.ts'
import type { WebContext } from '../context.ts'
import { LONGEST } from './cookie.ts'
import { rolesIn } from './verify-tokens.ts'

/** A session that nobody uses ends after this, milliseconds. */
const IDLE = 30 * 60_000

/** When a session ends that is used now; both epoch milliseconds. */
export function expiryOf(since: number, now: number): number {
  return Math.min(now + IDLE, since + LONGEST)
}

/** A session with the roles of this moment; `accessToken` is absent where another server was faster. */
interface Renewed {
  session: WebSession
  accessToken?: string
}

/**
 * Reads the roles again by a refresh (RFC 6749, section 6) and keeps what came of it. Undefined where Keycloak refuses,
 * or has ended the session meanwhile: then it is over here, too.
 * @throws AppError unavailable where Keycloak does not answer: nothing is kept then
 */
export async function renewSession(
  context: WebContext,
  trusted: { realm: Realm; keys: JWTVerifyGetKey },
  session: WebSession,
): Promise<Renewed | undefined> {
  const { realm } = trusted
  const tokens = await context.tokens.refresh(realm, session.visitor.refreshToken)
  const { now } = context.kit()
  // Where Keycloak takes each refresh token once, another server may have been faster with this one.
  if (tokens === 'refused') return await newer(context, session, now)
  const { accessToken, refreshToken } = tokens
  const roles = await rolesIn(accessToken, trusted, session, now)
  if (roles === undefined) return await newer(context, session, now)
  const next: WebSession = {
    ...session,
    visitor: { ...session.visitor, roles, refreshToken },
    rolesAt: now,
    expiresAt: expiryOf(session.visitor.since, now),
  }
  if (await context.sessions.renew(next, session)) return { session: next, accessToken }
  const kept = await context.sessions.find(realm.name, session.idHash, now)
  return kept && { session: kept, accessToken }
}

async function newer(
  { sessions }: WebContext,
  session: WebSession,
  now: number,
): Promise<Renewed | undefined> {
  const kept = await sessions.find(session.realm, session.idHash, now)
  if (kept !== undefined && kept.rolesAt > session.rolesAt) return { session: kept }
  await sessions.end(session.realm, session.idHash)
  return undefined
}
