import type { Because, BlockedReason, Claims } from '../policy/policy.ts'
import type { Account, MethodId } from '../method.ts'
import type { Bypass } from './help-desk.ts'
import type { Listing } from './listing.ts'
import type { Attempts } from './lockout.ts'
import type { Enforcement, RealmSettings } from '../settings.ts'
import type { TrustedDevice } from './trusted-device.ts'

/** The question that Keycloak pushed, as far as the step needs it. */
export interface Question {
  nonce: string
  state: string
  sid: string
  redirectUri: string
  purpose: Claims['purpose']
  /** What was proven before, RFC 8176 values. */
  amr: string[]
  level: number
  /** True where the application asked for a fresh login. */
  fresh?: true
  locale: string | undefined
  locales: string[]
  darkMode: boolean
  realmDisplayName: string
  /** Where the application lives, for "go back to it". */
  clientUri: string | undefined
  /** Its name, as Keycloak has it. */
  application?: string | undefined
  /** Where the browser goes after a step that one of our own pages asked for, and no application: addresses. */
  own?: { done: string; cancelled: string }
}

/** A challenge by one of the user's methods. */
export interface Challenge {
  at: 'challenge'
  method: MethodId
  then: 'done' | 'enrol'
  keep?: unknown
  sentAt?: number
  toSign?: string
}

/**
 * Where a step stands. What is shown once only, or not proven yet, lives here, sealed, and nowhere else. `proven` is
 * what a challenge before the set-up proved; without it the set-up is the user's first, on the password alone (R26).
 * `sentAt` is when the newest code, or link, was sent, epoch milliseconds. `toSign` is what an authenticator must sign to
 * answer: 32 random bytes, base64url, anew with every stage and after every wrong try. `help-desk`: a code of the help
 * desk is asked for instead of that challenge. `countdown`: the set-up is offered, and can still be put off.
 */
export type Stage =
  | Challenge
  | { at: 'help-desk'; instead: Challenge }
  | { at: 'countdown'; sentAt?: number }
  | {
      at: 'enrol'
      method: MethodId | undefined
      keep: unknown
      proven: Proof | undefined
      sentAt?: number
      toSign?: string
    }
  | {
      at: 'save-codes'
      method: MethodId
      keep: unknown
      pending: PendingCredential[]
      proven: Proof | undefined
      proof: Proof
    }
  /** A first set-up waits for the link that is sent to the user's address, or for what came of it elsewhere. */
  | { at: 'link'; sentAt?: number }
  | { at: 'codes-low'; left: number; then: 'done' | 'enrol'; proof: Proof }
  | { at: 'blocked'; reason: BlockedReason }
  | { at: 'done'; proof: Proof }
  /** The device is trusted until then, epoch milliseconds: the login goes on, and nothing was proven. */
  | { at: 'trusted'; device: string; until: number }

/** A credential that is proven and waits for the end of its set-up. */
export interface PendingCredential {
  method: MethodId
  label: string | undefined
  data: unknown
}

/** Why a login goes on though no second factor was given: the claim `exempt` of docs/protocol.md. */
export type Exempt = 'trusted-device' | 'grace' | 'help-desk'

/**
 * What a step proved. `amr` are RFC 8176 values, those of the first factor among them; `at` is epoch milliseconds.
 * `setUp`: it is a method that this step set up. Where an exemption let the user in, it proved nothing beyond the first factor (R27, R29).
 */
export type Proof =
  | { amr: string[]; level: 2 | 3; at: number; setUp?: true; exempt?: undefined }
  | { amr: string[]; level: 1; at: number; setUp?: undefined; exempt: Exempt }

/** One login's second factor, from the push to the redemption. */
export interface Transaction {
  id: string
  /** For the compare-and-swap of every change. */
  version: number
  account: Account
  question: Question
  because: Because
  /** The methods that may be set up. */
  methods: MethodId[]
  /** The methods that a challenge takes. */
  proofs: MethodId[]
  stage: Stage
  /** True where the link to the user's address was opened in this step, so that its first set-up may go on. */
  linked?: true
  /** Where a trusted device can stand in for the challenge: for how many days, and what the policy says of the user. */
  trust?: { days: number; enforcement: Enforcement }
  /** Until when a set-up can be put off, epoch milliseconds. */
  grace?: number
  /** True where the set-up that can be put off needs the link to the user's address (R26). */
  byLink?: true
  /** Failures above `from` are reported with this login; see docs/protocol.md. */
  failures: { from: number; to: number }
  /** Epoch milliseconds. */
  expiresAt: number
  /** SHA-256 of the browser's cookie; absent until a browser has come. */
  browserHash: string | undefined
  requestUri: { hash: string; expiresAt: number }
  /** The code that the browser carries back, its SHA-256; absent until the step is done. */
  code: { hash: string; expiresAt: number } | undefined
  redeemed: boolean
}

/** An enrolled method of a user, opened. */
export interface Credential {
  id: string
  method: MethodId
  label: string | undefined
  version: number
  failures: number
  /** True for the one that the user wants to be asked for first. */
  preferred?: boolean
  /** When it was set up, epoch milliseconds. */
  createdAt?: number
  /** As the method's `read` takes it. */
  data: unknown
  /** Why no key opens it, or checks what it holds: it stays the user's, and nothing can be answered by it. */
  unreadable?: string | undefined
}

/** Everything that answering needs, read at one moment. */
export interface Situation {
  settings: RealmSettings
  transaction: Transaction
  credentials: Credential[]
  /** What Keycloak was told to list of them; absent before it was told anything. */
  listing?: Listing
  attempts: Attempts
  /** The browsers that the user trusts, those that expired lately among them. */
  devices: TrustedDevice[]
  /** The code of the help desk that is outstanding. */
  bypass?: Bypass | undefined
}
