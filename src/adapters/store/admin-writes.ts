import { sql } from 'kysely'
import type { AdminChange } from '../../core/administration/administration.ts'
import type { Sealer } from '../../core/ports.ts'
import type { Write } from './commit.ts'
import { outboxWrites } from './outbox-store.ts'
import { fromRule } from './rows.ts'
import { removeSecret, writeSecret } from './secrets.ts'
import { auditOf } from './writes.ts'

/**
 * The statements of what an administrator or the worker changes, in SQL that both databases have.
 * @param pass the worker's newest, for who is added
 */
export function adminWritesOf(change: AdminChange, pass = 0): Write[] {
  const { realm } = change
  return [
    ...settings(change),
    ...(change.saveRules ?? []).map((saved) => saveRule(change, saved)),
    ...(change.removeRules ?? []).map(({ groupId, version }) => remove('rule', realm, groupId, version)),
    ...proposals(change),
    ...override(change),
    ...revoke(change),
    ...forget(change),
    ...unlock(change),
    ...added(change, pass),
    ...bypass(change),
    ...auditOf(change.audit),
  ]
}

/** Those of a change's statements whose values are sealed. @throws Error where there are some and no sealer */
export function sealedWritesOf(
  { realm, secrets = [], notices = [] }: AdminChange,
  sealer: Sealer | undefined,
): Write[] {
  const written = secrets.map(({ name, value }) => {
    if (value === undefined) return removeSecret(realm, name)
    return writeSecret(demand(sealer), realm, name, value)
  })
  return notices.length === 0 ? written : [...written, ...outboxWrites(notices, demand(sealer))]
}

function demand(sealer: Sealer | undefined): Sealer {
  if (sealer === undefined) throw new Error('nothing can be sealed here')
  return sealer
}

function settings({ realm, settings: changed }: AdminChange): Write[] {
  if (changed === undefined) return []
  const { next, version } = changed
  const statement = sql`insert into realm (name, settings, version)
    values (${realm}, ${JSON.stringify(next)}, ${version + 1})
    on conflict (name) do update set settings = excluded.settings, version = excluded.version
    where realm.version = ${version}`
  return [{ statement, guard: 'lost' }]
}

/** The first version of what is new: one that was removed and made again never has a version that it had before. */
function firstVersion({ audit }: AdminChange): number {
  return Math.max(1, ...audit.map(({ at }) => at))
}

function saveRule(
  change: AdminChange,
  { rule, origin, version }: NonNullable<AdminChange['saveRules']>[number],
): Write {
  const { realm } = change
  const { group_id: groupId, enforcement, methods, priority, grace, trusted_days: days } = fromRule(rule)
  const statement =
    version === undefined
      ? sql`insert into rule (realm, group_id, enforcement, methods, priority, grace, trusted_days, origin, version)
          values (${realm}, ${groupId}, ${enforcement}, ${methods}, ${priority}, ${grace}, ${days}, ${origin},
            ${firstVersion(change)})
          on conflict do nothing`
      : sql`update rule set enforcement = ${enforcement}, methods = ${methods}, priority = ${priority},
          grace = ${grace}, trusted_days = ${days}, origin = ${origin}, version = ${version + 1}
          where realm = ${realm} and group_id = ${groupId} and version = ${version}`
  return { statement, guard: 'lost' }
}

function proposals(change: AdminChange): Write[] {
  const { realm, saveProposal, removeProposal } = change
  const writes: Write[] = []
  if (saveProposal !== undefined) {
    const { version } = saveProposal
    const {
      group_id: groupId,
      enforcement,
      methods,
      priority,
      grace,
      trusted_days: days,
    } = fromRule(saveProposal.rule)
    const statement =
      version === undefined
        ? sql`insert into proposal (realm, group_id, enforcement, methods, priority, grace, trusted_days, version)
            values (${realm}, ${groupId}, ${enforcement}, ${methods}, ${priority}, ${grace}, ${days},
              ${firstVersion(change)})
            on conflict do nothing`
        : sql`update proposal set enforcement = ${enforcement}, methods = ${methods}, priority = ${priority},
            grace = ${grace}, trusted_days = ${days}, version = ${version + 1}
            where realm = ${realm} and group_id = ${groupId} and version = ${version}`
    writes.push({ statement, guard: 'lost' })
  }
  if (removeProposal !== undefined) {
    writes.push(remove('proposal', realm, removeProposal.groupId, removeProposal.version))
  }
  return writes
}

