import { beginMethod, beginSetUp, enrollable } from './enrolment.ts'
import { firstAsked } from './first-asked.ts'
import type { Account, MethodId } from './method.ts'
import { decide } from './policy.ts'
import type { Claims, Decision } from './policy.ts'
import type { Background, Change } from './ports.ts'
import { token } from './step.ts'
import type { Kit } from './step.ts'
import type { Proof, Question, Situation, Stage, Transaction } from './transaction.ts'

/** Whoever opened one of our own pages, as Keycloak says it now. */
export interface OwnVisit {
  account: Account
  /** The single sign-on session. */
  sid: string
  claims: Pick<Claims, 'groups' | 'roles'>
  locale: string | undefined
  /** The languages that the pages come in. */
  locales: readonly string[]
  realmDisplayName: string
  /** Where the pages live, for "go on" where a step can't. */
  home: string
}

/** A step that begins at one of our own pages; `secret` is for the browser's cookie, only its hash is kept. */
export interface OwnStep {
  transaction: Transaction
  secret: string
  change: Change
}

/** What the policy says of this user: `login` what a login comes to, `manage` what they may set up by themselves. */
export function decideOwn(
  { claims }: Pick<OwnVisit, 'claims'>,
  background: Background,
  purpose: 'login' | 'manage' | 'enrol',
  { registry, unavailable, now }: Kit,
): Decision {
  return decide({
    settings: background.settings,
    rules: background.rules,
    override: background.override,
    enrolled: background.credentials,
    claims: { ...claims, purpose, level: 1 },
    registry,
    unavailable,
    graceStarts: background.graceStarts,
    now,
  })
}

/**
 * A challenge by one of the user's methods; for a user who has none, the set-up of a first one. It is what a hand-off
 * begins, but belongs to a session of our own pages: it ends without a code, and Keycloak never hears of it. Pure.
 */
export function challengeOwn(
  visit: OwnVisit,
  background: Background,
  own: NonNullable<Question['own']>,
  kit: Kit,
): OwnStep {
  const decision = decideOwn(visit, background, 'enrol', kit)
  return begin(visit, background, own, decision, kit, (situation) => {
    const { action } = decision
    if (action.do === 'enrol') return beginSetUp(situation, undefined, kit)
    const method = firstAsked(decision.proofs, background.credentials, kit.registry)
    if (action.do === 'challenge' && method !== undefined) return { at: 'challenge', method, then: 'done' }
    return { at: 'blocked', reason: action.do === 'blocked' ? action.reason : 'no-method-allowed' }
  })
}

/**
 * The set-up of a method that the user may set up by themselves: the one named, or one to choose. Undefined where they
 * may not. Pure.
 * @param proven what the session proved by a present method; undefined for a user who has none
 */
export function setUpOwn(
  visit: OwnVisit,
  background: Background,
  wish: { method: MethodId | undefined; proven: Proof | undefined },
  own: NonNullable<Question['own']>,
  kit: Kit,
): OwnStep | undefined {
  const { method, proven } = wish
  const decision = decideOwn(visit, background, 'manage', kit)
  if (decision.action.do === 'blocked') return undefined
  let allowed = true
  const step = begin(visit, background, own, decision, kit, (situation) => {
    if (method === undefined) return beginSetUp(situation, proven, kit)
    allowed = enrollable(situation, kit.registry).includes(method)
    return allowed
      ? beginMethod(situation, method, proven, kit)
      : { at: 'blocked', reason: 'not-by-yourself' }
  })
  return allowed ? step : undefined
}

function begin(
  { account, sid, locale, locales, realmDisplayName, home }: OwnVisit,
  { settings, credentials, attempts }: Background,
  own: NonNullable<Question['own']>,
  decision: Decision,
  kit: Kit,
  stageOf: (situation: Situation) => Stage,
): OwnStep {
  const secret = token(kit)
  const transaction: Transaction = {
    id: kit.random(16).toString('base64url'),
    version: 0,
    account,
    question: {
      nonce: token(kit),
      state: token(kit),
      sid,
      redirectUri: home,
      purpose: 'manage',
      amr: [],
      level: 1,
      locale,
      locales: [...locales],
      darkMode: true,
      realmDisplayName,
      clientUri: home,
      own,
    },
    because: decision.because,
    methods: decision.methods,
    proofs: decision.proofs,
    stage: { at: 'blocked', reason: 'no-method-allowed' },
    failures: { from: attempts.reported, to: attempts.reported },
    expiresAt: kit.now + settings.stepSeconds * 1000,
    browserHash: kit.hash(secret),
    // Nobody is told it: the page leads its own browser to the step.
    requestUri: { hash: kit.hash(token(kit)), expiresAt: kit.now },
    code: undefined,
    redeemed: false,
  }
  transaction.stage = stageOf({ settings, credentials, attempts, transaction })
  const { realm, userId } = account
  return { transaction, secret, change: { realm, userId, insert: transaction } }
}
