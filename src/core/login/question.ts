import { isCountdownDue } from './countdown.ts'
import { beginSetUp } from './enrolment.ts'
import { firstAsked } from './first-asked.ts'
import { linkStage } from './link.ts'
import { decisionEntries, learned } from './learned.ts'
import type { Account } from '../method.ts'
import { firstSetUp } from '../policy/action.ts'
import { decide, isNeeded } from '../policy/policy.ts'
import type { Claims, Decision, PolicyInput } from '../policy/policy.ts'
import type { Background, Change } from '../ports.ts'
import { isExemptable, somethingToSign, token } from './step.ts'
import { lockedFor } from './lockout.ts'
import { deviceOfSession, trustedBecause } from './trusted-device.ts'
import { listingOf } from './listing.ts'
import type { Listed, Listing } from './listing.ts'
import type { Kit } from './step.ts'
import type { Exempt, Question, Situation, Stage, Transaction } from './transaction.ts'

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
  /** Whether the login rests on a session that a trusted device entered. */
  trustedSession?: boolean
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
  const { settings, credentials, attempts, devices, transaction: known } = background
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
    unavailable: kit.unavailable(settings),
    graceStarts: background.graceStarts,
    now: kit.now,
  }
  const decision = throughDevice(decide(input), push, background, kit)
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
  const countdown = decision.action.do === 'enrol-later' && offersSetUp(push, decision, background, kit)
  if (!isNeeded(decision) && !countdown)
    return { needed: false, decision, listing, change: { ...change, audit: audited() } }
  if (push.claims.purpose === 'direct') {
    return { needed: true, decision, listing, change: { ...change, audit: audited() } }
  }

  // Asking again buys no time; once it ran out, everything begins anew, and with it the time.
  const live = known !== undefined && known.expiresAt > kit.now ? known : undefined
  const { trustedDays, enforcement } = decision
  const requestUri = `urn:ietf:params:oauth:request_uri:${token(kit)}`
  const failures = { from: known?.failures.from ?? attempts.reported, to: attempts.total }
  const fresh: Transaction = {
    id: known?.id ?? kit.random(16).toString('base64url'),
    version: known?.version ?? 0,
    account: { ...push.account, issuer: settings.issuerName ?? push.account.issuer },
    question: { ...push.question, locale: known?.question.locale ?? push.question.locale },
    because: decision.because,
    ...(trustedDays === undefined ? {} : { trust: { days: trustedDays, enforcement } }),
    methods: decision.methods,
    proofs: decision.proofs,
    stage: known?.stage ?? { at: 'blocked', reason: 'no-method-allowed' },
    ...(live?.linked === true ? { linked: true } : {}),
    ...(decision.action.do === 'enrol-later' ? { grace: decision.action.until } : {}),
    ...(countdown && firstSetUp(settings, push.claims).do === 'enrol-by-link' ? { byLink: true } : {}),
    failures,
    expiresAt: Math.min(push.loginExpiresAt, live?.expiresAt ?? kit.now + settings.stepSeconds * 1000),
    browserHash: known?.browserHash,
    requestUri: { hash: kit.hash(requestUri), expiresAt: kit.now + REQUEST_URI_LIFETIME },
    code: known?.code,
    redeemed: false,
  }
  const situation: Situation = { settings, credentials, attempts, devices, transaction: fresh }
  if (live === undefined || !stillFits(fresh, decision)) fresh.stage = firstStage(decision, situation, kit)
  if (known === undefined) {
    change.insert = fresh
    change.audit = audited(fresh.id)
  } else {
    change.transaction = { next: fresh, version: known.version }
  }
  if (failures.to > attempts.reported) change.reported = failures.to
  return { needed: true, decision, listing, change, step: { requestUri, failures } }
}

/**
 * The decision where the session was entered by a device that is still trusted: nothing more is asked for within it. A
 * single sign-on shows no cookie, and applications ask for it where no browser can be led away (`prompt=none`).
 */
function throughDevice(
  decision: Decision,
  { question, trustedSession }: Push,
  { devices, attempts }: Background,
  { now }: Kit,
): Decision {
  const { trustedDays: days, because } = decision
  if (days === undefined || trustedSession !== true || lockedFor(attempts, now) > 0) return decision
  const found = deviceOfSession(devices, { sid: question.sid, days, now })
  if (found === undefined) return decision
  return { ...decision, action: { do: 'skip' }, because: trustedBecause(because, found.until) }
}

/**
 * Whether a login in grace offers the set-up first: in a browser, where there is something to set up. A step that it
 * began goes on, whatever was put off meanwhile.
 */
function offersSetUp(
  { claims, account }: Push,
  { methods }: Decision,
  { putOffAt, settings, transaction }: Background,
  { registry, now }: Kit,
): boolean {
  // Where it can't be put off, a login in grace goes on without having been asked.
  if (!isExemptable(claims) || !methods.some((id) => registry.get(id)?.companion === false)) return false
  const first = firstSetUp(settings, claims)
  const leads =
    first.do === 'enrol-by-link'
      ? linkStage({ settings, transaction: { account } }).at === 'link'
      : first.do === 'enrol'
  const isOpen = transaction !== undefined && transaction.stage.at !== 'done'
  return leads && (isOpen || isCountdownDue(putOffAt, settings, now))
}

/** Whether a step can go on where it stood, under the decision as it is now. */
function stillFits(step: Transaction, decision: Decision): boolean {
  const { stage, question, linked, byLink } = step
  const { action, proofs, methods } = decision
  const isAllowed = (method: string | undefined) => method === undefined || methods.includes(method)
  // Where a level is asked for, nothing is exempt.
  const exempt = exemptionOf(stage)
  if (exempt !== undefined && !isExemptable(question)) return false
  if (exempt === 'help-desk') return action.do === 'challenge' && isAllowed(methodOf(stage))
  if (exempt === 'grace') return action.do === 'enrol-later'
  // While it can be put off, the set-up of a first method goes on as any other.
  const needsLink = action.do === 'enrol-by-link' || (action.do === 'enrol-later' && byLink === true)
  const setsUp = action.do === 'enrol' || action.do === 'enrol-later' || needsLink
  const isFirst = setsUp && (!needsLink || linked === true)
  switch (stage.at) {
    case 'countdown':
      return action.do === 'enrol-later'
    case 'help-desk':
      return isExemptable(question) && stillFits({ ...step, stage: stage.instead }, decision)
    case 'challenge':
      return action.do === 'challenge' && stage.then === action.then && proofs.includes(stage.method)
    case 'enrol':
      return stage.proven === undefined
        ? isFirst && isAllowed(stage.method)
        : action.do === 'challenge' && action.then === 'enrol' && isAllowed(stage.method)
    case 'save-codes':
      return isAllowed(stage.method) && (stage.proven === undefined ? isFirst : action.do === 'challenge')
    case 'link':
      return needsLink
    case 'codes-low':
    case 'done':
      return action.do !== 'blocked'
    case 'blocked':
    // The cookie is looked at again, and the policy with it.
    case 'trusted':
      return false
  }
}

/** What let the user in, or will at the end of the set-up. */
function exemptionOf(stage: Stage): Exempt | undefined {
  const proof = 'proof' in stage ? stage.proof : stage.at === 'enrol' ? stage.proven : undefined
  return proof?.exempt
}

function methodOf(stage: Stage): string | undefined {
  return 'method' in stage ? stage.method : undefined
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
    case 'enrol-later':
      return { at: 'countdown' }
    case 'skip':
      throw new Error('a login that needs nothing has no stage')
  }
}
