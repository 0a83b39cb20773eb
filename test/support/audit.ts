import { sql } from 'kysely'
import type { EncryptionKey } from '../../src/adapters/secrets/sealer.ts'
import { createSealer } from '../../src/adapters/secrets/sealer.ts'
import { sealBatch } from '../../src/adapters/store/audit-seal.ts'
import type { Verification } from '../../src/adapters/store/audit-verify.ts'
import type { Anchor } from '../../src/adapters/store/audit-walk.ts'
import { commitWrites } from '../../src/adapters/store/commit.ts'
import { openDatabase } from '../../src/adapters/store/database.ts'
import type { Database } from '../../src/adapters/store/database.ts'
import { auditOf } from '../../src/adapters/store/writes.ts'
import { verifyRealm } from '../../src/cli/audit.ts'
import type { AuditEntry } from '../../src/core/audit/audit.ts'
import { NOW } from './kit.ts'
import { newKey } from './stores.ts'
import type { Place } from './stores.ts'

/** A database with an audit, and the keys that it is sealed under. */
export interface AuditPlace {
  database: Database
  url: string
  /** The newest first; a test may put others in. */
  keys: EncryptionKey[]
  /** Writes entries, a second apart, each about a user of its own unless `change` says otherwise. */
  write(count: number, change?: Partial<AuditEntry>): Promise<void>
  /** Seals all that there is; gives how many entries that were. */
  seal(realm?: string, max?: number): Promise<number>
  verify(options?: { realm?: string; anchor?: Anchor }): Promise<Verification>
  /** The kinds and numbers of what a look finds. */
  findings(realm?: string): Promise<string[]>
  close(): Promise<void>
}

export async function auditPlace(place: Place): Promise<AuditPlace> {
  const database = await openDatabase(place.url)
  const keys = [newKey('k1')]
  let written = 0
  const verify: AuditPlace['verify'] = async ({ realm = 'demo', anchor } = {}) =>
    await verifyRealm({ dbUrl: place.url, encryptionKeys: keys }, realm, anchor)
  return {
    database,
    url: place.url,
    keys,
    async write(count, change = {}) {
      const entries = Array.from({ length: count }, (): AuditEntry => {
        const n = ++written
        return {
          event: 'challenge.succeeded',
          realm: 'demo',
          userId: `user-${n}`,
          actor: `actor-${n}`,
          address: '192.0.2.7',
          at: NOW + n * 1000,
          detail: { method: 'totp', n },
          ...change,
        }
      })
      for (let i = 0; i < entries.length; i += 500) {
        await commitWrites(database, auditOf(entries.slice(i, i + 500)))
      }
    },
    async seal(realm = 'demo', max = 1_000) {
      let sealed = 0
      for (;;) {
        const result = await sealBatch(database, createSealer(keys), realm, max)
        if (typeof result === 'string') return sealed
        sealed += result.sealed
      }
    },
    verify,
    async findings(realm = 'demo') {
      const { findings, found } = await verify({ realm })
      if (found !== findings.length) throw new Error(`${found} findings, not all of which are listed`)
      return findings.map(
        (one) =>
          `${one.kind} ${one.seq ?? ''}${one.kind === 'moved' ? ` from ${one.from}` : ''}${one.kind === 'missing' ? ` to ${one.to}` : ''}`,
      )
    },
    async close() {
      await database.close()
      await place.drop()
    },
  }
}

/** Changes the database behind the server's back. */
export async function tamper({ database }: AuditPlace, statement: string): Promise<void> {
  await sql.raw(statement).execute(database.db)
}
