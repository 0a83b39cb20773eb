import pg from 'pg'
import type { ForeignUser } from '../../../core/moving/moving.ts'
import { readUser } from './read-user.ts'
import type { Reading } from './read-user.ts'

const PAGE = 500

/**
 * Keycloak's tables for its own users, and for those of a federation that imports none. One query a page: the users
 * after the one before who have an app or a number, each with both.
 */
const TABLES = [
  {
    users: `select id from user_entity where realm_id = $1 and service_account_client_link is null`,
    credential: 'credential',
    attribute: 'user_attribute',
  },
  {
    users: `select distinct user_id as id from (
      select user_id from fed_user_credential where realm_id = $1
      union all select user_id from fed_user_attribute where realm_id = $1) everybody`,
    credential: 'fed_user_credential',
    attribute: 'fed_user_attribute',
  },
] as const

const pageOf = ({ users, credential, attribute }: (typeof TABLES)[number]) => `
  select u.id,
    (select json_agg(json_build_object('id', c.id, 'type', c.type, 'userLabel', c.user_label,
        'createdDate', c.created_date, 'secretData', c.secret_data, 'credentialData', c.credential_data)
        order by c.priority, c.id)
      from ${credential} c where c.user_id = u.id and c.type = 'otp') as credentials,
    (select json_build_object($2::text, json_agg(coalesce(a.long_value, a.value) order by a.id))
      from ${attribute} a where a.user_id = u.id and a.name = $2::text) as attributes
  from (select id from (${users}) everybody where id > $3 order by id limit ${PAGE}) u`

/**
 * Reads the users of a realm from Keycloak's own database on PostgreSQL, in pages, at one moment; it writes nothing and
 * needs the right to read alone. Undefined stands for a user that can't be read.
 * @param url `postgres://…`, of a user who may read
 * @throws Error where there is no such realm, or it can't be read
 */
export async function* readDatabase(
  url: string,
  reading: Reading,
): AsyncGenerator<ForeignUser | undefined, void> {
  const client = new pg.Client({ connectionString: url, connectionTimeoutMillis: 5_000 })
  await client.connect()
  try {
    await client.query('begin transaction isolation level repeatable read read only')
    const realm = await client.query<{ id: string }>('select id from realm where name = $1', [reading.realm])
    const realmId = realm.rows[0]?.id
    if (realmId === undefined) throw new Error(`Keycloak's database has no realm ${reading.realm}`)
    for (const tables of TABLES) {
      let after = ''
      for (;;) {
        const { rows } = await client.query<{ id: string }>(pageOf(tables), [
          realmId,
          reading.phoneAttribute,
          after,
        ])
        for (const row of rows) yield readUser(row, reading)
        after = rows.at(-1)?.id ?? after
        if (rows.length < PAGE) break
      }
    }
  } finally {
    await client.end()
  }
}
