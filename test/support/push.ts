import { NO_ATTEMPTS } from '../../src/core/login/lockout.ts'
import type { Background } from '../../src/core/ports.ts'
import type { Push, Reply } from '../../src/core/login/question.ts'
import type { Transaction } from '../../src/core/login/transaction.ts'
import { ACCOUNT, NOW, PROOF, settingsOf, transactionOf } from './kit.ts'

/** A push of a user without groups, roles or methods. */
export function pushOf(change: Partial<Push> = {}): Push {
  return {
    account: ACCOUNT,
    question: transactionOf({ at: 'done', proof: PROOF }).question,
    claims: { groups: [], roles: [], purpose: 'login', level: 1 },
    listed: { ids: [], version: undefined },
    once: { jti: 'jti-1', expiresAt: NOW + 70_000 },
    loginExpiresAt: NOW + 900_000,
    ...change,
  }
}

/** What the store would have of them in a realm that is Required. */
export function backgroundOf(change: Partial<Background> = {}): Background {
  return {
    settings: settingsOf({ enforcement: 'required' }),
    rules: [],
    proposals: [],
    graceStarts: new Map(),
    gone: false,
    toldRoles: undefined,
    toldLookup: undefined,
    override: undefined,
    credentials: [],
    attempts: NO_ATTEMPTS,
    devices: [],
    transaction: undefined,
    ...change,
  }
}

type Needed = Extract<Reply, { needed: true }> & { step: { requestUri: string } }

/** The reply, where a step is needed. */
export function needed(reply: Reply): Needed {
  if (!('needed' in reply) || !reply.needed || reply.step === undefined) {
    throw new Error(`no step: ${JSON.stringify(reply)}`)
  }
  return { ...reply, step: reply.step }
}

/** The transaction that a reply makes or brings back. */
export const stepOf = (reply: Needed): Transaction => (reply.change.insert ?? reply.change.transaction?.next)!
