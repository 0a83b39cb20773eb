import type { AuditEntry } from './audit/audit.ts'
import type { Attempts } from './login/lockout.ts'
import type { Listing } from './login/listing.ts'
import type { MethodId } from './method.ts'
import type { Outgoing } from './notices/outbox.ts'
import type { Rule } from './policy/policy.ts'
import type { Enforcement, RealmSettings } from './settings.ts'
import type { SetUpLink } from './login/link.ts'
import type { Credential, Situation, Transaction } from './login/transaction.ts'
import type { TrustedDevice } from './login/trusted-device.ts'

/** Authenticated encryption bound to a context (R5). */
export interface Sealer {
  /** Encrypts; the result names the key. `context` is authenticated, not kept. */
  seal(plain: string, context: string): string
  /** Decrypts. Throws where the text was changed, belongs to another context, or its key is not there. */
  open(sealed: string, context: string): string
  /** Keyed hash for what is only ever compared; `keyId` absent: the newest key. */
  mac(text: string, keyId?: string): { keyId: string; value: string }
  /** The ids of the keys that there are, the newest first. */
  keyIds: readonly string[]
}

/**
 * What one decision writes: all of it or nothing, in one statement on PostgreSQL and one transaction on SQLite. Every
 * `version` is a compare-and-swap: where one finds another version, the whole change is refused.
 */
export interface Change {
  realm: string
  userId: string
  /** Remembers the id of a signed message; `expiresAt` is epoch milliseconds. */
  once?: { jti: string; expiresAt: number }
  attempts?: { next: Attempts; version: number }
  insert?: Transaction
  transaction?: { next: Transaction; version: number }
  credentials?: { id: string; data: unknown; version: number; usedAt: number }[]
  /** `lookup`: what its number is found by, where it has one; goes with the credential. */
  enrol?: {
    id: string
    method: MethodId
    label: string | undefined
    data: unknown
    at: number
    lookup?: string
  }[]
  /** Ids of credentials that go. */
  remove?: string[]
  /**
   * Credentials that the user takes away; refused where one of them is gone already. With them go the user's open steps
   * but `step`, and what other sessions than `sid` gave; absent: all.
   */
  takeAway?: { ids: string[]; sid?: string; step?: string }
  /** The id of a code of the help desk; refused where it is spent already, replaced or taken back. */
  spendBypass?: string
  /** What Keycloak is to list; refused where it is not of this `version` any more. */
  listing?: { next: Listing; version: number | undefined }
  /** Refused where it is gone. `label` undefined: none. */
  rename?: { id: string; label: string | undefined }
  /** The credential that the user is asked for first from now on; refused where it is gone. */
  prefer?: string
  /** A link that goes out; it takes the place of the user's one before it (R19). */
  link?: SetUpLink
  /** Spends a link at `at`, epoch milliseconds; refused where it was spent, replaced or is too old (P8). */
  useLink?: { id: string; at: number }
  /** The browser that is trusted from now on. */
  trust?: TrustedDevice
  /**
   * What the cookie of a trusted device holds from now on, and for which transaction and session it was used at `at`,
   * epoch milliseconds; refused where it does not hold `from` any more.
   */
  rotate?: { id: string; from: string; to: string; by: string; sid: string; at: number }
  /** Trusted devices that are trusted no longer; refused where one of them is gone already. */
  forget?: string[]
  /** True: no device of the user is trusted any longer. So too wherever methods are set up or taken away (R18). */
  forgetAll?: true
  /** Adds a failure to each of these credentials. */
  failed?: string[]
  /** Marks failures up to this number as reported to Keycloak; not together with `attempts`. */
  reported?: number
  /** Counted at `at`, epoch milliseconds: all of them, or the whole change is refused. */
  counts?: { at: number; counts: Count[] }
  /** When the user first met these sources of grace: a group's id, or empty for the realm; epoch milliseconds. */
  graceStarted?: { source: string; at: number }[]
  /** The user put a set-up off, epoch milliseconds. */
  putOff?: number
  /** The user is back in Keycloak: its credentials are no tombstones any more. */
  returned?: true
  /**
   * What Keycloak said of the user at a login: the roles that lists and protections need, as `UserRecord.roles` has them,
   * undefined where nobody said; and what the number that an administrator set is found by, undefined where none is set.
   */
  told?: { username: string; roles: string[] | undefined; lookup: string | undefined }
  /** A single sign-on session gave a second factor; `at` is epoch milliseconds. */
  verified?: { sid: string; level: 2 | 3; at: number }
  /** What the user is told; the network address of the change stands in each. */
  notices?: Outgoing[]
  /** A notice that waits and is not to be sent any more, by its burst. */
  takeBack?: string
  /** The browser's network address; part of every audit entry of this change that names none. */
  address?: string
  audit?: AuditEntry[]
}

/** A count within a window of time, refused where it stands at its limit already. */
export interface Count {
  scope: 'number' | 'prefix' | 'address' | 'user' | 'hour' | 'day' | 'verified'
  /** What is counted, hashed where it is personal. */
  key: string
  /** Milliseconds. */
  window: number
  limit: number
}

/**
 * `replayed`: the message was used before. `lost`: another request was faster; read again and decide again.
 * `limitedUntil`: a count stood at its limit, until then; epoch milliseconds.
 */
export type Committed = 'written' | 'replayed' | 'lost' | { limitedUntil: number }

/** What the decision on a push needs, read at one moment. */
export interface Background {
  settings: RealmSettings
  rules: Rule[]
  /** Changes of rules that are only reported on. */
  proposals: Rule[]
  /** When the user first met each source of grace, epoch milliseconds. */
  graceStarts: ReadonlyMap<string, number>
  /** When the user last put a set-up off, epoch milliseconds. */
  putOffAt?: number | undefined
  /** Whether the user's credentials are tombstones. */
  gone: boolean
  /** As `UserRecord.roles`: what an earlier login, or a hint, told. */
  toldRoles: string[] | undefined
  /** What the number is found by that an administrator set, as an earlier login, or a hint, told. */
  toldLookup: string | undefined
  override: Enforcement | undefined
  credentials: Credential[]
  /** What Keycloak was told to list of them; absent before it was told anything. */
  listing?: Listing
  attempts: Attempts
  /** The browsers that the user trusts, those that expired lately among them. */
  devices: TrustedDevice[]
  /** The transaction that this nonce began earlier. */
  transaction: Transaction | undefined
}

/** The store as a login uses it. */
export interface LoginStore {
  background(realm: string, userId: string, nonce: string): Promise<Background>
  /** One round trip. Undefined where there is no such transaction in the realm. */
  situation(
    realm: string,
    by: { id: string } | { requestUriHash: string } | { codeHash: string },
  ): Promise<Situation | undefined>
  /** Undefined where there is no such link, or another took its place. */
  link(realm: string, id: string): Promise<SetUpLink | undefined>
  /** One round trip and one commit. */
  commit(change: Change): Promise<Committed>
  /** How many messages the realm sent in the hour of `now`, and how many codes were verified. */
  sendFigures(realm: string, now: number): Promise<{ sent: number; verified: number }>
}

/** A text message; `to` in E.164. */
export interface TextMessage {
  to: string
  text: string
}

/**
 * What became of a message. `refused`: the provider will not send it, as it stands. `failed`: it is not known to be sent.
 * `why` is for administrators and names neither number nor content.
 */
export type Handover = { result: 'sent' } | { result: 'refused' | 'failed'; why: string }

/** Takes text messages where they go. */
export interface Courier {
  /** Never throws; ends within some seconds. */
  send(message: TextMessage): Promise<Handover>
}