function remove(table: 'rule' | 'proposal', realm: string, groupId: string, version: number): Write {
  const statement = sql`delete from ${sql.table(table)}
    where realm = ${realm} and group_id = ${groupId} and version = ${version}`
  return { statement, guard: 'lost' }
}

function override({ realm, override: changed }: AdminChange): Write[] {
  if (changed === undefined) return []
  const { userId, enforcement, was, comesTo } = changed
  const own = sql`realm = ${realm} and user_id = ${userId}`
  const statement =
    enforcement === undefined
      ? sql`delete from override where ${own} and enforcement = ${was ?? null}`
      : was === undefined
        ? sql`insert into override (realm, user_id, enforcement) values (${realm}, ${userId}, ${enforcement})
            on conflict do nothing`
        : sql`update override set enforcement = ${enforcement} where ${own} and enforcement = ${was}`
  return [
    { statement, guard: 'lost' },
    { statement: sql`update directory_user set enforcement = ${comesTo} where ${own}` },
  ]
}

function revoke({ realm, revoke: gone }: AdminChange): Write[] {
  if (gone === undefined) return []
  const own = sql`realm = ${realm} and user_id = ${gone.userId}`
  return [
    // One each: a guard counts rows, and every one of them has to be there.
    ...gone.ids.map((id): Write => ({
      statement: sql`delete from credential where ${own} and id = ${id}`,
      guard: 'lost',
    })),
    { statement: sql`delete from "transaction" where ${own}` },
    { statement: sql`delete from verified_session where ${own}` },
    { statement: sql`delete from trusted_device where ${own}` },
  ]
}

/** The worker, or a hint, may have been faster: what it read stays. */
function added({ realm, added: made }: AdminChange, pass: number): Write[] {
  if (made === undefined) return []
  const { user, groupIds, comesTo, lookup } = made
  return [
    {
      statement: sql`insert into directory_user
        (realm, user_id, username, first_name, last_name, email, enabled, enforcement, number_lookup, pass)
        values (${realm}, ${user.id}, ${user.username}, ${user.firstName ?? null}, ${user.lastName ?? null},
          ${user.email ?? null}, 1, ${comesTo}, ${lookup ?? null}, ${pass})
        on conflict (realm, user_id) do update set enforcement = excluded.enforcement,
          number_lookup = excluded.number_lookup`,
    },
    ...groupIds.map((groupId): Write => ({
      statement: sql`insert into membership (realm, group_id, user_id, pass)
        values (${realm}, ${groupId}, ${user.id}, ${pass}) on conflict do nothing`,
    })),
  ]
}

function forget({ realm, forget: devices }: AdminChange): Write[] {
  return (devices?.ids ?? []).map((id): Write => ({
    statement: sql`delete from trusted_device
      where realm = ${realm} and user_id = ${devices?.userId ?? ''} and id = ${id}`,
    guard: 'lost',
  }))
}

function bypass({ realm, bypass: changed }: AdminChange): Write[] {
  if (changed === undefined) return []
  const { userId, given } = changed
  if (given === undefined) {
    return [{ statement: sql`delete from bypass where realm = ${realm} and user_id = ${userId}` }]
  }
  const { id, keyId, value, expiresAt, by, at, reason } = given
  return [
    {
      statement: sql`insert into bypass (realm, user_id, id, key_id, mac, given_by, given_at, reason, expires_at)
        values (${realm}, ${userId}, ${id}, ${keyId}, ${value}, ${by}, ${at}, ${reason}, ${expiresAt})
        on conflict (realm, user_id) do update set id = excluded.id, key_id = excluded.key_id, mac = excluded.mac,
          given_by = excluded.given_by, given_at = excluded.given_at, reason = excluded.reason,
          expires_at = excluded.expires_at`,
    },
  ]
}

function unlock({ realm, unlock: freed, revoke: gone }: AdminChange): Write[] {
  if (freed === undefined) return []
  const own = sql`realm = ${realm} and user_id = ${freed.userId}`
  // PostgreSQL does not say which of two changes of one row in one statement happens.
  const left =
    gone === undefined || gone.ids.length === 0 ? sql`` : sql` and id not in (${sql.join(gone.ids)})`
  return [
    // The version moves, so that a try which read the lockout decides again.
    { statement: sql`update attempt set failures = 0, locked_until = 0, version = version + 1 where ${own}` },
    { statement: sql`update credential set failures = 0 where ${own}${left}` },
  ]
}
