import { sql } from 'kysely'
import type { Outgoing, OutboxStore } from '../../core/notices/outbox.ts'
import { CLAIM } from '../../core/notices/outbox.ts'
import type { Sealer } from '../../core/ports.ts'
import type { Write } from './commit.ts'
import type { Database } from './database.ts'

/** The plain columns: what statements look at. Everything that names a person or says what happened is sealed. */
type Plain = 'id' | 'realm' | 'userId' | 'burst' | 'notBefore' | 'expiresAt' | 'tries'

interface Row {
  id: string
  realm: string
  user_id: string
  sealed: string
  next_at: number
  tries: number
  expires_at: number
}

/** The statements that put messages into the outbox; of a burst that waits already, nothing. */
export function outboxWrites(messages: readonly Outgoing[], sealer: Sealer): Write[] {
  return messages.map((message) => {
    const { id, realm, userId, burst, notBefore, expiresAt, tries, ...rest } = message
    const sealed = sealer.seal(JSON.stringify(rest), outboxContext({ id, realm, user_id: userId }))
    return {
      statement: sql`insert into outbox (id, realm, user_id, burst, sealed, next_at, tries, expires_at)
        values (${id}, ${realm}, ${userId}, ${burst ?? null}, ${sealed}, ${notBefore}, ${tries}, ${expiresAt})
        on conflict do nothing`,
    }
  })
}

/** Takes a burst back, as long as nobody has begun to send it. */
export function takeBack(burst: string): Write {
  return { statement: sql`delete from outbox where burst = ${burst} and tries = 0` }
}

export function createOutboxStore({ db, sqlite }: Database, sealer: Sealer): OutboxStore {
  // Two servers on one PostgreSQL skip what the other has just taken, and never wait for it.
  const lock = sqlite === undefined ? sql`for update skip locked` : sql``
  return {
    async take(now, max) {
      const { rows } = await sql<Row>`update outbox set next_at = ${now + CLAIM}, tries = tries + 1
        where id in (select id from outbox where next_at <= ${now} order by next_at limit ${max} ${lock})
        returning id, realm, user_id, sealed, next_at, tries, expires_at`.execute(db)
      return rows.flatMap((row) => {
        const rest = opened(row)
        if (rest === undefined) return []
        const { id, realm, user_id: userId, expires_at: expiresAt, tries } = row
        return [{ ...rest, id, realm, userId, notBefore: row.next_at, expiresAt, tries }]
      })
    },
    async done(id) {
      await db.deleteFrom('outbox').where('id', '=', id).execute()
    },
    async later(id, at) {
      await db.updateTable('outbox').set({ next_at: at }).where('id', '=', id).execute()
    },
    async waiting() {
      const { count } = await db
        .selectFrom('outbox')
        .select(({ fn }) => fn.countAll<number>().as('count'))
        .executeTakeFirstOrThrow()
      return count
    },
  }

  /** One that was sealed under a key that is not here must not keep the others from going. */
  function opened(row: Row): Omit<Outgoing, Plain> | undefined {
    try {
      return JSON.parse(sealer.open(row.sealed, outboxContext(row))) as Omit<Outgoing, Plain>
    } catch {
      return undefined
    }
  }
}

export function outboxContext({ realm, user_id, id }: Pick<Row, 'id' | 'realm' | 'user_id'>): string {
  return JSON.stringify(['outbox', realm, user_id, id])
}
