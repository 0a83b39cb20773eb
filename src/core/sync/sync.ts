/** How long a lease is held without being renewed, milliseconds. */
export const LEASE = 10_000

/** What the worker did last, and where it stands. Times are epoch milliseconds. */
export interface SyncState {
  /** The pass under way, which another worker resumes where this one ended. */
  running:
    | {
        pass: number
        startedAt: number
        phase: 'groups' | 'users' | 'members' | 'gone'
        done: number
        total: number
      }
    | undefined
  last:
    | {
        result: 'done' | 'stopped' | 'failed'
        startedAt: number
        endedAt: number
        users: number
        groups: number
        changes: number
      }
    | undefined
  /** The newest full pass that went through, epoch milliseconds. */
  completedAt: number | undefined
  /** What is wrong now, for people; undefined where nothing is. */
  problem:
    { reason: 'refused' | 'unreachable' | 'empty' | 'failed'; message: string; since: number } | undefined
  /** Failures in a row, and when the next try is made. */
  failures: number
  retryAt: number | undefined
  /** What a pass would drop, and waits to be told to. */
  asks: { pass: number; users: number; rules: { groupId: string; path: string }[] } | undefined
  /** Attributes that say nothing usable. */
  warnings: SyncWarning[]
}

/** A value in Keycloak that was skipped. */
export interface SyncWarning {
  groupId: string
  path: string
  attribute: string
  value: string
  message: string
}

export const NEVER_SYNCED: SyncState = {
  running: undefined,
  last: undefined,
  completedAt: undefined,
  problem: undefined,
  failures: 0,
  retryAt: undefined,
  asks: undefined,
  warnings: [],
}

/** What Keycloak said has changed. `full`: so much that everything is to be read again. */
export interface Hints {
  users: string[]
  groups: string[]
  full: boolean
  /** Credentials that an administrator deleted in Keycloak; of all kinds. */
  deleted?: { user: string; credential: string }[]
  /** Those of `users` who hold a role of realm-management now; undefined where nobody said. */
  administrators?: string[]
}

/** What the worker's endpoints and pages use. */
export interface SyncControl {
  state(realm: string): Promise<SyncState>
  /**
   * Asks for a full pass now, on whichever server the worker runs, also while it waits to try again. `confirm`: the
   * pass whose drops are wanted, as `asks` names it; one that does not ask any more confirms nothing.
   */
  run(realm: string, options?: { confirm: number }): Promise<void>
  /** Keeps hints until the worker has read again what they name; a message is taken once. */
  hint(realm: string, hints: Hints, once: { jti: string; expiresAt: number }): Promise<'kept' | 'replayed'>
}
