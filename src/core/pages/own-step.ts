import { beginMethod, beginSetUp, enrollable } from '../login/enrolment.ts'
import { firstAsked } from '../login/first-asked.ts'
import { linkStage, spent } from '../login/link.ts'
import type { SetUpLink } from '../login/link.ts'
import { hasOwn } from '../login/overtaken.ts'
import type { Account, MethodId } from '../method.ts'
import { decide } from '../policy/policy.ts'
import type { Claims, Decision } from '../policy/policy.ts'
import type { Background, Change } from '../ports.ts'
import { somethingToSign, token } from '../login/step.ts'
import type { Kit } from '../login/step.ts'
import type { Proof, Question, Situation, Stage, Transaction } from '../login/transaction.ts'

/** Whoever opened one of our own pages, as Keycloak says it now. */
export interface OwnVisit {
  account: Account
  /** The single sign-on session. */
  sid: string
  /** What a step that begins now is known by; a step that is known by it already is `background.transaction`. */
  nonce: string
  claims: Pick<Claims, 'groups' | 'roles'>
  locale: string | undefined
  /** The languages that the pages come in. */
  locales: readonly string[]
  realmDisplayName: string
  /** Where the pages live, for "go on" where a step can't. */
  home: string
}

/**
 * A step that begins at one of our own pages; `secret` is for the browser's cookie, only its hash is kept. `before`: it
 * goes on as this, and a browser that holds its cookie needs neither the secret nor the change.
 */
export interface OwnStep {
  before?: Transaction
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
    unavailable: unavailable(background.settings),
    graceStarts: background.graceStarts,
    now,
  })
}

/**
 * A challenge by one of the user's methods; for a user who has none, the set-up of a first one. It is what a hand-off
 * begins, but belongs to a session of our own pages: it ends without a code, and Keycloak never hears of it. Where
 * `background.transaction` is the same challenge, begun before, it goes on: a page that is loaded again sends no new
 * message. Pure.
 */
export function challengeOwn(
  visit: OwnVisit,
  background: Background,
  own: NonNullable<Question['own']>,
  kit: Kit,
): OwnStep {
  const decision = decideOwn(visit, background, 'enrol', kit)
  const known = background.transaction
  if (known !== undefined && goesOn(known, decision, kit)) {
    return { ...bound(known, known.version, kit), before: known }
  }
  return begin(visit, background, own, decision, kit, (situation) => {
    const { action } = decision
    if (action.do === 'enrol') return beginSetUp(situation, undefined, kit)
    if (action.do === 'enrol-by-link') return linkStage(situation)
    const method = firstAsked(decision.proofs, background.credentials, kit.registry)
    if (action.do === 'challenge' && method !== undefined) {
      return { at: 'challenge', method, then: 'done', ...somethingToSign(method, kit) }
    }
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
    if (decision.action.do === 'enrol-by-link') return linkStage(situation)
    if (method === undefined) return beginSetUp(situation, proven, kit)
    allowed = enrollable(situation, kit.registry).includes(method)
    return allowed
      ? beginMethod(situation, method, proven, kit)
      : { at: 'blocked', reason: 'not-by-yourself' }
  })
  return allowed ? step : undefined
}

/**
 * The first set-up that a link to the user's address opens, whatever waits elsewhere. Undefined where the user has got a
 * method in the meantime, or may set none up any more. Pure.
 */
export function setUpByLink(
  visit: OwnVisit,
  background: Background,
  link: SetUpLink,
  own: NonNullable<Question['own']>,
  kit: Kit,
): OwnStep | undefined {
  const decision = decideOwn(visit, background, 'enrol', kit)
  const { action } = decision
  const isFirst = action.do === 'enrol' || action.do === 'enrol-by-link'
  if (!isFirst || hasOwn(background.credentials, kit.registry)) return undefined
  const step = begin(visit, background, own, decision, kit, (situation) =>
    beginSetUp(situation, undefined, kit),
  )
  return { ...step, change: { ...step.change, ...spent(link, step.transaction, kit) } }
}

function goesOn(known: Transaction, { action, proofs }: Decision, { now }: Kit): boolean {
  const { redeemed, expiresAt, stage, linked } = known
  if (redeemed || expiresAt <= now) return false
  if (stage.at === 'challenge') return proofs.includes(stage.method)
  return action.do === 'enrol-by-link' && (stage.at === 'link' || linked === true)
}

/** Gives the step to the browser that asks now; `version` undefined: it is a new one. */
function bound(transaction: Transaction, version: number | undefined, kit: Kit): OwnStep {
  const secret = token(kit)
  const next = { ...transaction, browserHash: kit.hash(secret) }
  const { realm, userId } = transaction.account
  const written = version === undefined ? { insert: next } : { transaction: { next, version } }
  return { transaction: next, secret, change: { realm, userId, ...written } }
}

function begin(
  { account, sid, nonce, locale, locales, realmDisplayName, home }: OwnVisit,
  { settings, credentials, attempts, devices, transaction: before }: Background,
  own: NonNullable<Question['own']>,
  decision: Decision,
  kit: Kit,
  stageOf: (situation: Situation) => Stage,
): OwnStep {
  const known = before?.redeemed === false ? before : undefined
  const transaction: Transaction = {
    id: known?.id ?? kit.random(16).toString('base64url'),
    version: known?.version ?? 0,
    account,
    question: {
      nonce: before === undefined ? nonce : (known?.question.nonce ?? token(kit)),
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
    browserHash: undefined,
    // Nobody is told it: the page leads its own browser to the step.
    requestUri: { hash: kit.hash(token(kit)), expiresAt: kit.now },
    code: undefined,
    redeemed: false,
  }
  transaction.stage = stageOf({ settings, credentials, attempts, devices, transaction })
  return bound(transaction, known?.version, kit)
}
