import { sql } from 'kysely'
import type { SetUpLink } from '../../core/login/link.ts'
import type { Change } from '../../core/ports.ts'
import type { Write } from './commit.ts'
import type { Database } from './database.ts'

/** The statements that keep and spend links, in SQL that both databases have. */
export function linkWrites({ realm, userId, link, useLink }: Change): Write[] {
  const writes: Write[] = []
  if (link !== undefined) {
    const { id, purpose, secret, transactionId, expiresAt } = link
    writes.push({
      statement: sql`insert into link
          (realm, user_id, purpose, id, key_id, secret_mac, transaction_id, expires_at, used_at)
        values (${realm}, ${userId}, ${purpose}, ${id}, ${secret.keyId}, ${secret.value}, ${transactionId},
          ${expiresAt}, null)
        on conflict (realm, user_id, purpose) do update set id = excluded.id, key_id = excluded.key_id,
          secret_mac = excluded.secret_mac, transaction_id = excluded.transaction_id,
          expires_at = excluded.expires_at, used_at = null`,
    })
  }
  if (useLink !== undefined) {
    const { id, at } = useLink
    writes.push({
      statement: sql`update link set used_at = ${at}
        where realm = ${realm} and user_id = ${userId} and id = ${id} and used_at is null and expires_at > ${at}`,
      guard: 'lost',
    })
  }
  return writes
}

/** As the store of a login has it. */
export async function findLink({ db }: Database, realm: string, id: string): Promise<SetUpLink | undefined> {
  const row = await db
    .selectFrom('link')
    .selectAll()
    .where('realm', '=', realm)
    .where('id', '=', id)
    .executeTakeFirst()
  if (row === undefined) return undefined
  return {
    id: row.id,
    realm: row.realm,
    userId: row.user_id,
    purpose: row.purpose as SetUpLink['purpose'],
    secret: { keyId: row.key_id, value: row.secret_mac },
    transactionId: row.transaction_id,
    expiresAt: row.expires_at,
    usedAt: row.used_at ?? undefined,
  }
}
