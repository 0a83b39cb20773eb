import { randomUUID } from 'node:crypto'
import type { Sealer } from '../../core/ports.ts'
import type { Database } from './database.ts'

/** Milliseconds between two times that a server tells which keys it has. */
export const TELL_KEYS_EVERY = 60_000
/** Milliseconds after which a server that told nothing more has ended. */
const FORGOTTEN = 3 * TELL_KEYS_EVERY
const PREFIX = 'keys:'

/** A server that says which encryption keys it has, so that nothing is sealed under one that it can't read. */
export interface KeyHolder {
  /** To be said again and again. */
  tell(): Promise<void>
  /** It ends. Never throws: what is said no more is forgotten in minutes. */
  leave(): Promise<void>
}

export function createKeyHolder(
  { db }: Pick<Database, 'db'>,
  sealer: Sealer,
  clock: () => number,
): KeyHolder {
  const name = PREFIX + randomUUID()
  return {
    async tell() {
      const row = { holder: JSON.stringify(marksOf(sealer)), expires_at: clock() + FORGOTTEN }
      await db
        .insertInto('lease')
        .values({ name, ...row })
        .onConflict((on) => on.column('name').doUpdateSet(row))
        .execute()
      const others = db.deleteFrom('lease').where('name', 'like', `${PREFIX}%`)
      await others.where('expires_at', '<', clock()).execute()
    },
    async leave() {
      const own = db.deleteFrom('lease').where('name', '=', name)
      await own.execute().catch(() => undefined)
    },
  }
}

/** How many of the servers that run can't read what is sealed under this sealer's newest key. */
export async function serversWithout(
  { db }: Pick<Database, 'db'>,
  sealer: Sealer,
  now: number,
): Promise<number> {
  const rows = await db
    .selectFrom('lease')
    .select('holder')
    .where('name', 'like', `${PREFIX}%`)
    .where('expires_at', '>', now)
    .execute()
  const [newest = ''] = marksOf(sealer)
  return rows.filter(({ holder }) => !(JSON.parse(holder) as string[]).includes(newest)).length
}

/** The keys by id and a mark of each: two that have the same id by mistake differ. The newest first. */
function marksOf(sealer: Sealer): string[] {
  return sealer.keyIds.map((id) => `${id}.${sealer.mac('which key is this', id).value.slice(0, 16)}`)
}
