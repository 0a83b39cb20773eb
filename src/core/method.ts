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
  /** The ids of the keys that `mac` knows. */
  keyIds: readonly string[]
  site: Site
  /** What an authenticator must have signed in this try, base64url; absent where the method signs nothing. */
  toSign?: string
}

/** Where browsers see the pages, as WebAuthn binds a key to it. */
export interface Site {
  /** The origin that a browser must have been at, exactly. */
  origin: string
  /** The relying party's id: the origin's host or a domain above it. */
  rpId: string
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
  /** `digits` of the codes, in a challenge. */
  | { kind: 'totp'; secret?: string; uri?: string; digits?: number }
  | { kind: 'backup-codes'; left?: number; codes?: string[] }
  /** The form for a phone number, with what was typed before. */
  | { kind: 'phone'; country: string | undefined; phone: string }
  /** An administrator named an address that codes can't go to; another is not the user's to name (R25). */
  | { kind: 'unusable' }
  /** `to` is masked. `fixed`: the user can't change it here. `digits` of the newest code; undefined before there is one. */
  | { kind: 'sent-code'; to: string; fixed: boolean; digits: number | undefined }
  /** What a browser needs to make a passkey: the user's handle, base64url, and COSE's numbers of algorithms. */
  | { kind: 'new-passkey'; user: string; algorithms: number[] }
  /** A passkey: `id` as the authenticator knows it, base64url; `synced` where it may be on other devices, too. */
  | { kind: 'passkey'; id: string; transports: string[]; synced: boolean }

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

/** A number as it was typed, with the country that was selected beside it; ISO 3166, empty for none. */
export interface TypedNumber {
  country: string
  phone: string
}

/** How a method that sends to phone numbers reads them. Numbers are E.164. */
export interface Numbers {
  /** A typed number that codes may go to, or what is wrong with it. */
  read(
    typed: TypedNumber,
    settings: RealmSettings,
  ): { ok: true; phone: string } | { ok: false; error: DestinationError }
  /**
   * A whole number as somebody writes it who looks for it, whether or not codes may go there: international, or national
   * in the realm's first country. Undefined where it is none.
   */
  find(text: string, settings: RealmSettings): string | undefined
  /** As it may be shown (R23). */
  mask(phone: string): string
}

/**
 * What became of an answer. `missing`: nothing that could be a code, not counted as a try. `wrong`: wrong, late or
 * used, which the user is never told apart (R11). `cloned`: right but for its counter, so that there may be a second key
 * like it; to the user who answers it is as wrong. `credential` is what to save by compare-and-swap, `amr` what this
 * proof is called where that is not the method's own.
 */
export type Verdict<Credential> =
  { ok: true; credential: Credential; amr?: string } | { ok: false; error: 'missing' | 'wrong' | 'cloned' }

/** A kind of second factor: pure, a folder of its own and a line in the registry. */
export interface Method<Credential = unknown, State = unknown> {
  readonly id: MethodId
  /** RFC 8176 value, absent where the registry has none (R21). */
  readonly amr?: string
  /** The level that a proof by it reaches: 2 second factor, 3 phishing-resistant. */
  readonly level: 2 | 3
  /** True for a method that only stands beside another and never alone (S18). */
  readonly companion: boolean
  /** True where its answer is a signature of what was made at random for this one try. */
  readonly signs?: true
  /** How its codes travel, where it sends some. */
  readonly sends?: Send['channel']
  /** How phone numbers are read, where its codes go to some. */
  readonly numbers?: Numbers
  /** True where a user has one of it at most: a new one takes the old one's place. */
  readonly single: boolean
  /**
   * True where what is stored are hashes that can't be made again; its JSON names their key as `keyId`. Without that
   * key nothing can be answered by it.
   */
  readonly hashed?: true
  /** Reads a stored credential. Throws where the JSON is not one. */
  read(json: unknown): Credential
  beginEnrolment(account: Account, context: MethodContext): Step<State>
  /**
   * Takes the address that codes are to go to; undefined where the user has no say in it. Only for a method that sends.
   */
  aimEnrolment?(
    state: State,
    typed: TypedNumber,
    context: MethodContext,
  ): { ok: true; keep: State } | { ok: false; error: DestinationError; keep: State } | undefined
  /** A new code to where the enrolment aims, in place of the one before. Undefined while there is no such place. */
  sendEnrolment?(state: State, account: Account, context: MethodContext): Step<State> | undefined
  /** The number that text messages of other kinds may go to, E.164. */
  textsTo?(credential: Credential): string
  /** Shows a begun enrolment again, from what was kept. */
  showEnrolment(state: State, account: Account): Shown
  /** Also where it takes its time, it rests on nothing but what it is given. */
  finishEnrolment(
    state: State,
    answer: string,
    account: Account,
    context: MethodContext,
  ): Verdict<Credential> | Promise<Verdict<Credential>>
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
  ): Verdict<Credential> | Promise<Verdict<Credential>>
}

/** The methods that this build knows, by id. */
export type Registry = ReadonlyMap<MethodId, Method>
