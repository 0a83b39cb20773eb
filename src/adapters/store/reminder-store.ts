import { sql } from 'kysely'
import type { ReminderStore } from '../../core/notices/reminders.ts'
import type { Sealer } from '../../core/ports.ts'
import { commitWrites } from './commit.ts'
import type { Database } from './database.ts'
import { outboxWrites } from './outbox-store.ts'

export function createReminderStore(database: Database, sealer: Sealer): ReminderStore {
  return {
    async remind(realm, { userId, until, days, message }) {
      const once = sql`insert into reminder (realm, user_id, until, days)
        values (${realm}, ${userId}, ${until}, ${days}) on conflict do nothing`
      const writes = [{ statement: once, guard: 'lost' as const }, ...outboxWrites([message], sealer)]
      return (await commitWrites(database, writes)) === 'written'
    },
  }
}
