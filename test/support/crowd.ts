import { sql } from 'kysely'
import type { RawBuilder } from 'kysely'
import { createSealer } from '../../src/adapters/secrets/sealer.ts'
import type { EncryptionKey } from '../../src/adapters/secrets/sealer.ts'
import { moveChain, sealedChain, standingOf } from '../../src/adapters/store/audit-chain.ts'
import { sealBatch } from '../../src/adapters/store/audit-seal.ts'
import { commitWrites } from '../../src/adapters/store/commit.ts'
import type { Database } from '../../src/adapters/store/database.ts'
import { auditOf } from '../../src/adapters/store/writes.ts'

const DAY = 86_400_000
/** Entries at the beginning of the chain whose seals hold, so that they can be pruned. */
const GENUINE = 600
const SLICE = 25_000

/** The id of a user of the crowd, from 1. One in four has no method. */
export const crowdId = (n: number) => `00000000-0000-4000-8000-${100_000_000_000 + n}`

/**
 * Fills every table that grows as a realm `demo` of so many users does; times are around `now`, epoch milliseconds. What
 * is sealed in it can't be opened.
 */
export async function seedCrowd(
  database: Database,
  keys: readonly EncryptionKey[],
  now: number,
  { users = 100_000, entries = 100_000 } = {},
): Promise<void> {
  await genuineEntries(database, keys, now - 400 * DAY)
  const id = sql`('00000000-0000-4000-8000-' || (100000000000 + n))`
  const at = sql.lit(now)
  const text = (length: number) => sql.lit('x'.repeat(length))
  // In slices: a statement has five seconds.
  const every = (count: number, columns: string, values: RawBuilder<unknown>, where = sql`1 = 1`) =>
    Array.from({ length: Math.ceil(count / SLICE) }, (_, i) => {
      const slice = numbers(database, i * SLICE + 1, Math.min(count, (i + 1) * SLICE))
      return sql`insert into ${sql.raw(columns)} select ${values} from ${slice} where ${where}`
    })
  const some = (columns: string, values: RawBuilder<unknown>, where?: RawBuilder<unknown>) =>
    every(users, columns, values, where)
  const statements = [
    some(
      `directory_user (realm, user_id, username, first_name, last_name, email, enabled, roles, enforcement, pass, gone_at,
        number_lookup)`,
      sql`'demo', ${id}, 'user-' || n, 'First-' || (n % 900), 'Last-' || (n % 5000), 'user-' || n || '@example.com', 1, '[]',
        case when n % 3 = 0 then 'optional' when n % 50 = 1 then 'disabled' else 'required' end, 1,
        case when n % 500 = 0 then ${at} - 86400000 end, case when n % 10 = 0 then 'k1.number-' || n end`,
    ),
    every(
      200,
      'directory_group (realm, group_id, parent_id, name, path, managers, pass)',
      sql`'demo', 'g-' || n, case when n > 100 then 'g-' || (n - 100) end, 'g-' || n, '/g-' || n,
        case when n = 7 then '["heidi","harry"]' else '[]' end, 1`,
    ),
    some('membership (realm, group_id, user_id, pass)', sql`'demo', 'g-' || (1 + n % 200), ${id}, 1`),
    ...(['totp', 'backup-codes', 'sms'] as const).flatMap((method) =>
      some(
        `credential (id, realm, user_id, method, sealed, version, failures, created_at, used_at, number_lookup, gone_at)`,
        sql`${sql.lit(`${method}-`)} || n, 'demo', ${id}, ${sql.lit(method)}, ${text(200)}, 1, 0, ${at} - n * 1000, ${at},
          ${method === 'sms' ? sql`'k1.own-' || n` : sql.lit(null)},
          case when n % 500 = 0 then ${at} - 86400000 end`,
        method === 'sms' ? sql`n % 20 = 1` : sql`n % 4 <> 0`,
      ),
    ),
    some(
      'attempt (realm, user_id, version, failures, total, reported, locked_until)',
      sql`'demo', ${id}, 3, 0, 1, 1, case when n % 1000 = 1 then ${at} + 6000000 when n % 100 = 1 then ${at} - n else 0 end`,
      sql`n % 4 <> 0`,
    ),
    some('listing (realm, user_id, version, since)', sql`'demo', ${id}, 1, '{}'`, sql`n % 4 <> 0`),
    some('override (realm, user_id, enforcement)', sql`'demo', ${id}, 'required'`, sql`n % 5 = 1`),
    some('grace_start (realm, user_id, source, at)', sql`'demo', ${id}, '', ${at}`, sql`n % 4 = 0`),
    some('put_off (realm, user_id, at)', sql`'demo', ${id}, ${at} - 172800000`, sql`n % 8 = 0`),
    some('reminder (realm, user_id, until, days)', sql`'demo', ${id}, ${at} - n * 60000, 7`, sql`n % 4 = 0`),
    some(
      'moved_credential (realm, source, credential_id, at)',
      sql`'demo', 'source-' || n, 'totp-' || n, ${at}`,
      sql`n % 2 = 0`,
    ),
    some(
      'trusted_device (id, realm, user_id, token, created_at, used_at, expires_at)',
      sql`'device-' || n, 'demo', ${id}, 'k1.hash-' || n, ${at}, ${at}, ${at} + n * 30000`,
      sql`n % 2 = 1`,
    ),
    some(
      'bypass (realm, user_id, id, key_id, mac, given_by, given_at, reason, expires_at)',
      sql`'demo', ${id}, 'bypass-' || n, 'k1', 'mac', 'frank', ${at}, 'lost', ${at} + 43200000 + n`,
      sql`n % 20 = 1`,
    ),
    some(
      `"transaction" (id, realm, user_id, nonce, sealed, version, request_uri_hash, request_uri_expires_at, code_hash,
        code_expires_at, redeemed, expires_at)`,
      sql`'step-' || n, 'demo', ${id}, 'nonce-' || n, ${text(300)}, 3, 'uri-' || n, ${at}, 'code-' || n, ${at}, 1,
        ${at} + 600000 - n * 30`,
      sql`n % 2 = 0`,
    ),
    some(
      'verified_session (realm, sid, user_id, level, verified_at)',
      sql`'demo', 'sid-' || n, ${id}, 2, ${at} - n * 400`,
      sql`n % 2 = 0`,
    ),
    some(
      'web_session (id_hash, realm, user_id, sid, sealed, roles_at, expires_at)',
      sql`'session-' || n, 'demo', ${id}, 'sid-' || n, ${text(300)}, ${at}, ${at} + n * 300`,
      sql`n % 5 = 0`,
    ),
    some(
      'link (realm, user_id, purpose, id, key_id, secret_mac, transaction_id, expires_at)',
      sql`'demo', ${id}, 'set-up', 'link-' || n, 'k1', 'mac', 'step-' || n, ${at} + 43200000 + n`,
      sql`n % 8 = 0`,
    ),
    some(
      'send_count (realm, scope, key, window_end, count)',
      sql`'demo', 'user', ${id}, ${at} + n * 100, 1`,
      sql`n % 2 = 0`,
    ),
    some('used_jti (realm, jti, expires_at)', sql`'demo', 'jti-' || n, ${at} + 43200000 + n`, sql`n % 2 = 0`),
    some(
      'outbox (id, realm, user_id, sealed, next_at, tries, expires_at)',
      sql`'mail-' || n, 'demo', ${id}, ${text(400)}, ${at} + 60000 + n, 0, ${at} + 86400000`,
      sql`n % 10 = 0`,
    ),
    some('hint (realm, kind, id, at)', sql`'other', 'user', ${id}, ${at}`, sql`n % 10 = 0`),
    every(
      8_000,
      'figure (realm, day, name, count)',
      sql`'demo', '2026-' || (10 + n % 365), 'name-' || (n / 365), n`,
    ),
    every(
      entries,
      'audit (id, at, realm, user_id, actor, event, detail, seq, key_id, mac)',
      sql`'entry-' || n, ${at} - 8640000000 + n * 40000, case when n % 5 = 0 then 'other' else 'demo' end,
        '00000000-0000-4000-8000-' || (100000000001 + n % ${sql.lit(users)}), 'latchkey:worker',
        case n % 4 when 0 then 'decision.needed' when 1 then 'decision.proposed' when 2 then 'challenge.succeeded'
          else 'code.sent' end,
        '{"groupId":"g-1","method":"totp","because":{"rule":"group"}}', ${sql.lit(GENUINE)} + n, 'k1', ${text(43)}`,
    ),
  ]
  const tables = database.sqlite === undefined ? await database.db.introspection.getTables() : []
  // What would be lost in a crash is made in half the time, and is read as ever.
  for (const { name } of tables) await sql`alter table ${sql.table(name)} set unlogged`.execute(database.db)
  for (const statement of statements.flat()) await statement.execute(database.db)
  const { chain } = await standingOf(database, 'demo')
  if (chain === undefined) throw new Error('nothing was sealed')
  const longer = sealedChain(createSealer(keys), { ...chain, seq: GENUINE + entries, mac: 'x'.repeat(43) })
  await commitWrites(database, [moveChain(chain, longer)])
  // PostgreSQL does so by itself after a while; on a SQLite file nobody does.
  for (const { name } of tables) await sql`vacuum analyze ${sql.table(name)}`.execute(database.db)
}

async function genuineEntries(database: Database, keys: readonly EncryptionKey[], at: number): Promise<void> {
  const entry = { event: 'code.sent' as const, realm: 'demo', userId: crowdId(1), at, detail: {} }
  await commitWrites(database, auditOf(Array.from({ length: GENUINE }, () => entry)))
  await sealBatch(database, createSealer(keys), 'demo')
}

function numbers({ sqlite }: Database, first: number, last: number): RawBuilder<unknown> {
  const [from, to] = [sql.lit(first), sql.lit(last)]
  return sqlite === undefined
    ? sql`generate_series(${from}::bigint, ${to}) as s(n)`
    : sql`(with recursive s(n) as (select ${from} union all select n + 1 from s where n < ${to}) select n from s)`
}
