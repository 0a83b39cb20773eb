import { sql } from 'kysely'
import type { Kysely, SelectQueryBuilder, SqlBool } from 'kysely'
import type { UserQuery, UserStatus } from '../../core/administration/administration.ts'
import type { MethodId } from '../../core/method.ts'
import { searchPatterns } from './like.ts'
import type { Schema } from './schema.ts'

type Conditions = { when: boolean; sql: ReturnType<typeof sql<SqlBool>> }[]

const U = sql.raw('directory_user')
/** SQLite has it in an index (0016), which it finds by these very words. */
const NAMES = sql.raw(
  "lower(username || ' ' || coalesce(first_name, '') || ' ' || coalesce(last_name, '') || ' ' || coalesce(email, ''))",
)

/** The rows of the directory that a query is about, neither ordered nor cut into pages. */
export function selectPeople(
  db: Kysely<Schema>,
  realm: string,
  query: Omit<UserQuery, 'first' | 'max'>,
  companions: ReadonlySet<MethodId>,
  now: number,
): SelectQueryBuilder<Schema, 'directory_user', object> {
  const { search = '', lookups = [], status, enforcement, method, groupIds } = query
  const conditions: Conditions = [
    { when: true, sql: query.gone === true ? sql`${U}.gone_at is not null` : sql`${U}.gone_at is null` },
    { when: search.trim() !== '', sql: found(realm, search.trim(), lookups) },
    { when: enforcement !== undefined, sql: sql`${U}.enforcement = ${enforcement}` },
    {
      when: method !== undefined,
      sql: owning(sql`${having(realm)} and method = ${method}`),
    },
    { when: groupIds !== undefined, sql: memberOf(realm, groupIds ?? []) },
    ...(status === undefined ? [] : [{ when: true, sql: inStatus(realm, status, companions, now) }]),
  ]
  return conditions
    .filter(({ when }) => when)
    .reduce(
      (narrowed, condition) => narrowed.where(condition.sql),
      db.selectFrom('directory_user').where('directory_user.realm', '=', realm),
    )
}

/**
 * How many users have each status: the same as `selectPeople` finds, in one reading. Grouped, since SQLite would walk
 * through all that is DISTINCT for each user.
 */
export async function countStatuses(
  db: Kysely<Schema>,
  realm: string,
  companions: ReadonlySet<MethodId>,
  now: number,
): Promise<Record<UserStatus, number>> {
  const { rows } = await sql<{ status: UserStatus; count: number }>`
    select case when locked.user_id is not null then 'locked' when enrolled.user_id is not null then 'enrolled'
        when ${U}.enforcement = 'required' then 'required-not-enrolled'
        when ${U}.enforcement = 'disabled' then 'exempt' else 'not-enrolled' end as status, count(*) as count
    from directory_user left join (${lockedIn(realm, now)}) locked on locked.user_id = ${U}.user_id
      left join (${enrolledIn(realm, companions)} group by user_id) enrolled
        on enrolled.user_id = ${U}.user_id
    where ${U}.realm = ${realm} and ${U}.gone_at is null group by 1`.execute(db)
  const none = { enrolled: 0, 'required-not-enrolled': 0, 'not-enrolled': 0, locked: 0, exempt: 0 }
  return { ...none, ...Object.fromEntries(rows.map(({ status, count }) => [status, count])) }
}

const having = (realm: string) => sql`select user_id from credential where realm = ${realm}`

/**
 * Whose credentials are among these. SQLite looks them up user by user, out of an index alone: a list of all of them
 * costs it more than a page needs, and PostgreSQL joins the two either way.
 */
const owning = (credentials: ReturnType<typeof having>) =>
  sql<SqlBool>`exists (${credentials} and credential.user_id = ${U}.user_id)`

/** The second condition is the index's own, which SQLite has to see. */
const lockedIn = (realm: string, now: number) => sql`select user_id from attempt
  where realm = ${realm} and locked_until > ${now} and locked_until > 0`

function enrolledIn(realm: string, companions: ReadonlySet<MethodId>) {
  const alone = companions.size === 0 ? sql`` : sql` and method not in (${sql.join([...companions])})`
  return sql`${having(realm)}${alone}`
}

function found(realm: string, search: string, lookups: readonly string[]): Conditions[number]['sql'] {
  if (lookups.length === 0) return named(search)
  const numbered = (table: 'credential' | 'directory_user') =>
    sql`select user_id from ${sql.table(table)} where realm = ${realm} and number_lookup in (${sql.join(lookups)})`
  return sql`(${named(search)} or ${U}.user_id in (${numbered('credential')} union ${numbered('directory_user')}))`
}

function named(search: string): Conditions[number]['sql'] {
  const patterns = searchPatterns(search).map((pattern) => sql`${NAMES} like ${pattern} escape '\\'`)
  return sql`(${sql.join(patterns, sql` or `)})`
}

function memberOf(realm: string, groupIds: readonly string[]): Conditions[number]['sql'] {
  if (groupIds.length === 0) return sql`1 = 0`
  return sql`${U}.user_id in (select user_id from membership
    where realm = ${realm} and group_id in (${sql.join(groupIds)}))`
}

/** As `statusOf` says it of a user whose enforcement is the one that the worker found. */
function inStatus(
  realm: string,
  status: UserStatus,
  companions: ReadonlySet<MethodId>,
  now: number,
): Conditions[number]['sql'] {
  const locked = lockedIn(realm, now)
  const enrolled = enrolledIn(realm, companions)
  // NOT IN of a long list is slow on PostgreSQL, where NULL could be in it.
  const notAmong = (some: typeof enrolled) =>
    sql`not exists (select 1 from (${some}) other where other.user_id = ${U}.user_id)`
  const free = sql`${notAmong(enrolled)} and ${notAmong(locked)}`
  switch (status) {
    case 'locked':
      return sql`${U}.user_id in (${locked})`
    case 'enrolled':
      return sql`${owning(enrolled)} and ${notAmong(locked)}`
    case 'required-not-enrolled':
      return sql`${U}.enforcement = 'required' and ${free}`
    case 'exempt':
      return sql`${U}.enforcement = 'disabled' and ${free}`
    case 'not-enrolled':
      return sql`coalesce(${U}.enforcement, 'optional') = 'optional' and ${free}`
  }
}
