import type { MethodId } from '../../core/method.ts'
import type { Sealer } from '../../core/ports.ts'
import type { Database } from './database.ts'
import { toCredential } from './rows.ts'

/** Credentials that are looked at in one go. */
const BATCH = 200

/**
 * Gives credentials that were set up before numbers could be looked up what they are found by. Several servers may do so
 * at the same time: it is the same for each. One that no key opens stays as it is.
 * @param methods those whose codes go to numbers
 * @param lookupOf undefined where a credential has no number
 */
export async function fillLookups(
  { db }: Database,
  sealer: Sealer,
  methods: readonly MethodId[],
  lookupOf: (credential: { realm: string; method: string; data: unknown }) => string | undefined,
): Promise<void> {
  if (methods.length === 0) return
  let after = ''
  for (;;) {
    const rows = await db
      .selectFrom('credential')
      .selectAll()
      .where('method', 'in', [...methods])
      .where('number_lookup', 'is', null)
      .where('id', '>', after)
      .orderBy('id')
      .limit(BATCH)
      .execute()
    for (const row of rows) {
      const lookup = lookupIn(row)
      if (lookup === undefined) continue
      await db.updateTable('credential').set({ number_lookup: lookup }).where('id', '=', row.id).execute()
    }
    after = rows.at(-1)?.id ?? after
    if (rows.length < BATCH) return
  }

  function lookupIn(row: Parameters<typeof toCredential>[1]): string | undefined {
    try {
      return lookupOf({ realm: row.realm, ...toCredential(sealer, row) })
    } catch {
      return undefined
    }
  }
}
