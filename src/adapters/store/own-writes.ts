import { sql } from 'kysely'
import type { Change } from '../../core/ports.ts'
import type { Write } from './commit.ts'

/** The statements of what users change about what they have, in SQL that both databases have. */
export function ownWrites(change: Change): Write[] {
  const { realm, userId, takeAway, rename, prefer, spendBypass } = change
  const own = sql`realm = ${realm} and user_id = ${userId}`
  const writes: Write[] = []
  if (takeAway !== undefined) {
    writes.push(
      // One each: a guard counts rows, and every one of them has to be there.
      ...takeAway.ids.map((id): Write => ({
        statement: sql`delete from credential where ${own} and id = ${id}`,
        guard: 'lost',
      })),
      { statement: sql`delete from "transaction" where ${own} and id <> ${takeAway.step ?? ''}` },
      { statement: sql`delete from verified_session where ${own} and sid <> ${takeAway.sid ?? ''}` },
    )
  }
  if (spendBypass !== undefined) {
    writes.push({ statement: sql`delete from bypass where ${own} and id = ${spendBypass}`, guard: 'lost' })
  }
  if (rename !== undefined) {
    writes.push({
      statement: sql`update credential set label = ${rename.label ?? null} where ${own} and id = ${rename.id}`,
      guard: 'lost',
    })
  }
  if (prefer !== undefined) {
    writes.push(
      { statement: sql`update credential set preferred = 1 where ${own} and id = ${prefer}`, guard: 'lost' },
      { statement: sql`update credential set preferred = 0 where ${own} and id <> ${prefer}` },
    )
  }
  return writes
}
