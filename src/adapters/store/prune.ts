import type { Database } from './database.ts'

/** Milliseconds between two clean-ups. */
export const PRUNE_EVERY = 60_000

/** A step that is over stays this long, milliseconds: a page that is opened again can still say so. */
const KEPT = 60 * 60_000

/** Deletes what can't be used any more: message ids past their age, steps past their time. */
export async function prune({ db }: Database, now: number): Promise<void> {
  await db.deleteFrom('used_jti').where('expires_at', '<', now).execute()
  await db.deleteFrom('send_count').where('window_end', '<', now).execute()
  await db
    .deleteFrom('transaction')
    .where('expires_at', '<', now - KEPT)
    .execute()
}
