import type { UserRecord } from '../../core/administration/administration.ts'
import type { Selectable } from 'kysely'
import { AppError } from '../../core/errors.ts'
import type { Bypass } from '../../core/login/help-desk.ts'
import { NO_ATTEMPTS } from '../../core/login/lockout.ts'
import type { Listing } from '../../core/login/listing.ts'
import type { Attempts } from '../../core/login/lockout.ts'
import type { Grace, Rule } from '../../core/policy/policy.ts'
import type { Sealer } from '../../core/ports.ts'
import { realmSettings } from '../../core/settings.ts'
import type { Enforcement, RealmSettings } from '../../core/settings.ts'
import type { Credential, Transaction } from '../../core/login/transaction.ts'
import type { TrustedDevice } from '../../core/login/trusted-device.ts'
import type { Schema } from './schema.ts'

/** What a row binds its sealed part to: a row that is copied to another user or realm does not open (R5). */
type Bound = { realm: string; user_id: string; id: string }

/** The columns of a transaction that statements look at; everything else of it is sealed. */
type Plain = 'id' | 'version' | 'browserHash' | 'requestUri' | 'code' | 'redeemed' | 'expiresAt'

export function credentialContext(row: Bound): string {
  return JSON.stringify(['credential', row.realm, row.user_id, row.id])
}

export function transactionContext(row: Bound): string {
  return JSON.stringify(['transaction', row.realm, row.user_id, row.id])
}

export function sealCredential(sealer: Sealer, bound: Bound, data: unknown): string {
  return sealer.seal(JSON.stringify(data), credentialContext(bound))
}

/** Settings by their text: of a few realms, and read with every request. */
const settingsRead = new Map<string, RealmSettings>()
const SETTINGS_KEPT = 100

/** A realm's settings as its row has them; null where there is none. The same object for the same text. */
export function toSettings(text: string | null): RealmSettings {
  const known = settingsRead.get(text ?? '')
  if (known !== undefined) return known
  if (settingsRead.size === SETTINGS_KEPT) settingsRead.clear()
  const settings = Object.freeze(realmSettings.parse(JSON.parse(text ?? '{}')))
  settingsRead.set(text ?? '', settings)
  return settings
}

/** A credential as the core has it. One that no key opens is the user's still, and says why it takes no answer. */
export function toCredential(sealer: Sealer, row: Selectable<Schema['credential']>): Credential {
  // Opened where it is looked at: most requests of a login ask for one of a user's methods, or for none.
  let content: Content | undefined
  const look = () => (content ??= contentOf(sealer, row))
  return {
    get data() {
      return look().data
    },
    get unreadable() {
      return look().unreadable
    },
    id: row.id,
    method: row.method,
    label: row.label ?? undefined,
    version: row.version,
    failures: row.failures,
    preferred: row.preferred === 1,
    createdAt: row.created_at,
  }
}

type Content = Pick<Credential, 'data' | 'unreadable'>

function contentOf(sealer: Sealer, row: Selectable<Schema['credential']>): Content {
  try {
    const data = JSON.parse(sealer.open(row.sealed, credentialContext(row))) as unknown
    const keyId = hashKeyOf(data)
    if (keyId === undefined || sealer.keyIds.includes(keyId)) return { data }
    return { data: undefined, unreadable: `the encryption key "${keyId}" is not configured` }
  } catch (error) {
    return { data: undefined, unreadable: error instanceof Error ? error.message : String(error) }
  }
}

/** The key of the hashes in a credential; undefined where there are none, or no key opens it. */
export function hashKeyIn(sealer: Sealer, row: Bound & { sealed: string }): string | undefined {
  try {
    return hashKeyOf(JSON.parse(sealer.open(row.sealed, credentialContext(row))))
  } catch {
    return undefined
  }
}

/** Of hashes that can't be made again, such as those of backup codes (`Method.hashed`). */
function hashKeyOf(data: unknown): string | undefined {
  const keyId: unknown = typeof data === 'object' && data !== null ? Reflect.get(data, 'keyId') : undefined
  return typeof keyId === 'string' ? keyId : undefined
}

export function fromTransaction(sealer: Sealer, transaction: Transaction): Schema['transaction'] {
  const { id, version, browserHash, requestUri, code, redeemed, expiresAt, ...rest } = transaction
  const bound = { realm: rest.account.realm, user_id: rest.account.userId, id }
  return {
    ...bound,
    nonce: rest.question.nonce,
    sealed: sealer.seal(JSON.stringify(rest), transactionContext(bound)),
    version,
    browser_hash: browserHash ?? null,
    request_uri_hash: requestUri.hash,
    request_uri_expires_at: requestUri.expiresAt,
    code_hash: code?.hash ?? null,
    code_expires_at: code?.expiresAt ?? null,
    redeemed: redeemed ? 1 : 0,
    expires_at: expiresAt,
  }
}

