import { sql } from 'kysely'
import { SECRET_NAMES } from '../../core/administration/administration.ts'
import type { SecretName } from '../../core/administration/administration.ts'
import type { Sealer } from '../../core/ports.ts'
import type { Write } from './commit.ts'
import type { Database } from './database.ts'

/** Opens a secret; undefined where there is none. */
export async function readSecret(
  { db }: Database,
  sealer: Sealer,
  realm: string,
  name: SecretName,
): Promise<string | undefined> {
  const row = await db
    .selectFrom('realm_secret')
    .select('sealed')
    .where('realm', '=', realm)
    .where('name', '=', name)
    .executeTakeFirst()
  return row === undefined ? undefined : sealer.open(row.sealed, secretContext(realm, name))
}

/** The secrets that there are. */
export async function namesOfSecrets({ db }: Database, realm: string): Promise<SecretName[]> {
  const rows = await db.selectFrom('realm_secret').select('name').where('realm', '=', realm).execute()
  return SECRET_NAMES.filter((name) => rows.some((row) => row.name === name))
}

/** The statement that sets a secret. */
export function writeSecret(sealer: Sealer, realm: string, name: SecretName, value: string): Write {
  return {
    statement: sql`insert into realm_secret (realm, name, sealed)
      values (${realm}, ${name}, ${sealer.seal(value, secretContext(realm, name))})
      on conflict (realm, name) do update set sealed = excluded.sealed`,
  }
}

/** The statement that takes a secret away. */
export function removeSecret(realm: string, name: SecretName): Write {
  return { statement: sql`delete from realm_secret where realm = ${realm} and name = ${name}` }
}

export function secretContext(realm: string, name: string): string {
  return JSON.stringify(['secret', realm, name])
}
