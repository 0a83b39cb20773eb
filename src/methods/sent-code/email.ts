import { z } from 'zod'
import { maskAddress } from '../../core/notices/mail.ts'
import type { Account, Method, MethodContext, Shown, Verdict } from '../../core/method.ts'
import { checkCode, newCode, sentCode } from './code.ts'
import type { SentCode } from './code.ts'

const stored = z.object({ address: z.string() })

const kept = z.object({
  /** Where the codes go: the user's address in Keycloak when the step began. */
  address: z.string().optional(),
  sent: sentCode.optional(),
})

type Address = z.infer<typeof stored>
type Kept = z.infer<typeof kept>

/**
 * Codes by e-mail, to the address that the user had in Keycloak at the set-up: a later one is not a destination by
 * itself, since the password alone may be enough to change it (R25). Does not meet NIST SP 800-63B-4, 3.1.3.1; RFC 8176
 * has no name for it (R21).
 */
export const email: Method<Address, Kept> = {
  id: 'email',
  level: 2,
  companion: false,
  sends: 'email',
  single: true,

  read: (json) => stored.parse(json),

  beginEnrolment: ({ email: address }) => ({ keep: address === undefined ? {} : { address } }),

  sendEnrolment(state, account, context) {
    const { address } = kept.parse(state)
    return address === undefined ? undefined : sending(address, account, context)
  },

  showEnrolment(state) {
    const { address, sent } = kept.parse(state)
    return address === undefined ? { kind: 'unusable' } : shownOf(address, sent)
  },

  finishEnrolment(state, answer, account, context) {
    const { address = '', sent } = kept.parse(state)
    return accept({ address }, sent, answer, account, context)
  },

  sendChallenge: ({ address }, account, context) => sending(address, account, context),

  showChallenge: ({ address }, state) => shownOf(address, kept.optional().parse(state)?.sent),

  finishChallenge: (credential, state, answer, account, context) =>
    accept(credential, kept.optional().parse(state)?.sent, answer, account, context),
}

function sending(address: string, account: Account, context: MethodContext) {
  const { send, code } = newCode('email', address, account, context)
  return { keep: { address, sent: code }, send }
}

function shownOf(address: string, code: SentCode | undefined): Shown {
  return { kind: 'sent-code', to: maskAddress(address), fixed: true, digits: code?.digits }
}

function accept(
  credential: Address,
  code: SentCode | undefined,
  answer: string,
  account: Account,
  context: MethodContext,
): Verdict<Address> {
  const found = checkCode(credential.address, code, answer, account, context)
  return found === 'right' ? { ok: true, credential } : { ok: false, error: found }
}
