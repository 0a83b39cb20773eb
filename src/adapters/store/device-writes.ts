import { sql } from 'kysely'
import type { Change } from '../../core/ports.ts'
import type { Write } from './commit.ts'

/** The statements of a change about the browsers that a user has trusted, in SQL that both databases have. */
export function deviceWrites(change: Change): Write[] {
  const { realm, userId, trust, rotate, forget } = change
  const own = sql`realm = ${realm} and user_id = ${userId}`
  const writes: Write[] = []
  if (endsAll(change)) writes.push({ statement: sql`delete from trusted_device where ${own}` })
  // One each: a guard counts rows, and every one of them has to be there.
  for (const id of forget ?? []) {
    writes.push({ statement: sql`delete from trusted_device where ${own} and id = ${id}`, guard: 'lost' })
  }
  if (rotate !== undefined) {
    const { id, from, to, by, sid, at } = rotate
    writes.push({
      statement: sql`update trusted_device set token = ${to}, previous = ${from}, rotated_by = ${by}, sid = ${sid},
        used_at = ${at} where ${own} and id = ${id} and token = ${from}`,
      guard: 'lost',
    })
  }
  if (trust !== undefined) {
    const { id, token, browser, system, createdAt, usedAt, expiresAt } = trust
    writes.push({
      statement: sql`insert into trusted_device
        (id, realm, user_id, token, browser, system, created_at, used_at, expires_at)
        values (${id}, ${realm}, ${userId}, ${token}, ${browser ?? null}, ${system ?? null}, ${createdAt}, ${usedAt},
          ${expiresAt})`,
    })
  }
  return writes
}

/** Trust rests on the methods that were there: none outlives a change of them (R18). */
function endsAll({ forgetAll, enrol = [], remove = [], takeAway }: Change): boolean {
  return forgetAll === true || enrol.length > 0 || remove.length > 0 || takeAway !== undefined
}
