import { sql } from 'kysely'
import type { KeptHint, SyncChange } from '../../core/sync/sync-store.ts'
import { adminWritesOf } from './admin-writes.ts'
import type { Write } from './commit.ts'
import { slices } from './slices.ts'

/** The statements of what the worker writes, in SQL that both databases have. */
export function syncWritesOf(change: SyncChange): Write[] {
  const { realm, saveRules = [], removeRules = [], audit = [] } = change
  return [
    keep(change),
    ...users(change),
    ...roles(change),
    ...lookups(change),
    ...groups(change),
    ...memberships(change),
    ...standings(change),
    ...adminWritesOf({ realm, saveRules, removeRules, audit }),
    ...(change.done ?? []).map(({ kind, id, at }): Write => ({
      statement: sql`delete from hint where realm = ${realm} and kind = ${kind} and id = ${id} and at = ${at}`,
    })),
    ...hintWrites(realm, change.more ?? [], change.at),
  ]
}

/** Asks for things to be done; `at` grows with every time, so that whoever reads it before does not take it away. */
export function hintWrites(realm: string, hints: readonly Omit<KeptHint, 'at'>[], at: number): Write[] {
  const distinct = new Map(hints.map((hint) => [`${hint.kind} ${hint.id}`, hint]))
  // In one order, so that two who write the same wait for each other and never for both.
  const ordered = [...distinct].toSorted(([a], [b]) => (a < b ? -1 : 1)).map(([, hint]) => hint)
  return slices(ordered).map((slice) => ({
    statement: sql`insert into hint (realm, kind, id, at, administers)
      values ${sql.join(
        slice.map(
          ({ kind, id, administers }) => sql`(${realm}, ${kind}, ${id}, ${at}, ${flag(administers)})`,
        ),
      )}
      on conflict (realm, kind, id) do update set
        at = case when excluded.at > hint.at then excluded.at else hint.at + 1 end,
        administers = coalesce(excluded.administers, hint.administers)`,
  }))
}

/** As a literal: PostgreSQL takes a parameter of a list of values for text. */
function flag(value: boolean | undefined) {
  return value === undefined ? sql`cast(null as integer)` : value ? sql`1` : sql`0`
}

function keep({ realm, kept }: SyncChange): Write {
  const statement = sql`insert into sync (realm, state) values (${realm}, ${JSON.stringify(kept)})
    on conflict (realm) do update set state = excluded.state`
  return { statement }
}

function users({ realm, at, kept: { pass }, users: changed = {} }: SyncChange): Write[] {
  const among = (ids: string[]) => sql`realm = ${realm} and user_id in (${sql.join(ids)})`
  return [
    ...slices(changed.save ?? []).map((slice) => {
      const rows = slice.map(
        ({ id, username, firstName, lastName, email, enabled, federation }) =>
          sql`(${realm}, ${id}, ${username}, ${firstName ?? null}, ${lastName ?? null}, ${email ?? null},
            ${enabled ? 1 : 0}, ${federation ?? null}, ${pass})`,
      )
      return {
        statement: sql`insert into directory_user
          (realm, user_id, username, first_name, last_name, email, enabled, federation, pass)
          values ${sql.join(rows)}
          on conflict (realm, user_id) do update set username = excluded.username,
            first_name = excluded.first_name, last_name = excluded.last_name, email = excluded.email,
            enabled = excluded.enabled, federation = excluded.federation, pass = excluded.pass, gone_at = null`,
      }
    }),
    ...slices(changed.seen ?? []).map((ids) => ({
      statement: sql`update directory_user set pass = ${pass} where ${among(ids)}`,
    })),
    ...slices(changed.gone ?? []).flatMap((ids) => [
      { statement: sql`update directory_user set gone_at = ${at} where ${among(ids)}` },
      { statement: sql`update credential set gone_at = ${at} where ${among(ids)} and gone_at is null` },
      { statement: sql`delete from trusted_device where ${among(ids)}` },
    ]),
    ...slices(changed.returned ?? []).map((ids) => ({
      statement: sql`update credential set gone_at = null where ${among(ids)} and gone_at is not null`,
    })),
  ]
}

