import type { RealmSettings } from './settings.ts'

/** The id of a method, as in the registry: `totp`, `backup-codes`. */
export type MethodId = string

/** What a method may know and use besides its own state; injected, so that every method is a pure function. */
export interface MethodContext {
  /** Epoch milliseconds. */
  now: number
  settings: RealmSettings
  /** Bytes from the system's random source. */
  random(bytes: number): Buffer
  /** HMAC-SHA-256 of `text` under a key kept outside the database: the newest, or the one that `keyId` names. */
  mac(text: string, keyId?: string): { keyId: string; value: string }
}

/** Whom a method is set up for. */
export interface Account {
  realm: string
  userId: string
  username: string
  /** What an authenticator app shows as the issuer. */
  issuer: string
}

/** What a page needs to show for a step; nothing in it is kept. */
export type Shown =
  { kind: 'totp'; secret?: string; uri?: string } | { kind: 'backup-codes'; left?: number; codes?: string[] }

/** A step that began: what to show now and what to keep, sealed, until the answer comes. */
export interface Step<State> {
  show: Shown
  keep: State
}

/**
 * What became of an answer. `missing`: nothing that could be a code, not counted as a try. `wrong`: wrong, late or
 * used, which the user is never told apart (R11). `credential` is what to save by compare-and-swap.
 */
export type Verdict<Credential> =
  { ok: true; credential: Credential } | { ok: false; error: 'missing' | 'wrong' }

/** A kind of second factor: pure, a folder of its own and a line in the registry. */
export interface Method<Credential = unknown, State = unknown> {
  readonly id: MethodId
  /** RFC 8176 value, absent where the registry has none (R21). */
  readonly amr?: string
  /** The level that a proof by it reaches: 2 second factor, 3 phishing-resistant. */
  readonly level: 2 | 3
  /** True for a method that only stands beside another and never alone (S18). */
  readonly companion: boolean
  /** Reads a stored credential. Throws where the JSON is not one. */
  read(json: unknown): Credential
  beginEnrolment(account: Account, context: MethodContext): Step<State>
  /** Shows a begun enrolment again, from what was kept. */
  showEnrolment(state: State, account: Account): Shown
  finishEnrolment(state: State, answer: string, account: Account, context: MethodContext): Verdict<Credential>
  showChallenge(credential: Credential): Shown
  finishChallenge(
    credential: Credential,
    answer: string,
    account: Account,
    context: MethodContext,
  ): Verdict<Credential>
}

/** The methods that this build knows, by id. */
export type Registry = ReadonlyMap<MethodId, Method>
