import type { AuditEntry } from '../audit/audit.ts'
import type { DirectoryUser } from '../sync/directory.ts'
import type { Bypass } from '../login/help-desk.ts'
import type { MethodId } from '../method.ts'
import type { TrustedDevice } from '../login/trusted-device.ts'
import type { Outgoing } from '../notices/outbox.ts'
import type { Rule } from '../policy/policy.ts'
import type { Committed } from '../ports.ts'
import type { Enforcement, RealmSettings } from '../settings.ts'

/** A rule as it is kept. */
export interface KeptRule extends Rule {
  /** `attribute`: the group's attributes in Keycloak say it, and it is edited there. */
  origin: 'administrator' | 'attribute'
  /** For the compare-and-swap. */
  version: number
}

/** A change of a rule that is reported on and not in force. */
export interface Proposal extends Rule {
  version: number
}

/**
 * What an administrator, or the worker, changes: all of it or nothing, with its audit, in one statement on PostgreSQL
 * and one transaction on SQLite. A `version` is a compare-and-swap; undefined stands for "there is none yet", and what is
 * new has the time of its audit for its first version, so that no version ever comes again.
 */
export interface AdminChange {
  realm: string
  settings?: { next: Partial<RealmSettings>; version: number }
  saveRules?: { rule: Rule; origin: KeptRule['origin']; version: number | undefined }[]
  removeRules?: { groupId: string; version: number }[]
  saveProposal?: { rule: Rule; version: number | undefined }
  removeProposal?: { groupId: string; version: number }
  /**
   * `enforcement` undefined: back to the default. Refused where it is not `was` any more. `comesTo`: what the policy
   * then says, for lists.
   */
  override?: {
    userId: string
    enforcement: Enforcement | undefined
    was: Enforcement | undefined
    comesTo: Enforcement
  }
  /**
   * Credentials that go; refused where one of them is gone already. With them go the user's steps that are open, since
   * one may rest on a proof by them, what sessions gave by them, and the devices that the user had trusted.
   */
  revoke?: { userId: string; ids: string[] }
  /** Trusted devices that are trusted no longer; refused where one of them is gone already. */
  forget?: { userId: string; ids: string[] }
  /** Ends the lockout and forgets failures in a row, those on credentials among them. */
  unlock?: { userId: string }
  /**
   * A user whom Keycloak has since just now, with the groups that are followed, for lists until the worker reads them
   * there. `comesTo`: what the policy says of them; `lookup`: what their number is found by.
   */
  added?: { user: DirectoryUser; groupIds: string[]; comesTo: Enforcement; lookup: string | undefined }
  /** A one-time code of the help desk, in place of one before; `given` undefined takes that back, where there is one. */
  bypass?: { userId: string; given: GivenBypass | undefined }
  /** Refused by nothing; `value` undefined takes one away. */
  secrets?: { name: SecretName; value: string | undefined }[]
  /** What users are told. */
  notices?: Outgoing[]
  audit: AuditEntry[]
}

/** A code of the help desk, and whose word it is: `by` is a user's id, times are epoch milliseconds. */
export interface GivenBypass extends Bypass {
  by: string
  at: number
  reason: string
}

/** Secrets that a realm's administrators enter: written and used, never shown. */
export const SECRET_NAMES = ['mail-password', 'twilio-auth-token', 'sms-webhook-secret'] as const
export type SecretName = (typeof SECRET_NAMES)[number]

/** What is known of an enrolled method without opening it. Times are epoch milliseconds. */
export interface MethodSummary {
  id: string
  method: MethodId
  label: string | undefined
  createdAt: number
  usedAt: number | undefined
  failures: number
}

/** A user with everything that the policy looks at, as the database has it. */
export interface UserRecord {
  user: DirectoryUser
  /** Epoch milliseconds; set while the user is gone from Keycloak. */
  goneAt: number | undefined
  /**
   * Its `tfa-…` roles, and `administers` where it holds one of realm-management, as its last login or hint told;
   * undefined where none did yet.
   */
  roles: string[] | undefined
  /** The groups known of, and all their ancestors. */
  groups: { id: string; path: string }[]
  override: Enforcement | undefined
  methods: MethodSummary[]
  /** Epoch milliseconds; 0 when not locked. */
  lockedUntil: number
  graceStarts: ReadonlyMap<string, number>
  /** The newest code that the help desk gave and nobody used, also where its time is over. */
  bypass?: Pick<GivenBypass, 'by' | 'at' | 'reason' | 'expiresAt'> | undefined
}

/**
 * The status that lists are filtered by; the first that fits. `locked`: too many wrong tries, for now. `enrolled`: has
 * a method that stands alone. `required-not-enrolled`: has none, and must. `exempt`: has none, and is never asked.
 * `not-enrolled`: has none, and need not.
 */
export type UserStatus = 'enrolled' | 'required-not-enrolled' | 'not-enrolled' | 'locked' | 'exempt'

export interface UserQuery {
  /** Part of the name, the first or last name, or the address. */
  search?: string
  /** What a phone number is found by: who has it is found beside whom `search` finds. */
  lookups?: string[]
  status?: UserStatus
  /** What the policy came to when the worker last looked. */
  enforcement?: Enforcement
  method?: MethodId
  /** Members of one of these groups. */
  groupIds?: string[]
  /** Users who are gone from Keycloak are listed where this is true, and only they. */
  gone?: boolean
  first: number
  max: number
}

/** A realm's policy as it is in force. */
export interface RealmPolicy {
  settings: RealmSettings
  /** What was set; what is absent has its default. */
  set: Partial<RealmSettings>
  version: number
  rules: KeptRule[]
  proposals: Proposal[]
}

/** The store as administration uses it. */
export interface AdminStore {
  policy(realm: string): Promise<RealmPolicy>
  groups(realm: string): Promise<KnownGroup[]>
  users(realm: string, query: UserQuery): Promise<{ users: UserRecord[]; total: number }>
  user(realm: string, userId: string): Promise<UserRecord | undefined>
  /** The browsers that the user had trusted, the one that was used last first. */
  devices(realm: string, userId: string): Promise<TrustedDevice[]>
  /** Every user who is not gone, or of them those with a status, a page at a time, by name. */
  everybody(realm: string, status?: UserStatus): AsyncIterable<UserRecord[]>
  /** How many users have each status, as they are read at one moment. */
  countStatuses(realm: string): Promise<Record<UserStatus, number>>
  /** What a proposal would have decided otherwise since a moment, epoch milliseconds: how often, and for how many users. */
  proposalFigures(
    realm: string,
    groupId: string,
    since: number,
  ): Promise<{ decisions: number; users: number }>
  /** When this user gave a second factor in this session, epoch milliseconds; undefined where not. */
  verifiedAt(realm: string, sid: string, userId: string): Promise<number | undefined>
  /** The secrets that are set; never what they are. */
  secretsSet(realm: string): Promise<SecretName[]>
  commit(change: AdminChange): Promise<Committed>
}

/** A group as the worker last saw it. */
export interface KnownGroup {
  id: string
  parentId: string | undefined
  name: string
  path: string
  /** Ids of users who look after its members and those of its subgroups. */
  managers: string[]
  /** Epoch milliseconds; set while it is gone from Keycloak. */
  goneAt: number | undefined
}
