import { randomBytes } from 'node:crypto'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { sql } from 'kysely'
import { inject } from 'vitest'
import type { Database } from '../../src/adapters/store/database.ts'
import { createDatabase } from './postgres.ts'

/** An empty place for a database, of either kind. */
export interface Place {
  url: string
  drop(): Promise<void>
}

/** The two databases that every test of the store runs on. */
export const PLACES: [name: string, make: () => Promise<Place>][] = [
  ['SQLite', async () => sqlitePlace()],
  ['PostgreSQL', async () => await createDatabase(inject('postgresUrl'))],
]

export function sqlitePlace(): Place {
  const folder = mkdtempSync(join(tmpdir(), 'latchkey-store-'))
  return {
    url: `sqlite:${join(folder, 'test.db')}`,
    drop: async () => rmSync(folder, { recursive: true, force: true }),
  }
}

export const newKey = (id = 'k1') => ({ id, key: randomBytes(32) })

/** Every value of every column of every table, as text: what a stolen database shows. */
export async function dump({ db }: Database): Promise<{ table: string; column: string; text: string }[]> {
  const tables = await db.introspection.getTables()
  const cells = await Promise.all(
    tables.map(async ({ name: table }) => {
      const { rows } = await sql<Record<string, unknown>>`select * from ${sql.table(table)}`.execute(db)
      return rows.flatMap((row) =>
        Object.entries(row).map(([column, value]) => ({ table, column, text: String(value) })),
      )
    }),
  )
  return cells.flat()
}
