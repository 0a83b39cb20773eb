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
  /** The number that an administrator set, E.164; it counts as stored (R25). */
  phone?: string
  /** The address that Keycloak has for the user. */
  email?: string
  /** True where Keycloak knows that the address is the user's. */
  emailVerified?: true
}

/** What a page needs to show for a step; nothing in it is kept. */
export type Shown =
  | { kind: 'totp'; secret?: string; uri?: string }
  | { kind: 'backup-codes'; left?: number; codes?: string[] }
  /** The form for a phone number, with what was typed before. */
  | { kind: 'phone'; country: string | undefined; phone: string }
  /** An administrator named an address that codes can't go to; another is not the user's to name (R25). */
  | { kind: 'unusable' }
  /** `to` is masked. `fixed`: the user can't change it here. `digits` of the newest code; undefined before there is one. */
  | { kind: 'sent-code'; to: string; fixed: boolean; digits: number | undefined }

/** A message that a method wants sent; whoever asked for the step carries it out. */
export interface Send {
  channel: 'sms' | 'email'
  /** A number in E.164, or an address. */
  to: string
  code: string
  /** Epoch milliseconds. */
  expiresAt: number
}

/** A step that began: what to keep, sealed, until the answer comes, and what to send. */
export interface Step<State> {
  keep: State
  send?: Send
}

/** What is wrong with an address that codes would go to. */
export type DestinationError =
  | 'phone-missing'
  | 'phone-malformed'
  | 'phone-too-short'
  | 'phone-too-long'
  | 'phone-not-mobile'
  | 'phone-country'

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
  /** How its codes travel, where it sends some. */
  readonly sends?: Send['channel']
  /** True where a user has one of it at most: a new one takes the old one's place. */
  readonly single: boolean
  /** Reads a stored credential. Throws where the JSON is not one. */
  read(json: unknown): Credential
  beginEnrolment(account: Account, context: MethodContext): Step<State>
  /**
   * Takes the address that codes are to go to; undefined where the user has no say in it. Only for a method that sends.
   */
  aimEnrolment?(
    state: State,
    typed: { country: string; phone: string },
    context: MethodContext,
  ): { ok: true; keep: State } | { ok: false; error: DestinationError; keep: State } | undefined
  /** A new code to where the enrolment aims, in place of the one before. Undefined while there is no such place. */
  sendEnrolment?(state: State, account: Account, context: MethodContext): Step<State> | undefined
  /** The number that text messages of other kinds may go to, E.164. */
  textsTo?(credential: Credential): string
  /** Shows a begun enrolment again, from what was kept. */
  showEnrolment(state: State, account: Account): Shown
  finishEnrolment(state: State, answer: string, account: Account, context: MethodContext): Verdict<Credential>
  /**
   * A new code for a challenge, in place of the one before; undefined where none may go there. Only for a method that
   * sends.
   */
  sendChallenge?(credential: Credential, account: Account, context: MethodContext): Step<State> | undefined
  /** `state` is what `sendChallenge` kept. */
  showChallenge(credential: Credential, state?: State): Shown
  /** `state` is what `sendChallenge` kept; undefined for a method that does not send, or has not yet. */
  finishChallenge(
    credential: Credential,
    state: State | undefined,
    answer: string,
    account: Account,
    context: MethodContext,
  ): Verdict<Credential>
}

/** The methods that this build knows, by id. */
export type Registry = ReadonlyMap<MethodId, Method>
