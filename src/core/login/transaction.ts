import type { Because, BlockedReason, Claims } from '../policy/policy.ts'
import type { Account, MethodId } from '../method.ts'
import type { Listing } from './listing.ts'
import type { Attempts } from './lockout.ts'
import type { RealmSettings } from '../settings.ts'

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

/**
 * Where a step stands. What is shown once only, or not proven yet, lives here, sealed, and nowhere else. `proven` is
 * what a challenge before the set-up proved; without it the set-up is the user's first, on the password alone (R26).
 * `sentAt` is when the newest code was sent, epoch milliseconds. `toSign` is what an authenticator must sign to answer:
 * 32 random bytes, base64url, anew with every stage and after every wrong try.
 */
export type Stage =
  | {
      at: 'challenge'
      method: MethodId
      then: 'done' | 'enrol'
      keep?: unknown
      sentAt?: number
      toSign?: string
    }
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

/** A credential that is proven and waits for the end of its set-up. */
export interface PendingCredential {
  method: MethodId
  label: string | undefined
  data: unknown
}

/** What a step proved. */
export interface Proof {
  /** RFC 8176 values, those of the first factor among them. */
  amr: string[]
  level: 2 | 3
  /** Epoch milliseconds. */
  at: number
  /** True where it is a method that this step set up. */
  setUp?: true
}

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
}

/** Everything that answering needs, read at one moment. */
export interface Situation {
  settings: RealmSettings
  transaction: Transaction
  credentials: Credential[]
  /** What Keycloak was told to list of them; absent before it was told anything. */
  listing?: Listing
  attempts: Attempts
}
