import type { Realm } from '../../../core/realm.ts'
import type { SyncState } from '../../../core/sync/sync.ts'
import type { Found } from '../setup/found.ts'
import type { Probes } from './probes.ts'

/** What is wrong, for whoever has to mend it. */
export interface Fault {
  /** A warning leaves users protected; a fault does not, or keeps them out. */
  level: 'fault' | 'warning'
  what: string
  why: string
  /** A command, or where to click. */
  mend: string
}

/** Rows of one kind under a key that is not configured. */
export interface LostRows {
  keyId: string
  rows: number
  /** What they are, in the plural. */
  what: string
  /** Whether users can't sign in without them, or the server can't do its work. */
  isNeeded: boolean
}

/** What the sidecar's own database says. */
export interface StoreFacts {
  /** Migrations that were not run yet; undefined where there is no database so far. */
  pending: string[] | undefined
  /** Rows that need a key which nobody configured. */
  lost: LostRows[]
  /** What the worker wrote down, by realm; undefined where there is no place for it so far. */
  sync?: ReadonlyMap<string, SyncState>
  /** Why it can't be read. */
  problem?: string
}

/** All that the checks look at, gathered once. */
export interface Facts {
  realm: Realm
  /** The realm in Keycloak; undefined where no administrator signed in. */
  found: Found | undefined
  probes: Probes
  store: StoreFacts
  /** The addresses of this server's settings, by their names. */
  addresses: Record<string, string>
  /** Epoch milliseconds. */
  now: number
}

/** One question about an installation. */
export interface Check {
  id: string
  /** What is in order where nothing was found. */
  title: string
  /** Whether it needs an administrator of Keycloak. */
  admin: boolean
  run(facts: Facts): Fault[]
}

/** A check that reads the realm as an administrator does. */
export function realmCheck(id: string, title: string, run: (found: Found, facts: Facts) => Fault[]): Check {
  return {
    id,
    title,
    admin: true,
    run: (facts) => (facts.found === undefined ? [] : run(facts.found, facts)),
  }
}

/** A fault in short. */
export function fault(what: string, why: string, mend: string): Fault {
  return { level: 'fault', what, why, mend }
}

/** The command that mends most of it. */
export function setupCommandFor({ realm }: Facts): string {
  return `latchkey setup --realm ${/^[\w.-]+$/.test(realm.name) ? realm.name : `'${realm.name}'`}`
}
