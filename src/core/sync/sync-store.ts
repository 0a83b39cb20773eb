import type { AdminChange, KnownGroup } from '../administration/administration.ts'
import type { AuditEntry } from '../audit/audit.ts'
import type { DirectoryUser } from './directory.ts'
import type { Enforcement } from '../settings.ts'
import { NEVER_SYNCED } from './sync.ts'
import type { SyncState, SyncWarning } from './sync.ts'

/** The worker's state as it is kept: what everybody may see, and what it needs to go on elsewhere. */
export interface KeptSync {
  state: SyncState
  /** The number of the newest pass. */
  pass: number
  /** The last group whose members the pass under way has read, by id. */
  cursor: string
  /** What was another than it was, since the newest pass began. */
  changes: number
  /** What the pass under way warns of. */
  warnings: SyncWarning[]
  /** The pass whose drops the pass under way may make. */
  confirmed: number | undefined
  /** Users who went since the last pass that went through. */
  dropped: number
  /** The groups that carry something, whose members and those of their subgroups are kept. */
  roots: string[]
  /** The policy that the enforcements in lists were made by; empty where they are out of date anyway. */
  fingerprint: string
}

export const NOTHING_KEPT: KeptSync = {
  state: NEVER_SYNCED,
  pass: 0,
  cursor: '',
  changes: 0,
  warnings: [],
  confirmed: undefined,
  dropped: 0,
  roots: [],
  fingerprint: '',
}

/** The right to work on a realm, for one holder at a time. A holder's name is never used for a second one. */
export interface Lease {
  realm: string
  holder: string
}

/**
 * Something to be done. `user`, `group`: to be read again. `members`: of this group. `full`: everything. `run`: the
 * same, at once, because a person wants it. `deleted`: a credential, in Keycloak's console; the id is JSON, user and credential. `confirm`: the id is the number of the pass whose drops are wanted.
 */
export interface KeptHint {
  kind: 'user' | 'group' | 'members' | 'full' | 'run' | 'confirm' | 'deleted'
  id: string
  /** Epoch milliseconds; grows with each time that the same is asked for. */
  at: number
  /** Of a user: whether they administer the realm in Keycloak, as Keycloak told. */
  administers?: boolean
}

/** A user as the directory has it. */
export interface KnownUser {
  user: DirectoryUser
  roles: string[] | undefined
  /** What the number is found by that an administrator set. */
  lookup: string | undefined
  /** The newest pass that saw it. */
  pass: number
  goneAt: number | undefined
}

export interface SeenGroup extends KnownGroup {
  /** The newest pass that saw it. */
  pass: number
}

/** What the worker writes: all of it or nothing, and nothing where the lease is somebody else's by now. */
export interface SyncChange {
  realm: string
  /** Epoch milliseconds. */
  at: number
  kept: KeptSync
  users?: {
    /** New, or another than it was, or back. */
    save?: DirectoryUser[]
    /** Seen as it was. */
    seen?: string[]
    /** Their credentials become tombstones. */
    gone?: string[]
    /** Those of `save` who were gone: their credentials are in force again. */
    returned?: string[]
    /** Of users who are not in `save`; refused where they are not `was` any more. */
    roles?: { userId: string; was: string[] | undefined; roles: string[] }[]
    /** What numbers that administrators set are found by; of users who are in neither `save` nor `roles`. */
    lookups?: { userId: string; lookup: string | undefined }[]
  }
  groups?: {
    save?: Omit<KnownGroup, 'goneAt'>[]
    seen?: string[]
    gone?: string[]
    /** New paths, of groups that are not in `save`. */
    paths?: { groupId: string; path: string }[]
  }
  memberships?: {
    /** Seen by this pass: new ones, and those that were there. */
    add?: { groupId: string; userId: string }[]
    /** Of one user, in these groups. */
    remove?: { userId: string; groupIds: string[] }
    /** All of these groups. */
    drop?: string[]
    /** Those in these groups that the pass did not see, of users whom it saw. */
    sweep?: string[]
  }
  /** What the policy comes to, for lists. */
  standings?: { enforcement: Enforcement; userIds: string[] }[]
  saveRules?: AdminChange['saveRules']
  removeRules?: AdminChange['removeRules']
  /** Hints that are dealt with, where they are still as they were read. */
  done?: KeptHint[]
  /** What else is to be done; none of it in `done`. */
  more?: Omit<KeptHint, 'at'>[]
  audit?: AuditEntry[]
}

/** The store as the worker uses it. Every list may be longer than one statement takes. */
export interface SyncStore {
  /** Whether the holder has the right now, for LEASE from `now`. */
  take(lease: Lease, now: number): Promise<boolean>
  /** Prolongs it; false where it is somebody else's by now, or nobody's. */
  renew(lease: Lease, now: number): Promise<boolean>
  giveBack(lease: Lease): Promise<void>
  kept(realm: string): Promise<KeptSync>
  /** What asks for a pass, then the rest, oldest first. */
  hints(realm: string, max: number): Promise<KeptHint[]>
  /** `lost`: the lease is somebody else's, or something changed meanwhile: begin again from what is kept. */
  commit(lease: Lease, change: SyncChange): Promise<'written' | 'lost'>
  users(realm: string, ids: readonly string[]): Promise<KnownUser[]>
  /** Users by their names, whatever the case; those who are gone too. */
  named(realm: string, names: readonly string[]): Promise<Map<string, string>>
  groups(realm: string): Promise<SeenGroup[]>
  /** The groups of which members are kept; of one user where it is given. */
  membershipGroups(realm: string, userId?: string): Promise<string[]>
  /** Which of these users are kept as members of a group. */
  membersAmong(realm: string, groupId: string, ids: readonly string[]): Promise<Set<string>>
  /** Users who are not gone: how many this pass saw, and how many not. */
  counts(realm: string, pass: number): Promise<{ seen: number; missing: number }>
  /** Users who are not gone and whom this pass did not see, in the order of their ids. */
  missing(realm: string, pass: number, after: string, max: number): Promise<KnownUser[]>
  /** Some users who are not gone, those seen last first; of one federation where it is given. */
  witnesses(realm: string, federation: string | undefined, max: number): Promise<string[]>
  /** Whether any user, gone or not, came from a user federation. */
  federated(realm: string): Promise<boolean>
}
