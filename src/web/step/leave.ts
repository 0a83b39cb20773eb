import type { Response } from 'express'
import type { Realm } from '../../core/realm.ts'
import type { Transaction } from '../../core/login/transaction.ts'

/**
 * Sends the browser back to Keycloak with the answer (RFC 6749 4.1.2, RFC 9207); the address keeps its query. A step of
 * our own pages is left without an answer: to where its page said that a cancel leads.
 */
export function leave(
  response: Response,
  realm: Realm,
  { question }: Transaction,
  answer: { code: string } | { error: 'access_denied' },
): void {
  if (question.own !== undefined) {
    response.redirect(303, question.own.cancelled)
    return
  }
  const separator = question.redirectUri.includes('?') ? '&' : '?'
  const query = new URLSearchParams({ ...answer, state: question.state, iss: realm.issuer })
  response.redirect(302, `${question.redirectUri}${separator}${query.toString()}`)
}
