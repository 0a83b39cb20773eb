/** What the user's pages show. The server makes a view, a theme turns it into HTML; nothing else passes between them. */

import type { DefaultBecause } from '../../core/policy/policy.ts'
import type { Enforcement } from '../../core/settings.ts'
import type { MethodName } from './view.ts'

/** What every one of the user's pages has around it. */
interface AccountFrame {
  username: string
  /** Keycloak's account console. */
  consoleUrl: string
  /** POST nothing to it to sign out. */
  logoutAction: string
}

/** What counts for the user, and why; as `core/policy/explain.ts` says it in English. */
export interface Why {
  enforcement: Enforcement
  because:
    | DefaultBecause
    | { rule: 'role'; role: string }
    | { rule: 'override'; instead: { enforcement: Enforcement; because: DefaultBecause } }
}

/** A method that is set up. Times are epoch milliseconds. */
export interface OwnMethod {
  id: string
  kind: MethodName
  /** The user's name for it. */
  label?: string
  /** Of a passkey: whether it may be on other devices, too. */
  synced?: 'synced' | 'bound'
  /** Where its codes go, masked. */
  destination?: string
  /** Unused backup codes. */
  left?: number
  /** Whether `left` is so few that the page warns. */
  low?: boolean
  createdAt?: number
  usedAt?: number
  /** Asked for first at a login. */
  isDefault: boolean
  /** POST nothing to it to be asked for this one first; absent where it is, or can't be. */
  defaultAction?: string
  renameUrl?: string
  removeUrl?: string
}

/** A kind of method with what the user has of it. `setUp` where the user may set one up: POST `method` to `setUpAction`. */
export interface Kind {
  id: MethodName
  methods: OwnMethod[]
  setUp?: 'set-up' | 'another' | 'replace' | 'new-codes'
}

/** A browser on which the user is not asked. Times are epoch milliseconds; POST nothing to `forgetAction`. */
export interface OwnDevice {
  id: string
  browser?: string
  system?: string
  createdAt: number
  usedAt: number
  until: number
  forgetAction: string
}

/** What happened to the user's account. */
export interface Happening {
  /** Epoch milliseconds. */
  at: number
  /** An event of the audit. */
  event: string
  method?: MethodName
  address?: string
}

/** What the page says was done just now. */
export type Done =
  'set-up' | 'removed' | 'off' | 'renamed' | 'default' | 'device-forgotten' | 'devices-forgotten'

export type AccountView = { account: AccountFrame } & (
  | {
      page: 'account'
      /** Whether a login asks for it. */
      isOn: boolean
      why: Why
      /** The end of the time for putting the set-up off, epoch milliseconds. */
      until?: number
      /** Where the user may choose: what the switch does. POST nothing to `setUpAction`, or open `offUrl`. */
      turn?: { to: 'on' } | { to: 'off'; offUrl: string }
      /** What the user may not do by themselves. */
      only?: ('set-up' | 'remove')[]
      setUpAction: string
      kinds: Kind[]
      /** Where there are some, or may be. POST nothing to `forgetAllAction` to forget them all. */
      devices?: { list: OwnDevice[]; forgetAllAction: string }
      activity: Happening[]
      done?: Done
    }
  /** Another name for a method. POST `label` to `action`. */
  | { page: 'account-rename'; method: OwnMethod; action: string; backUrl: string }
  /**
   * Whether to remove a method. POST nothing to `action`. `alongWith`: what goes with it; `after`: what the next login
   * asks for then.
   */
  | {
      page: 'account-remove'
      method: OwnMethod
      alongWith: MethodName[]
      after: 'others' | 'set-up' | 'nothing'
      action: string
      backUrl: string
    }
  /** Whether to switch the second factor off. POST nothing to `action`. */
  | { page: 'account-off'; methods: OwnMethod[]; action: string; backUrl: string }
  /** The user may not do this by themselves. */
  | { page: 'account-refused'; reason: 'removal' | 'set-up' | 'required'; backUrl: string }
)
