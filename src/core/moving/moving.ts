import type { AuditEntry } from '../audit/audit.ts'
import { COMMAND_LINE } from '../audit/audit.ts'
import { cleanLabel } from '../login/enrolment.ts'
import type { MethodId } from '../method.ts'

/** Apps that one user takes along at most: each is one more code that a guess can hit. */
const MAX_APPS = 5

/**
 * Why a credential stays behind. `hotp`: it counts, and Latchkey's apps go by time. `malformed`: it is none that can be
 * read. `unsupported`: its algorithm, digits or period. `weak`: a secret of fewer than 128 bits (RFC 4226, R6).
 * `too-many`: the user has more of them than come along. `removed`: it was moved before and taken away here since.
 * `gone`: the user is gone from Keycloak.
 */
export type SkipReason = 'hotp' | 'malformed' | 'unsupported' | 'weak' | 'too-many' | 'removed' | 'gone'

/** An authenticator app that Keycloak has, readable or not. */
export type ForeignApp =
  /** `data` as the method's `read` takes it; `createdAt` is epoch milliseconds. */
  | { id: string; label: string | undefined; createdAt: number | undefined; data: unknown }
  | { id: string | undefined; skip: SkipReason }

/** A user of Keycloak with what could come along, the app that is asked for first at the front. */
export interface ForeignUser {
  id: string
  apps: ForeignApp[]
  /** As Keycloak has it, nothing checked. */
  phone: string | undefined
  /** Whether Keycloak gave any credential of the user at all, a password for example. */
  hasCredentials: boolean
}

/** What this database knows of the users of a batch. */
export interface KnownBatch {
  /** By Keycloak's id of what was moved before: whether it is still here. */
  moved: ReadonlyMap<string, boolean>
  /** Ids of users who are gone from Keycloak. */
  gone: ReadonlySet<string>
}

/** A credential that comes in. */
export interface MovedCredential {
  id: string
  /** Keycloak's id of it. */
  source: string
  userId: string
  method: MethodId
  label: string | undefined
  data: unknown
  /** Epoch milliseconds. */
  createdAt: number
}

/** What a batch writes: all of it or nothing. Refused as `lost` where one of them was moved meanwhile. */
export interface MovingChange {
  realm: string
  /** Epoch milliseconds. */
  at: number
  credentials: MovedCredential[]
  audit: AuditEntry[]
}

/** What became of one app. */
export interface Fate {
  userId: string
  /** Keycloak's id; undefined where it could not be read. */
  source: string | undefined
  result: 'moved' | 'present' | SkipReason
}

/** The store as the move uses it. */
export interface MovingStore {
  known(realm: string, users: readonly ForeignUser[]): Promise<KnownBatch>
  commit(change: MovingChange): Promise<'written' | 'lost'>
}

/**
 * Decides which apps of these users come along. Pure: what was moved once never comes again, whether it is still here or
 * was taken away since. `change` is undefined where nothing is to be written.
 */
export function planMove(
  realm: string,
  users: readonly ForeignUser[],
  known: KnownBatch,
  { now, random }: { now: number; random: (bytes: number) => Buffer },
): { change: MovingChange | undefined; fates: Fate[] } {
  const credentials: MovedCredential[] = []
  const fates: Fate[] = []
  const seen = new Set<string>()
  for (const { id: userId, apps } of users) {
    let count = 0
    for (const app of apps) {
      const fate = (result: Fate['result']) => fates.push({ userId, source: app.id, result })
      if ('skip' in app) fate(app.skip)
      else if (known.gone.has(userId)) fate('gone')
      else if (seen.has(app.id)) fate('malformed')
      else {
        seen.add(app.id)
        const before = known.moved.get(app.id)
        if (before === false) fate('removed')
        else if (count >= MAX_APPS) fate('too-many')
        else {
          count++
          fate(before === true ? 'present' : 'moved')
          if (before === undefined) credentials.push(credentialOf(app, userId, now, random))
        }
      }
    }
  }
  if (credentials.length === 0) return { change: undefined, fates }
  const audit = credentials.map(({ id, source, userId, method }): AuditEntry => ({
    event: 'method.imported',
    realm,
    userId,
    actor: COMMAND_LINE,
    at: now,
    detail: { id, method, keycloak: source },
  }))
  return { change: { realm, at: now, credentials, audit }, fates }
}

function credentialOf(
  { id: source, label = '', createdAt, data }: Exclude<ForeignApp, { skip: SkipReason }>,
  userId: string,
  now: number,
  random: (bytes: number) => Buffer,
): MovedCredential {
  return {
    id: random(16).toString('base64url'),
    source,
    userId,
    method: 'totp',
    label: cleanLabel(label),
    data,
    createdAt: createdAt === undefined || createdAt > now ? now : createdAt,
  }
}
