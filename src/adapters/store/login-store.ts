import { sql } from 'kysely'
import type { Selectable } from 'kysely'
import { jsonArrayFrom as postgresArray, jsonObjectFrom as postgresObject } from 'kysely/helpers/postgres'
import { jsonArrayFrom as sqliteArray, jsonObjectFrom as sqliteObject } from 'kysely/helpers/sqlite'
import type { LoginStore, Sealer } from '../../core/ports.ts'
import type { Enforcement } from '../../core/settings.ts'
import { commitWrites } from './commit.ts'
import { compileOnce } from './compiled-query.ts'
import type { Database } from './database.ts'
import { findLink } from './links.ts'
import { RULE_COLUMNS, json, toAttempts, toBypass, toCredential } from './rows.ts'
import { toDevice, toListing, toRule, toSettings, toTransaction } from './rows.ts'
import type { Schema } from './schema.ts'
import { windowEnd, writesOf } from './writes.ts'

const HOUR = 3_600_000

const ATTEMPT = ['realm', 'user_id', 'version', 'failures', 'total', 'reported', 'locked_until'] as const
const BYPASS = ['id', 'key_id', 'mac', 'expires_at'] as const
const LISTING = ['realm', 'user_id', 'version', 'since'] as const
const CREDENTIAL = [
  'id',
  'realm',
  'user_id',
  'method',
  'label',
  'sealed',
  'version',
  'failures',
  'created_at',
  'used_at',
  'gone_at',
  'preferred',
  'number_lookup',
] as const
const DEVICE = [
  'id',
  'realm',
  'user_id',
  'token',
  'previous',
  'rotated_by',
  'sid',
  'browser',
  'system',
  'created_at',
  'used_at',
  'expires_at',
] as const
const TRANSACTION = [
  'id',
  'realm',
  'user_id',
  'nonce',
  'sealed',
  'version',
  'browser_hash',
  'request_uri_hash',
  'request_uri_expires_at',
  'code_hash',
  'code_expires_at',
  'redeemed',
  'expires_at',
] as const

const TRANSACTION_USER = sql.ref<string>('transaction.user_id')

