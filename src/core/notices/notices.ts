import type { RealmPolicy, UserRecord } from '../administration/administration.ts'
import type { Account, MethodId } from '../method.ts'
import { NOTICE_LIFETIME } from './outbox.ts'
import type { Notice, NoticeKind, Outgoing } from './outbox.ts'
import type { Kit } from '../login/step.ts'
import type { Question, Situation } from '../login/transaction.ts'

/** A mistyped code is the user's own as a rule: so long after it a right one takes the notice back, milliseconds. */
const SECOND_THOUGHT = 2 * 60_000

/** The notices of a user that may wait once only, by what they tell. */
export function burstOf(kind: NoticeKind, realm: string, userId: string): string {
  return JSON.stringify([kind, realm, userId])
}

/** What a notice is made from: a step, or as much of one as there is. */
export interface Occasion extends Pick<Situation, 'settings' | 'credentials' | 'attempts'> {
  transaction: {
    account: Account
    question: Pick<Question, 'application' | 'locale' | 'realmDisplayName'>
  }
}

/**
 * What the user is to be told of what happened in a step (S21): by mail where Keycloak has an address and the realm a
 * mail server, else by a text message where the user has a phone; nothing where there is neither way.
 */
export function noticesOf(situation: Occasion, kind: NoticeKind, kit: Kit, method?: MethodId): Outgoing[] {
  const { transaction } = situation
  const { account, question } = transaction
  const way = wayTo(situation, kit)
  if (way === undefined || (way.channel === 'sms' && isRepeated(situation, kind))) return []
  const notice: Notice = {
    kind,
    at: kit.now,
    ...(method === undefined ? {} : { method }),
    ...(question.application === undefined ? {} : { application: question.application }),
  }
  const waits = kind === 'attempt-failed'
  return [
    {
      id: kit.random(16).toString('base64url'),
      realm: account.realm,
      userId: account.userId,
      ...way,
      locale: question.locale,
      realmDisplayName: question.realmDisplayName,
      username: account.username,
      notice,
      ...(waits ? { burst: burstOf(kind, account.realm, account.userId) } : {}),
      notBefore: waits ? kit.now + SECOND_THOUGHT : kit.now,
      expiresAt: kit.now + NOTICE_LIFETIME,
      tries: 0,
    },
  ]
}

/**
 * What a user is to be told of what an administrator did, by mail: of their phone nothing can be read without their
 * methods. Nothing where there is no address or no mail server.
 */
export function noticesTo(
  { user }: { user: Pick<UserRecord['user'], 'id' | 'username' | 'email'> },
  { settings }: Pick<RealmPolicy, 'settings'>,
  told: { realm: string; kind: NoticeKind; method?: MethodId },
  { now, random }: Pick<Kit, 'now' | 'random'>,
): Outgoing[] {
  const { realm, kind, method } = told
  if (user.email === undefined || settings.mail === undefined) return []
  return [
    {
      id: random(16).toString('base64url'),
      realm,
      userId: user.id,
      channel: 'mail',
      to: user.email,
      locale: undefined,
      realmDisplayName: realm,
      username: user.username,
      notice: {
        kind,
        at: now,
        byAdministrator: true,
        ...(method === undefined ? {} : { method }),
      },
      notBefore: now,
      expiresAt: now + NOTICE_LIFETIME,
      tries: 0,
    },
  ]
}

/**
 * Whether a text message told the same since the user last got in: whoever has the password could make the realm pay
 * for as many as they like.
 */
function isRepeated({ attempts, settings }: Occasion, kind: NoticeKind): boolean {
  if (kind === 'attempt-failed') return attempts.failures > 0
  return kind === 'locked' && attempts.failures >= settings.maxFailures
}

function wayTo(
  { transaction, settings, credentials }: Occasion,
  { registry, unavailable }: Kit,
): Pick<Outgoing, 'channel' | 'to'> | undefined {
  const { email } = transaction.account
  if (email !== undefined && settings.mail !== undefined) return { channel: 'mail', to: email }
  const silent = unavailable(settings)
  for (const { method, data, unreadable } of credentials) {
    const known = silent.has(method) || unreadable !== undefined ? undefined : registry.get(method)
    const to = known?.textsTo?.(known.read(data))
    if (to !== undefined) return { channel: 'sms', to }
  }
  return undefined
}
