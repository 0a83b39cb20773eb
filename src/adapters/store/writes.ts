import { randomUUID } from 'node:crypto'
import { sql } from 'kysely'
import type { AuditEntry } from '../../core/audit/audit.ts'
import type { Change, Sealer } from '../../core/ports.ts'
import type { Write } from './commit.ts'
import { linkWrites } from './links.ts'
import { deviceWrites } from './device-writes.ts'
import { outboxWrites, takeBack } from './outbox-store.ts'
import { ownWrites } from './own-writes.ts'
import { fromTransaction, sealCredential } from './rows.ts'

/** The statements of a change, in SQL that both databases have. */
export function writesOf(change: Change, sealer: Sealer): Write[] {
  return [
    ...once(change),
    ...attempts(change),
    ...transactions(change, sealer),
    ...credentials(change, sealer),
    ...ownWrites(change),
    ...linkWrites(change),
    ...deviceWrites(change),
    ...listing(change),
    ...counts(change),
    ...sessions(change),
    ...notices(change, sealer),
    ...directory(change),
    ...auditOf(change.audit ?? [], change.address),
  ]
}

function once({ realm, once: used }: Change): Write[] {
  if (used === undefined) return []
  const statement = sql`insert into used_jti (realm, jti, expires_at) values (${realm}, ${used.jti}, ${used.expiresAt})
    on conflict do nothing`
  return [{ statement, guard: 'replayed' }]
}

function attempts({ realm, userId, attempts: counted, reported }: Change): Write[] {
  if (counted !== undefined) {
    const { next, version } = counted
    // The upsert's condition is what lets one try at a time count, on the first row of a user too.
    const statement = sql`insert into attempt (realm, user_id, version, failures, total, reported, locked_until)
      values (${realm}, ${userId}, ${version + 1}, ${next.failures}, ${next.total}, ${next.reported}, ${next.lockedUntil})
      on conflict (realm, user_id) do update set version = excluded.version, failures = excluded.failures,
        total = excluded.total, locked_until = excluded.locked_until,
        reported = case when excluded.reported > attempt.reported then excluded.reported else attempt.reported end
      where attempt.version = ${version}`
    return [{ statement, guard: 'lost' }]
  }
  if (reported === undefined) return []
  return [
    {
      statement: sql`update attempt set reported = ${reported}
        where realm = ${realm} and user_id = ${userId} and reported < ${reported}`,
    },
  ]
}

function transactions({ insert, transaction }: Change, sealer: Sealer): Write[] {
  const writes: Write[] = []
  if (insert !== undefined) {
    const row = { ...fromTransaction(sealer, insert), version: 1 }
    const columns = sql.join(Object.keys(row).map((name) => sql.ref(name)))
    writes.push({
      statement: sql`insert into "transaction" (${columns}) values (${sql.join(Object.values(row))})`,
    })
  }
  if (transaction !== undefined) {
    const { version } = transaction
    const { id, realm, user_id: _, nonce: __, ...row } = fromTransaction(sealer, transaction.next)
    const set = Object.entries({ ...row, version: version + 1 }).map(
      ([name, value]) => sql`${sql.ref(name)} = ${value}`,
    )
    writes.push({
      statement: sql`update "transaction" set ${sql.join(set)}
        where realm = ${realm} and id = ${id} and version = ${version} and redeemed = 0`,
      guard: 'lost',
    })
  }
  return writes
}

function credentials(change: Change, sealer: Sealer): Write[] {
  const { realm, userId } = change
  const own = (id: string) => ({ realm, user_id: userId, id })
  const writes: Write[] = []
  for (const { id, data, version, usedAt } of change.credentials ?? []) {
    writes.push({
      statement: sql`update credential set sealed = ${sealCredential(sealer, own(id), data)}, version = ${version + 1},
        failures = 0, used_at = ${usedAt}
        where id = ${id} and realm = ${realm} and user_id = ${userId} and version = ${version}`,
      guard: 'lost',
    })
  }
  for (const { id, method, label, data, at, lookup } of change.enrol ?? []) {
    writes.push({
      statement: sql`insert into credential
        (id, realm, user_id, method, label, sealed, version, failures, created_at, number_lookup)
        values (${id}, ${realm}, ${userId}, ${method}, ${label ?? null}, ${sealCredential(sealer, own(id), data)},
          1, 0, ${at}, ${lookup ?? null})`,
    })
  }
  if (change.remove !== undefined && change.remove.length > 0) {
    writes.push({
      statement: sql`delete from credential
        where realm = ${realm} and user_id = ${userId} and id in (${sql.join(change.remove)})`,
    })
  }
  if (change.failed !== undefined && change.failed.length > 0) {
    writes.push({
      statement: sql`update credential set failures = failures + 1
        where realm = ${realm} and user_id = ${userId} and id in (${sql.join(change.failed)})`,
    })
  }
  return writes
}

