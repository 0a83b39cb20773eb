import { beginSetUp } from './enrolment.ts'
import { firstAsked } from './first-asked.ts'
import { linkStage } from './link.ts'
import { decisionEntries, learned } from './learned.ts'
import type { Account } from '../method.ts'
import { decide, isNeeded } from '../policy/policy.ts'
import type { Claims, Decision, PolicyInput } from '../policy/policy.ts'
import type { Background, Change } from '../ports.ts'
import { listingOf } from './listing.ts'
import type { Listed, Listing } from './listing.ts'
import { somethingToSign, token } from './step.ts'
import type { Kit } from './step.ts'
import type { Question, Situation, Stage, Transaction } from './transaction.ts'

/** A request_uri is good for this long, milliseconds (RFC 9126 advises 5 to 600 s). */
export const REQUEST_URI_LIFETIME = 60_000

/** A pushed question, checked. Times are epoch milliseconds. */
export interface Push {
  account: Account
  question: Question
  claims: Claims
  /** What Keycloak lists of the user's methods. */
  listed: Listed
  once: { jti: string; expiresAt: number }
  loginExpiresAt: number
  /** The browser's network address, as Keycloak sees it. */
  address?: string
}

/** What a push comes to. `listing`: what Keycloak is to list. `refused`: the nonce belongs to another user, or its answer was redeemed already. */
export type Reply =
  | { needed: false; decision: Decision; change: Change; listing: Listing | undefined }
  | {
      needed: true
      decision: Decision
      change: Change
      listing: Listing | undefined
      step?: { requestUri: string; failures: Transaction['failures'] }
    }
  | { refused: string }

/**
 * Decides about a push from the claims as they are now, and prepares or resumes its transaction: a known nonce brings
 * back the same step, without new tries and without a new browser. A grant that has no browser gets no step. Pure.
 */
export function answerPush(push: Push, background: Background, kit: Kit): Reply {
  const { settings, credentials, attempts, transaction: known } = background
  const { realm, userId } = push.account
  if (known !== undefined && known.account.userId !== userId)
    return { refused: 'the nonce belongs to another login' }
  if (known?.redeemed === true) return { refused: 'the nonce was spent' }

  const input: PolicyInput = {
    settings,
    rules: background.rules,
    override: background.override,
    enrolled: credentials,
    claims: push.claims,
    registry: kit.registry,
    unavailable: kit.unavailable,
    graceStarts: background.graceStarts,
    now: kit.now,
  }
  const decision = decide(input)
  const listing = listingOf(credentials, background.listing, { listed: push.listed, now: kit.now })
  const change: Change = {
    realm,
    userId,
    once: push.once,
    ...learned(push, background, decision, kit),
    ...(listing === undefined || listing === background.listing
      ? {}
      : { listing: { next: listing, version: background.listing?.version } }),
  }
  const audited = (step?: string) => [
    ...(change.audit ?? []),
    ...decisionEntries(push, background, { input, decision }, kit, step),
  ]
  if (!isNeeded(decision))
    return { needed: false, decision, listing, change: { ...change, audit: audited() } }
  if (push.claims.purpose === 'direct') {
    return { needed: true, decision, listing, change: { ...change, audit: audited() } }
  }

  // Asking again buys no time; once it ran out, everything begins anew, and with it the time.
  const live = known !== undefined && known.expiresAt > kit.now ? known : undefined
  const requestUri = `urn:ietf:params:oauth:request_uri:${token(kit)}`
  const failures = { from: known?.failures.from ?? attempts.reported, to: attempts.total }
  const fresh: Transaction = {
    id: known?.id ?? kit.random(16).toString('base64url'),
    version: known?.version ?? 0,
    account: { ...push.account, issuer: settings.issuerName ?? push.account.issuer },
    question: { ...push.question, locale: known?.question.locale ?? push.question.locale },
    because: decision.because,
    methods: decision.methods,
    proofs: decision.proofs,
    stage: known?.stage ?? { at: 'blocked', reason: 'no-method-allowed' },
    ...(live?.linked === true ? { linked: true } : {}),
    failures,
    expiresAt: Math.min(push.loginExpiresAt, live?.expiresAt ?? kit.now + settings.stepSeconds * 1000),
    browserHash: known?.browserHash,
    requestUri: { hash: kit.hash(requestUri), expiresAt: kit.now + REQUEST_URI_LIFETIME },
    code: known?.code,
    redeemed: false,
  }
  const situation: Situation = { settings, credentials, attempts, transaction: fresh }
  if (live === undefined || !stillFits(live, decision)) fresh.stage = firstStage(decision, situation, kit)
  if (known === undefined) {
    change.insert = fresh
    change.audit = audited(fresh.id)
  } else {
    change.transaction = { next: fresh, version: known.version }
  }
  if (failures.to > attempts.reported) change.reported = failures.to
  return { needed: true, decision, listing, change, step: { requestUri, failures } }
}

/** Whether a step can go on where it stood, under the decision as it is now. */
function stillFits({ stage, linked }: Transaction, { action, proofs, methods }: Decision): boolean {
  const setsUpFirst = action.do === 'enrol' || (action.do === 'enrol-by-link' && linked === true)
  const isAllowed = (method: string | undefined) => method === undefined || methods.includes(method)
  switch (stage.at) {
    case 'challenge':
      return action.do === 'challenge' && stage.then === action.then && proofs.includes(stage.method)
    case 'enrol':
      return stage.proven === undefined
        ? setsUpFirst && isAllowed(stage.method)
        : action.do === 'challenge' && action.then === 'enrol' && isAllowed(stage.method)
    case 'save-codes':
      return isAllowed(stage.method) && (stage.proven === undefined ? setsUpFirst : action.do === 'challenge')
    case 'link':
      return action.do === 'enrol-by-link'
    case 'codes-low':
    case 'done':
      return action.do !== 'blocked'
    case 'blocked':
      return false
  }
}

function firstStage({ action, proofs }: Decision, situation: Situation, kit: Kit): Stage {
  switch (action.do) {
    case 'challenge': {
      const method = firstAsked(proofs, situation.credentials, kit.registry)
      if (method === undefined) throw new Error('a challenge without a method that stands alone')
      return { at: 'challenge', method, then: action.then, ...somethingToSign(method, kit) }
    }
    case 'enrol':
      return beginSetUp(situation, undefined, kit)
    case 'enrol-by-link':
      return linkStage(situation)
    case 'blocked':
      return { at: 'blocked', reason: action.reason }
    case 'skip':
    case 'enrol-later':
      throw new Error('a login that needs nothing has no stage')
  }
}
