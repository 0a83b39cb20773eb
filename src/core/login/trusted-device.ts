import { timingSafeEqual } from 'node:crypto'
import { noticesOf } from '../notices/notices.ts'
import type { Because, Decision } from '../policy/policy.ts'
import type { Change } from '../ports.ts'
import { lockedFor } from './lockout.ts'
import { entry, isKnown, issueCode, owner, token } from './step.ts'
import type { Kit } from './step.ts'
import type { Situation, Stage, Transaction } from './transaction.ts'

const DAY = 24 * 60 * 60_000

/**
 * A cookie that was replaced so short a while ago, milliseconds, is one of two tabs, or of an answer that never arrived:
 * it opens nothing, and raises no alarm either.
 */
const CROSSING = 60_000

/** A user has no more of them; one more takes the place of the one that was used the longest ago. */
const MOST = 20

/** A browser on which a user is not asked for a second factor. Times are epoch milliseconds. */
export interface TrustedDevice {
  id: string
  /** What its cookie holds: `<key id>.<keyed hash>`. */
  token: string
  /** What it held before; absent until it was used. */
  previous?: string
  /** The transaction that replaced it. */
  rotatedBy?: string
  /** The single sign-on session that it was last used for. */
  sid?: string
  /** Names, such as `Firefox` and `Windows`; absent where the browser did not tell. */
  browser?: string
  system?: string
  createdAt: number
  usedAt: number
  /** Whatever the policy says later. */
  expiresAt: number
}

/** What a browser's cookie for a user holds. */
export interface DeviceToken {
  id: string
  secret: string
}

/** A cookie to set: what it holds, and until when, epoch milliseconds. */
export interface DeviceCookie extends DeviceToken {
  until: number
}

/** A browser that its user wants to be trusted. `before`: the id of the device that its cookie names now. */
export interface TrustWish extends Pick<TrustedDevice, 'browser' | 'system'> {
  before: string | undefined
}

/** Until when the device is trusted under a policy that allows so many days; epoch milliseconds. */
export function trustedUntil({ createdAt, expiresAt }: TrustedDevice, days: number): number {
  return Math.min(expiresAt, createdAt + days * DAY)
}

/** Whether a page may offer to trust this device: at the challenge of an ordinary login, where the policy allows it. */
export function daysOffered({ stage, trust }: Transaction): number {
  return trust !== undefined && stage.at === 'challenge' && stage.then === 'done' ? trust.days : 0
}

/**
 * Trusts the browser from now on, in place of what its cookie held before; undefined where the policy does not allow it.
 * The user is told (R18). Pure.
 */
export function trustDevice(
  situation: Situation,
  wish: TrustWish,
  kit: Kit,
): { change: Pick<Change, 'trust' | 'forget' | 'notices' | 'audit'>; cookie: DeviceCookie } | undefined {
  const { transaction, devices } = situation
  const days = daysOffered(transaction)
  if (days === 0) return undefined
  const { before, ...names } = wish
  const until = kit.now + days * DAY
  const made = { id: kit.random(16).toString('base64url'), secret: token(kit), until }
  const trust = {
    ...names,
    id: made.id,
    token: keyed(transaction, made, kit),
    createdAt: kit.now,
    usedAt: kit.now,
    expiresAt: until,
  }
  const kept = devices.filter(({ id }) => id !== before).toSorted((a, b) => b.usedAt - a.usedAt)
  const gone = [...devices.filter(({ id }) => id === before), ...kept.slice(MOST - 1)]
  return {
    change: {
      trust,
      ...(gone.length === 0 ? {} : { forget: gone.map(({ id }) => id) }),
      notices: noticesOf(situation, 'device-trusted', kit),
      audit: [entry('device.trusted', transaction, kit, { ...named(trust), until })],
    },
    cookie: made,
  }
}

/**
 * What the cookie of a browser comes to that a step leads in.
 * - `trusted`: the step is over, and nothing was proven. The cookie holds something else from now on.
 * - `copied`: somebody has a copy. The device is trusted no longer, the user is told and is asked.
 * - `asked`: the cookie opens nothing; `stale` where it can be thrown away.
 */
export type Presented =
  | { result: 'trusted'; change: Change; code: string; cookie: DeviceCookie }
  | { result: 'copied'; change: Pick<Change, 'forget' | 'notices' | 'audit'> }
  | { result: 'asked'; stale: boolean }

/** Looks at what a browser's cookie holds; the transaction is as it is to be kept. Pure. */
export function presentDevice(situation: Situation, held: DeviceToken, kit: Kit): Presented {
  const { transaction, devices, attempts } = situation
  const device = devices.find(({ id }) => id === held.id)
  if (device === undefined) return { result: 'asked', stale: true }
  if (!isKnown(keyOf(device), kit)) return { result: 'asked', stale: true }
  if (isAgain(transaction, device, held, kit)) return end(situation, device, held, kit)
  const isCurrent = matches(device.token, transaction, held, kit)
  if (!isCurrent && isCrossing(transaction, device, held, kit)) return { result: 'asked', stale: false }
  if (!isCurrent) {
    const copied = entry('device.copied', transaction, kit, named(device))
    const notices = noticesOf(situation, 'device-copied', kit)
    return { result: 'copied', change: { forget: [device.id], notices, audit: [copied] } }
  }
  const days = daysOffered(transaction)
  if (trustedUntil(device, days) <= kit.now) return { result: 'asked', stale: device.expiresAt <= kit.now }
  // Somebody who knows the password guesses at this moment: a cookie alone is not enough.
  if (lockedFor(attempts, kit.now) > 0) return { result: 'asked', stale: false }
  return end(situation, device, held, kit)
}

