import { existsSync } from 'node:fs'
import { DatabaseSync } from 'node:sqlite'
import pg from 'pg'
import { NEVER_SYNCED } from '../../core/sync/sync.ts'
import type { SyncState } from '../../core/sync/sync.ts'
import { MIGRATIONS } from './migrations/index.ts'

/** What a look at the database found. */
export interface Inspection {
  /** Migrations of this version that were not run, by name; undefined where there is no database yet. */
  pending: string[] | undefined
  /** What the worker wrote down, by realm; undefined where there is no place for it yet. */
  sync?: ReadonlyMap<string, SyncState>
  /** Why it can't be read. */
  problem?: string
}

type Query = (sql: string) => Promise<Record<string, unknown>[]>

/** Looks at the database beside a running server: reads only, takes no lock and migrates nothing. */
export async function inspectDatabase(url: string): Promise<Inspection> {
  try {
    if (!url.startsWith('sqlite:')) return await inspectPostgres(url)
    const path = url.slice('sqlite:'.length)
    if (!existsSync(path)) return { pending: undefined }
    const file = new DatabaseSync(path, { readOnly: true })
    try {
      const query: Query = async (sql) => file.prepare(sql).all()
      return await inspect(query, "select name from sqlite_master where type = 'table'")
    } finally {
      file.close()
    }
  } catch (error) {
    return {
      pending: undefined,
      problem: error instanceof Error ? error.message : String(error),
    }
  }
}

async function inspectPostgres(url: string): Promise<Inspection> {
  const client = new pg.Client({
    connectionString: url,
    connectionTimeoutMillis: 5_000,
    statement_timeout: 20_000,
  })
  await client.connect()
  try {
    const query: Query = async (sql) => (await client.query<Record<string, unknown>>(sql)).rows
    return await inspect(
      query,
      'select table_name as name from information_schema.tables where table_schema = current_schema()',
    )
  } finally {
    await client.end()
  }
}

async function inspect(query: Query, allTables: string): Promise<Inspection> {
  const names = async (statement: string) => (await query(statement)).map(({ name }) => String(name))
  const tables = await names(allTables)
  const done = new Set(
    tables.includes('kysely_migration') ? await names('select name from kysely_migration') : [],
  )
  return {
    pending: Object.keys(MIGRATIONS).filter((name) => !done.has(name)),
    ...(tables.includes('sync') ? { sync: await readSync(query) } : {}),
  }
}

async function readSync(query: Query): Promise<Map<string, SyncState>> {
  const rows = await query('select realm, state from sync')
  return new Map(
    rows.map(({ realm, state }) => {
      const kept = JSON.parse(String(state)) as { state?: Partial<SyncState> }
      return [String(realm), { ...NEVER_SYNCED, ...kept.state }]
    }),
  )
}
