import { sql } from 'kysely'
import type { Backlog } from '../../core/health.ts'
import { NOTICE_LIFETIME } from '../../core/notices/outbox.ts'
import type { Database } from './database.ts'

/** As far as notices and entries are counted, so that a backlog of millions keeps nobody waiting. */
const MOST_COUNTED = 10_001

interface Row {
  waiting: number
  expires_at: number | null
  unsealed: number
  unsealed_at: number | null
  enrolled: number | null
}

/** One round trip, by indexes. */
export async function readBacklog({ db }: Pick<Database, 'db'>, realm: string): Promise<Backlog> {
  const { rows } = await sql<Row>`select
    (select count(*) from (select id from outbox where realm = ${realm} limit ${MOST_COUNTED}) as counted) as waiting,
    (select min(expires_at) from outbox where realm = ${realm}) as expires_at,
    (select count(*) from (select id from audit where realm = ${realm} and seq is null limit ${MOST_COUNTED}) as counted)
      as unsealed,
    (select min(at) from audit where realm = ${realm} and seq is null) as unsealed_at,
    (select count from figure where realm = ${realm} and name = 'enrolled' order by day desc limit 1) as enrolled
  `.execute(db)
  const [row] = rows
  if (row === undefined) throw new Error('a select without a table gives one row')
  const { waiting, expires_at: expiresAt, unsealed, unsealed_at: unsealedAt, enrolled } = row
  return {
    notices: { count: waiting, ...(expiresAt === null ? {} : { oldestAt: expiresAt - NOTICE_LIFETIME }) },
    unsealed: { count: unsealed, ...(unsealedAt === null ? {} : { oldestAt: unsealedAt }) },
    ...(enrolled === null ? {} : { enrolled }),
  }
}