/** Whether a step that ended because the device is trusted may still be answered so: the device was not forgotten since. */
export function isStillTrusted(devices: readonly TrustedDevice[], stage: Stage & { at: 'trusted' }): boolean {
  return devices.some(({ id }) => id === stage.device)
}

/** The id of the key that a device's cookie is hashed with. */
export function keyOf(device: Pick<TrustedDevice, 'token'>): string {
  return device.token.slice(0, device.token.lastIndexOf('.'))
}

/**
 * The device by which a session was entered, where it is trusted still: nothing more is asked for within that session.
 */
export function deviceOfSession(
  devices: readonly TrustedDevice[],
  { sid, days, now }: { sid: string; days: number; now: number },
): { device: TrustedDevice; until: number } | undefined {
  for (const device of devices) {
    const until = trustedUntil(device, days)
    if (device.sid === sid && until > now) return { device, until }
  }
  return undefined
}

/** What the audit is told of a device that stood in: the decision, and until when. */
export function usedDetail(
  { because, enforcement }: Pick<Decision, 'because' | 'enforcement'>,
  device: TrustedDevice,
  until: number,
): Record<string, unknown> {
  return { because: trustedBecause(because, until), enforcement, ...named(device) }
}

/** The reason with what stood in for a second factor. */
export function trustedBecause(because: Because, until: number): Because {
  return because.rule === 'group' || because.rule === 'realm' || because.rule === 'override'
    ? { ...because, trusted: until }
    : because
}

/** A device as the audit names it. */
export function named({ id, browser, system }: Pick<TrustedDevice, 'id' | 'browser' | 'system'>) {
  return {
    device: id,
    ...(browser === undefined ? {} : { browser }),
    ...(system === undefined ? {} : { system }),
  }
}

function end(situation: Situation, device: TrustedDevice, held: DeviceToken, kit: Kit): Presented {
  const { transaction } = situation
  const { stage, because, trust } = transaction
  const until = stage.at === 'trusted' ? stage.until : trustedUntil(device, daysOffered(transaction))
  // The same again for the same login, so that an answer which is asked for twice takes nothing away from the first:
  // also from a server that got a newer key in between.
  const key = stage.at === 'trusted' ? keyOf(device) : undefined
  const next = JSON.stringify(['next device token', device.id, transaction.id, held.secret])
  const secret = kit.mac(next, key).value
  const cookie = { id: device.id, secret, until }
  const ended = issueCode(transaction, { at: 'trusted', device: device.id, until }, kit)
  const decided = { because, enforcement: trust?.enforcement ?? ('required' as const) }
  const used = entry('device.used', transaction, kit, usedDetail(decided, device, until))
  const rotate = {
    id: device.id,
    from: device.token,
    to: keyed(transaction, cookie, kit),
    by: transaction.id,
    sid: transaction.question.sid,
    at: kit.now,
  }
  return {
    result: 'trusted',
    change: {
      ...owner(transaction),
      transaction: ended.transaction,
      ...(stage.at === 'trusted' ? {} : { rotate, audit: [used] }),
    },
    code: ended.code,
    cookie,
  }
}

/** The same browser asks again for the answer of the same login, which never arrived. */
function isAgain(transaction: Transaction, device: TrustedDevice, held: DeviceToken, kit: Kit): boolean {
  const { id, stage, redeemed } = transaction
  if (redeemed || stage.at !== 'trusted' || stage.device !== device.id || device.rotatedBy !== id)
    return false
  return device.previous !== undefined && matches(device.previous, transaction, held, kit)
}

/** The cookie was replaced a moment ago, by another tab's login. */
function isCrossing(
  transaction: Transaction,
  { previous, usedAt }: TrustedDevice,
  held: DeviceToken,
  kit: Kit,
): boolean {
  return previous !== undefined && kit.now - usedAt < CROSSING && matches(previous, transaction, held, kit)
}

/** Bound to realm, user and device: a row that is copied to another user fits no cookie. */
function keyed({ account }: Transaction, { id, secret }: DeviceToken, kit: Kit, key?: string): string {
  const text = JSON.stringify(['device token', account.realm, account.userId, id, secret])
  const { keyId, value } = kit.mac(text, key)
  return `${keyId}.${value}`
}

function matches(kept: string, transaction: Transaction, held: DeviceToken, kit: Kit): boolean {
  const key = keyOf({ token: kept })
  if (!isKnown(key, kit)) return false
  const [one, other] = [kept, keyed(transaction, held, kit, key)].map((text) => Buffer.from(text))
  return one !== undefined && other?.length === one.length && timingSafeEqual(one, other)
}