/** @throws AppError expired where no key opens it: it has minutes to live, and a new login begins another */
export function toTransaction(sealer: Sealer, row: Selectable<Schema['transaction']>): Transaction {
  const rest = JSON.parse(opened(sealer, row)) as Omit<Transaction, Plain>
  return {
    ...rest,
    id: row.id,
    version: row.version,
    browserHash: row.browser_hash ?? undefined,
    requestUri: { hash: row.request_uri_hash, expiresAt: row.request_uri_expires_at },
    code:
      row.code_hash === null || row.code_expires_at === null
        ? undefined
        : { hash: row.code_hash, expiresAt: row.code_expires_at },
    redeemed: row.redeemed === 1,
    expiresAt: row.expires_at,
  }
}

function opened(sealer: Sealer, row: Selectable<Schema['transaction']>): string {
  try {
    return sealer.open(row.sealed, transactionContext(row))
  } catch (error) {
    throw new AppError('expired', error instanceof Error ? error.message : String(error))
  }
}

/** Undefined for a user of whom Keycloak was told nothing. */
export function toListing(row: Selectable<Schema['listing']> | null): Listing | undefined {
  if (row === null) return undefined
  return { version: row.version, since: JSON.parse(row.since) as Listing['since'] }
}

export function toAttempts(row: Selectable<Schema['attempt']> | undefined): Attempts {
  if (row === undefined) return NO_ATTEMPTS
  const { version, failures, total, reported, locked_until: lockedUntil } = row
  return { version, failures, total, reported, lockedUntil }
}

export function toBypass(
  row: Pick<Selectable<Schema['bypass']>, 'id' | 'key_id' | 'mac' | 'expires_at'> | undefined,
): Bypass | undefined {
  if (row === undefined) return undefined
  return { id: row.id, keyId: row.key_id, value: row.mac, expiresAt: row.expires_at }
}

/** The columns of what a rule, or a proposal, says. */
export const RULE_COLUMNS = [
  'group_id',
  'enforcement',
  'methods',
  'priority',
  'grace',
  'trusted_days',
] as const
type RuleColumn = (typeof RULE_COLUMNS)[number]
type RuleRow = Pick<Selectable<Schema['rule']>, RuleColumn>

export function toRule(row: RuleRow): Rule {
  return {
    groupId: row.group_id,
    enforcement: row.enforcement as Enforcement,
    ...(row.methods === null ? {} : { methods: JSON.parse(row.methods) as string[] }),
    priority: row.priority,
    ...(row.grace === null ? {} : { grace: JSON.parse(row.grace) as Grace }),
    ...(row.trusted_days === null ? {} : { trustedDays: row.trusted_days }),
  }
}

export function fromRule({
  groupId,
  enforcement,
  methods,
  priority,
  grace,
  trustedDays: days,
}: Rule): RuleRow {
  return {
    group_id: groupId,
    enforcement,
    methods: methods === undefined ? null : JSON.stringify(methods),
    priority,
    grace: grace === undefined ? null : JSON.stringify(grace),
    trusted_days: days ?? null,
  }
}

export function toDevice(row: Selectable<Schema['trusted_device']>): TrustedDevice {
  return {
    id: row.id,
    token: row.token,
    ...(row.previous === null ? {} : { previous: row.previous }),
    ...(row.rotated_by === null ? {} : { rotatedBy: row.rotated_by }),
    ...(row.sid === null ? {} : { sid: row.sid }),
    ...(row.browser === null ? {} : { browser: row.browser }),
    ...(row.system === null ? {} : { system: row.system }),
    createdAt: row.created_at,
    usedAt: row.used_at,
    expiresAt: row.expires_at,
  }
}

/** A user of the directory, as lists and the worker know it. */
export function toListedUser(
  row: Selectable<Schema['directory_user']>,
): Pick<UserRecord, 'user' | 'roles' | 'goneAt'> {
  return {
    user: {
      id: row.user_id,
      username: row.username,
      firstName: row.first_name ?? undefined,
      lastName: row.last_name ?? undefined,
      email: row.email ?? undefined,
      enabled: row.enabled === 1,
      federation: row.federation ?? undefined,
    },
    roles: row.roles === null ? undefined : (JSON.parse(row.roles) as string[]),
    goneAt: row.gone_at ?? undefined,
  }
}

/** SQLite hands JSON over as text. */
export function json<T>(value: T): T {
  return typeof value === 'string' ? (JSON.parse(value) as T) : value
}