/** The store of a login, on either database: each read is one round trip, each commit one more. */
export function createLoginStore(database: Database, sealer: Sealer): LoginStore {
  const { db, sqlite } = database
  const arrayFrom = sqlite === undefined ? postgresArray : (sqliteArray as typeof postgresArray)
  const objectFrom = sqlite === undefined ? postgresObject : (sqliteObject as typeof postgresObject)

  const settingsOf = (realm: string) => db.selectFrom('realm').select('settings').where('name', '=', realm)
  const attemptsOf = (realm: string) =>
    db.selectFrom('attempt').select(ATTEMPT).where('attempt.realm', '=', realm)
  // What was set up in one step has one time: by this order its backup codes, which stand in for it, come after it.
  const credentialsOf = (realm: string) =>
    db
      .selectFrom('credential')
      .select(CREDENTIAL)
      .where('credential.realm', '=', realm)
      .orderBy('created_at')
      .orderBy('method', 'desc')
  const devicesOf = (realm: string) =>
    db
      .selectFrom('trusted_device')
      .select(DEVICE)
      .where('trusted_device.realm', '=', realm)
      .orderBy('trusted_device.created_at')
  const bypassesOf = (realm: string) =>
    db.selectFrom('bypass').select(BYPASS).where('bypass.realm', '=', realm)
  const listingOf = (realm: string) =>
    db.selectFrom('listing').select(LISTING).where('listing.realm', '=', realm)
  const transactionsOf = (realm: string) =>
    db.selectFrom('transaction').select(TRANSACTION).where('transaction.realm', '=', realm)

  const backgroundOf = compileOnce(db, ['realm', 'userId', 'nonce'], ({ realm, userId, nonce }) =>
    db.selectNoFrom([
      settingsOf(realm).as('settings'),
      objectFrom(attemptsOf(realm).where('user_id', '=', userId)).as('attempt'),
      arrayFrom(credentialsOf(realm).where('user_id', '=', userId)).as('credentials'),
      arrayFrom(devicesOf(realm).where('user_id', '=', userId)).as('devices'),
      objectFrom(listingOf(realm).where('user_id', '=', userId)).as('listing'),
      objectFrom(transactionsOf(realm).where('nonce', '=', nonce)).as('transaction'),
      arrayFrom(db.selectFrom('rule').select(RULE_COLUMNS).where('realm', '=', realm)).as('rules'),
      arrayFrom(db.selectFrom('proposal').select(RULE_COLUMNS).where('realm', '=', realm)).as('proposals'),
      arrayFrom(
        db
          .selectFrom('grace_start')
          .select(['source', 'at'])
          .where('realm', '=', realm)
          .where('user_id', '=', userId),
      ).as('graceStarts'),
      db
        .selectFrom('put_off')
        .select('at')
        .where('realm', '=', realm)
        .where('user_id', '=', userId)
        .as('putOffAt'),
      db
        .selectFrom('override')
        .select('enforcement')
        .where('realm', '=', realm)
        .where('user_id', '=', userId)
        .as('override'),
      db
        .selectFrom('directory_user')
        .select('roles')
        .where('realm', '=', realm)
        .where('user_id', '=', userId)
        .as('toldRoles'),
      db
        .selectFrom('directory_user')
        .select('number_lookup')
        .where('realm', '=', realm)
        .where('user_id', '=', userId)
        .as('toldLookup'),
    ]),
  )
  const situationBy = (column: 'id' | 'request_uri_hash' | 'code_hash') =>
    compileOnce(db, ['realm', 'value'], ({ realm, value }) =>
      transactionsOf(realm)
        .where(`transaction.${column}`, '=', value)
        .select([
          settingsOf(realm).as('settings'),
          objectFrom(attemptsOf(realm).where('attempt.user_id', '=', TRANSACTION_USER)).as('attempt'),
          objectFrom(listingOf(realm).where('listing.user_id', '=', TRANSACTION_USER)).as('listing'),
          arrayFrom(credentialsOf(realm).where('credential.user_id', '=', TRANSACTION_USER)).as(
            'credentials',
          ),
          arrayFrom(devicesOf(realm).where('trusted_device.user_id', '=', TRANSACTION_USER)).as('devices'),
          objectFrom(bypassesOf(realm).where('bypass.user_id', '=', TRANSACTION_USER)).as('bypass'),
        ]),
    )
  const situationById = situationBy('id')
  const situationByRequestUri = situationBy('request_uri_hash')
  const situationByCode = situationBy('code_hash')

  return {
    async background(realm, userId, nonce) {
      const [row] = await backgroundOf({ realm, userId, nonce })
      if (row === undefined) throw new Error('a select of subqueries gave no row')
      const transaction = json(row.transaction)
      return {
        ...standing(row),
        rules: json(row.rules).map(toRule),
        proposals: json(row.proposals).map(toRule),
        graceStarts: new Map(json(row.graceStarts).map(({ source, at }) => [source, at])),
        putOffAt: row.putOffAt ?? undefined,
        gone: json(row.credentials).some(({ gone_at }) => gone_at !== null),
        toldRoles: row.toldRoles === null ? undefined : (JSON.parse(row.toldRoles) as string[]),
        toldLookup: row.toldLookup ?? undefined,
        override: (row.override ?? undefined) as Enforcement | undefined,
        transaction: transaction === null ? undefined : toTransaction(sealer, transaction),
      }
    },

    async situation(realm, by) {
      const [row] =
        'id' in by
          ? await situationById({ realm, value: by.id })
          : 'requestUriHash' in by
            ? await situationByRequestUri({ realm, value: by.requestUriHash })
            : await situationByCode({ realm, value: by.codeHash })
      if (row === undefined) return undefined
      const bypass = toBypass(json(row.bypass) ?? undefined)
      return { ...standing(row), transaction: toTransaction(sealer, row), bypass }
    },

    async sendFigures(realm, now) {
      const rows = await db
        .selectFrom('send_count')
        .select(['scope', 'count'])
        .where('realm', '=', realm)
        .where('scope', 'in', ['hour', 'verified'])
        .where('window_end', '=', windowEnd(now, HOUR))
        .where('key', '=', '')
        .execute()
      const of = (scope: string) => rows.find((row) => row.scope === scope)?.count ?? 0
      return { sent: of('hour'), verified: of('verified') }
    },

    link: async (realm, id) => await findLink(database, realm, id),

    commit: async (change) => await commitWrites(database, writesOf(change, sealer)),
  }

  function standing(row: {
    settings: string | null
    attempt: Selectable<Schema['attempt']> | null
    listing: Selectable<Schema['listing']> | null
    credentials: Selectable<Schema['credential']>[]
    devices: Selectable<Schema['trusted_device']>[]
  }) {
    const listing = toListing(json(row.listing))
    return {
      ...(listing === undefined ? {} : { listing }),
      settings: toSettings(row.settings),
      attempts: toAttempts(json(row.attempt) ?? undefined),
      credentials: json(row.credentials).map((credential) => toCredential(sealer, credential)),
      devices: json(row.devices).map(toDevice),
    }
  }
}