function roles({ realm, users: changed }: SyncChange): Write[] {
  return (changed?.roles ?? []).map(({ userId, was, roles: next }) => {
    const before = was === undefined ? sql`roles is null` : sql`roles = ${JSON.stringify(was)}`
    const statement = sql`update directory_user set roles = ${JSON.stringify(next)}
      where realm = ${realm} and user_id = ${userId} and ${before}`
    return { statement, guard: 'lost' }
  })
}

function lookups({ realm, users: changed }: SyncChange): Write[] {
  return (changed?.lookups ?? []).map(({ userId, lookup }) => ({
    statement: sql`update directory_user set number_lookup = ${lookup ?? null}
      where realm = ${realm} and user_id = ${userId}`,
  }))
}

function groups({ realm, at, kept: { pass }, groups: changed = {} }: SyncChange): Write[] {
  const among = (ids: string[]) => sql`realm = ${realm} and group_id in (${sql.join(ids)})`
  return [
    ...slices(changed.save ?? []).map((slice) => {
      const rows = slice.map(
        ({ id, parentId, name, path, managers }) =>
          sql`(${realm}, ${id}, ${parentId ?? null}, ${name}, ${path}, ${JSON.stringify(managers)}, ${pass})`,
      )
      return {
        statement: sql`insert into directory_group (realm, group_id, parent_id, name, path, managers, pass)
          values ${sql.join(rows)}
          on conflict (realm, group_id) do update set parent_id = excluded.parent_id, name = excluded.name,
            path = excluded.path, managers = excluded.managers, pass = excluded.pass, gone_at = null`,
      }
    }),
    ...slices(changed.seen ?? []).map((ids) => ({
      statement: sql`update directory_group set pass = ${pass} where ${among(ids)}`,
    })),
    ...slices(changed.gone ?? []).map((ids) => ({
      statement: sql`update directory_group set gone_at = ${at} where ${among(ids)}`,
    })),
    ...(changed.paths ?? []).map(({ groupId, path }) => ({
      statement: sql`update directory_group set path = ${path} where ${among([groupId])}`,
    })),
  ]
}

function memberships({ realm, kept: { pass }, memberships: changed = {} }: SyncChange): Write[] {
  const { add = [], remove, drop = [], sweep = [] } = changed
  const writes: Write[] = slices(add).map((slice) => {
    const rows = slice.map(({ groupId, userId }) => sql`(${realm}, ${groupId}, ${userId}, ${pass})`)
    return {
      statement: sql`insert into membership (realm, group_id, user_id, pass) values ${sql.join(rows)}
        on conflict (realm, group_id, user_id) do update set pass = excluded.pass`,
    }
  })
  if (remove !== undefined && remove.groupIds.length > 0) {
    writes.push({
      statement: sql`delete from membership
        where realm = ${realm} and user_id = ${remove.userId} and group_id in (${sql.join(remove.groupIds)})`,
    })
  }
  for (const ids of slices(drop)) {
    writes.push({
      statement: sql`delete from membership where realm = ${realm} and group_id in (${sql.join(ids)})`,
    })
  }
  for (const ids of slices(sweep)) {
    writes.push({
      statement: sql`delete from membership
        where realm = ${realm} and group_id in (${sql.join(ids)}) and pass < ${pass}
          and user_id not in (select u.user_id from directory_user u where u.realm = ${realm} and u.pass < ${pass})`,
    })
  }
  return writes
}

function standings({ realm, standings: found = [] }: SyncChange): Write[] {
  return found.flatMap(({ enforcement, userIds }) =>
    slices(userIds).map((ids) => ({
      statement: sql`update directory_user set enforcement = ${enforcement}
        where realm = ${realm} and user_id in (${sql.join(ids)})
          and (enforcement is null or enforcement <> ${enforcement})`,
    })),
  )
}