function listing({ realm, userId, listing: told }: Change): Write[] {
  if (told === undefined) return []
  const { next, version } = told
  const statement = sql`insert into listing (realm, user_id, version, since)
    values (${realm}, ${userId}, ${next.version}, ${JSON.stringify(next.since)})
    on conflict (realm, user_id) do update set version = excluded.version, since = excluded.since
    where listing.version = ${version ?? 0}`
  return [{ statement, guard: 'lost' }]
}

function counts({ realm, counts: counted }: Change): Write[] {
  return (counted?.counts ?? []).map(({ scope, key, window, limit }) => {
    const end = windowEnd(counted?.at ?? 0, window)
    return {
      statement: sql`insert into send_count (realm, scope, key, window_end, count)
        values (${realm}, ${scope}, ${key}, ${end}, 1)
        on conflict (realm, scope, key, window_end) do update set count = send_count.count + 1
        where send_count.count < ${limit}`,
      guard: `limited ${end}` as const,
    }
  })
}

/** The end of the window that a moment lies in; both epoch milliseconds. */
export function windowEnd(at: number, window: number): number {
  return (Math.floor(at / window) + 1) * window
}

function sessions({ realm, userId, graceStarted, putOff, returned, verified }: Change): Write[] {
  const writes: Write[] = (graceStarted ?? []).map(({ source, at }) => ({
    statement: sql`insert into grace_start (realm, user_id, source, at) values (${realm}, ${userId}, ${source}, ${at})
      on conflict do nothing`,
  }))
  if (putOff !== undefined) {
    writes.push({
      statement: sql`insert into put_off (realm, user_id, at) values (${realm}, ${userId}, ${putOff})
        on conflict (realm, user_id) do update set at = excluded.at`,
    })
  }
  if (returned === true) {
    writes.push({
      statement: sql`update credential set gone_at = null
        where realm = ${realm} and user_id = ${userId} and gone_at is not null`,
    })
  }
  if (verified !== undefined) {
    const { sid, level, at } = verified
    writes.push({
      statement: sql`insert into verified_session (realm, sid, user_id, level, verified_at)
        values (${realm}, ${sid}, ${userId}, ${level}, ${at})
        on conflict (realm, sid) do update set user_id = excluded.user_id, level = excluded.level,
          verified_at = excluded.verified_at`,
    })
  }
  return writes
}

/** Everything else of a user in the directory is the worker's to write. */
function directory({ realm, userId, told }: Change): Write[] {
  if (told === undefined) return []
  const { username, roles, lookup } = told
  return [
    {
      statement: sql`insert into directory_user (realm, user_id, username, enabled, roles, number_lookup, pass)
        values (${realm}, ${userId}, ${username}, 1, ${roles === undefined ? null : JSON.stringify(roles)},
          ${lookup ?? null}, 0)
        on conflict (realm, user_id) do update set roles = coalesce(excluded.roles, directory_user.roles),
          number_lookup = excluded.number_lookup`,
    },
  ]
}

function notices({ notices: told, takeBack: burst, address }: Change, sealer: Sealer): Write[] {
  const messages = (told ?? []).map((message) => ({
    ...message,
    notice: { ...message.notice, ...(address === undefined ? {} : { address }) },
  }))
  return [...outboxWrites(messages, sealer), ...(burst === undefined ? [] : [takeBack(burst)])]
}

/** The entries of an audit; `address` stands in each that names none. */
export function auditOf(entries: readonly AuditEntry[], address?: string): Write[] {
  return entries.map(({ event, realm, userId, actor = userId, at, detail, ...entry }) => ({
    statement: sql`insert into audit (id, at, realm, user_id, actor, address, event, detail)
      values (${randomUUID()}, ${at}, ${realm}, ${userId}, ${actor}, ${entry.address ?? address ?? null}, ${event},
        ${JSON.stringify(detail)})`,
  }))
}
