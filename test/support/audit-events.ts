import { openDatabase } from '../../src/adapters/store/database.ts'
import type { Database } from '../../src/adapters/store/database.ts'
import type { RunningApp } from './app.ts'

/** The events of a user's audit, read beside the server: on PostgreSQL by a connection of its own; a SQLite file is read while its server holds it. */
export async function eventsOf(app: RunningApp, sub: string): Promise<string[]> {
  const { dbUrl } = app.config
  if (dbUrl.startsWith('sqlite:')) {
    const { DatabaseSync } = await import('node:sqlite')
    const file = new DatabaseSync(dbUrl.slice('sqlite:'.length), { readOnly: true })
    const rows = file.prepare('select event from audit where user_id = ?').all(sub)
    file.close()
    return rows.map(({ event }) => String(event))
  }
  const database: Database = await openDatabase(dbUrl)
  const rows = await database.db.selectFrom('audit').select('event').where('user_id', '=', sub).execute()
  await database.close()
  return rows.map(({ event }) => event)
}
