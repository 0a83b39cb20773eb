import { sql } from 'kysely'
import type { Kysely, Selectable } from 'kysely'
import type { MethodSummary, UserRecord } from '../../core/administration/administration.ts'
import type { Enforcement } from '../../core/settings.ts'
import { toListedUser } from './rows.ts'
import type { Schema } from './schema.ts'

type Row = Selectable<Schema['directory_user']>

/**
 * The users of these rows with all that the policy looks at, in the same order: six queries, however many. Methods by
 * age; of those that were set up together, the ones that stand by another (`companions`) last.
 */
export async function recordsOf(
  db: Kysely<Schema>,
  realm: string,
  rows: readonly Row[],
  companions: ReadonlySet<string>,
): Promise<UserRecord[]> {
  if (rows.length === 0) return []
  const ids = rows.map(({ user_id }) => user_id)
  const own = (table: 'credential' | 'override' | 'attempt' | 'grace_start' | 'bypass') =>
    sql`from ${sql.table(table)} where realm = ${realm} and user_id in (${sql.join(ids)})`
  const [credentials, overrides, attempts, graces, bypasses, groups] = await Promise.all([
    read<Pick<Selectable<Schema['credential']>, CredentialColumn>>(
      db,
      sql`select user_id, id, method, label, created_at, used_at, failures ${own('credential')}
        order by created_at, case when method in (${sql.join([...companions])}) then 1 else 0 end, id`,
    ),
    read<{ user_id: string; enforcement: string }>(db, sql`select user_id, enforcement ${own('override')}`),
    read<{ user_id: string; locked_until: number }>(db, sql`select user_id, locked_until ${own('attempt')}`),
    read<{ user_id: string; source: string; at: number }>(
      db,
      sql`select user_id, source, at ${own('grace_start')}`,
    ),
    read<Pick<Selectable<Schema['bypass']>, BypassColumn>>(
      db,
      sql`select user_id, given_by, given_at, reason, expires_at ${own('bypass')}`,
    ),
    read<{ user_id: string; group_id: string; path: string }>(db, groupsWithAncestors(realm, ids)),
  ])
  return rows.map((row) => ({
    ...toListedUser(row),
    groups: of(groups, row).map(({ group_id: id, path }) => ({ id, path })),
    override: of(overrides, row)[0]?.enforcement as Enforcement | undefined,
    methods: of(credentials, row).map(toSummary),
    lockedUntil: of(attempts, row)[0]?.locked_until ?? 0,
    graceStarts: new Map(of(graces, row).map(({ source, at }) => [source, at])),
    bypass: of(bypasses, row).map(toGiven)[0],
  }))
}

type CredentialColumn = 'user_id' | 'id' | 'method' | 'label' | 'created_at' | 'used_at' | 'failures'

type BypassColumn = 'user_id' | 'given_by' | 'given_at' | 'reason' | 'expires_at'

function toGiven(row: Pick<Selectable<Schema['bypass']>, BypassColumn>): NonNullable<UserRecord['bypass']> {
  return { by: row.given_by, at: row.given_at, reason: row.reason, expiresAt: row.expires_at }
}

function toSummary(row: Pick<Selectable<Schema['credential']>, CredentialColumn>): MethodSummary {
  return {
    id: row.id,
    method: row.method,
    label: row.label ?? undefined,
    createdAt: row.created_at,
    usedAt: row.used_at ?? undefined,
    failures: row.failures,
  }
}

/**
 * `union`, not `union all`: a group that two memberships lead to counts once, and a circle ends. The realm goes up with
 * them: named again, it would have PostgreSQL walk through all groups for each while it has no statistics of a new table.
 */
function groupsWithAncestors(realm: string, ids: string[]) {
  return sql`with recursive up (realm, user_id, group_id, parent_id, path) as (
      select m.realm, m.user_id, g.group_id, g.parent_id, g.path from membership m
        join directory_group g on g.realm = m.realm and g.group_id = m.group_id and g.gone_at is null
        where m.realm = ${realm} and m.user_id in (${sql.join(ids)})
      union
      select up.realm, up.user_id, g.group_id, g.parent_id, g.path from up
        join directory_group g on g.realm = up.realm and g.group_id = up.parent_id and g.gone_at is null)
    select user_id, group_id, path from up order by path`
}

async function read<T extends { user_id: string }>(
  db: Kysely<Schema>,
  query: ReturnType<typeof sql>,
): Promise<Map<string, T[]>> {
  const { rows } = await (query as ReturnType<typeof sql<T>>).execute(db)
  return Map.groupBy(rows, ({ user_id }) => user_id)
}

function of<T>(found: ReadonlyMap<string, T[]>, { user_id }: Row): T[] {
  return found.get(user_id) ?? []
}
