import type { Response } from 'express'
import type { Realm } from '../../core/realm.ts'
import type { Transaction } from '../../core/transaction.ts'

/** Sends the browser back to Keycloak with the answer (RFC 6749 4.1.2, RFC 9207); the address keeps its query. */
export function leave(
  response: Response,
  realm: Realm,
  { question }: Transaction,
  answer: { code: string } | { error: 'access_denied' },
): void {
  const separator = question.redirectUri.includes('?') ? '&' : '?'
  const query = new URLSearchParams({ ...answer, state: question.state, iss: realm.issuer })
  response.redirect(302, `${question.redirectUri}${separator}${query.toString()}`)
}
