import { DatabaseSync } from 'node:sqlite'
import { sql } from 'kysely'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { createSealer } from '../../src/adapters/secrets/sealer.ts'
import { sealBatch } from '../../src/adapters/store/audit-seal.ts'
import { verifyAudit } from '../../src/adapters/store/audit-verify.ts'
import { commitWrites } from '../../src/adapters/store/commit.ts'
import { openDatabase } from '../../src/adapters/store/database.ts'
import type { Database } from '../../src/adapters/store/database.ts'
import { countKeys } from '../../src/adapters/store/key-census.ts'
import { createOutboxStore, outboxWrites } from '../../src/adapters/store/outbox-store.ts'
import { reseal, SEALED_TABLES } from '../../src/adapters/store/reseal.ts'
import { sealCredential, toCredential } from '../../src/adapters/store/rows.ts'
import { readSecret, writeSecret } from '../../src/adapters/store/secrets.ts'
import { createSigningKeys } from '../../src/adapters/store/signing-keys.ts'
import { auditOf } from '../../src/adapters/store/writes.ts'
import { createWebSessionStore } from '../../src/adapters/store/web-session-store.ts'
import { lookupOf } from '../../src/core/number.ts'
import { registry } from '../../src/methods/index.ts'
import { NOW } from '../support/kit.ts'
import { PLACES, newKey } from '../support/stores.ts'
import type { Place } from '../support/stores.ts'

const [K1, K2, K3] = [newKey('k1'), newKey('k_2'), newKey('k-2')]
const OLD = createSealer([K1])
const BOTH = createSealer([K2, K1])
const NEW = createSealer([K2])
const PHONE = '+31612345678'

const lookupBy = (sealer: typeof BOTH) => ({
  lookupOf: (one: { realm: string; method: string; data: unknown }) =>
    lookupOf(one.realm, one, { registry, mac: sealer.mac }).lookup,
})

describe.each(PLACES)('rows that are sealed anew on %s', (kind, makePlace) => {
  let place: Place
  let database: Database
  beforeEach(async () => {
    place = await makePlace()
    database = await openDatabase(place.url)
  })
  afterEach(async () => {
    await database.close()
    await place.drop()
  })

  const bound = (id: string) => ({ id, realm: 'demo', user_id: `user-${id}` })
  const rowOf = (id: string, data: unknown, sealer = OLD, method = 'totp') => ({
    ...bound(id),
    method,
    sealed: sealCredential(sealer, bound(id), data),
    version: 1,
    failures: 0,
    created_at: NOW,
    number_lookup: lookupOf('demo', { method, data }, { registry, mac: sealer.mac }).lookup ?? null,
  })
  const add = async (...rows: ReturnType<typeof rowOf>[]) =>
    await database.db.insertInto('credential').values(rows).execute()
  const dataOf = async (id: string, sealer = NEW) => {
    const row = await database.db
      .selectFrom('credential')
      .selectAll()
      .where('id', '=', id)
      .executeTakeFirstOrThrow()
    return { ...toCredential(sealer, row), lookup: row.number_lookup }
  }
  const app = (lastStep: number) => ({ secret: 'GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ', lastStep })

  it('are those of every table with something sealed, and all that is hashed is counted (R5)', async () => {
    const tables = await database.db.introspection.getTables()
    const having = (column: string) =>
      tables.filter(({ columns }) => columns.some(({ name }) => name === column)).map(({ name }) => name)
    expect(having('sealed').toSorted()).toEqual([...SEALED_TABLES].toSorted())
    // Whoever adds one has to count it.
    expect(having('key_id').toSorted()).toEqual(['audit', 'audit_chain', 'bypass', 'link'])
    expect(having('number_lookup').toSorted()).toEqual(['credential', 'directory_user'])
    expect(having('token')).toEqual(['trusted_device'])
  })

  it('open under the new key alone, each as it was (R5)', async () => {
    await add(
      ...Array.from({ length: 120 }, (_, i) => rowOf(`c${i}`, app(i))),
      rowOf('phone', { phone: PHONE }, OLD, 'sms'),
    )
    const session = { idHash: 'h', realm: 'demo', userId: 'u', sid: 's', rolesAt: NOW, expiresAt: NOW + 1 }
    const visitor = { roles: ['tfa-admin'] } as never
    await createWebSessionStore(database, OLD).begin({ ...session, visitor })
    const message = { id: 'm', realm: 'demo', userId: 'u', notBefore: NOW, expiresAt: NOW + 1, tries: 0 }
    await commitWrites(database, [
      ...outboxWrites([{ ...message, channel: 'sms', to: PHONE } as never], OLD),
      writeSecret(OLD, 'demo', 'mail-password', 'hunter2'),
    ])
    const signer = createSigningKeys(database, OLD, () => NOW)
    await signer.refresh(NOW)
    await commitWrites(
      database,
      auditOf([{ event: 'user.gone', realm: 'demo', userId: 'u', at: NOW, detail: {} }]),
    )
    await sealBatch(database, OLD, 'demo')

    const done = await reseal(database, BOTH, lookupBy(BOTH))
    expect(Object.fromEntries(done.map(({ table, resealed }) => [table, resealed]))).toEqual({
      credential: 121,
      transaction: 0,
      outbox: 1,
      web_session: 1,
      realm_secret: 1,
      signing_key: 2,
      audit_chain: 1,
    })
    for (const i of [0, 50, 119]) expect((await dataOf(`c${i}`)).data).toEqual(app(i))
    expect(await dataOf('phone')).toMatchObject({
      data: { phone: PHONE },
      version: 1,
      lookup: lookupOf('demo', { method: 'sms', data: { phone: PHONE } }, { registry, mac: NEW.mac }).lookup,
    })
    expect(await createWebSessionStore(database, NEW).find('demo', 'h', NOW)).toMatchObject({ visitor })
    expect(await createOutboxStore(database, NEW).take(NOW, 1)).toMatchObject([{ to: PHONE }])
    expect(await readSecret(database, NEW, 'demo', 'mail-password')).toBe('hunter2')
    const other = createSigningKeys(database, NEW, () => NOW)
    await other.refresh(NOW)
    expect(other.publish()).toEqual(signer.publish())
    // The chain goes on under the new key, and its older entries need the old one.
    const verified = await verifyAudit(database, { realm: 'demo', sealer: BOTH, keyIds: BOTH.keyIds })
    expect(verified).toMatchObject({ found: 0, sealed: 1 })
    await commitWrites(
      database,
      auditOf([{ event: 'user.returned', realm: 'demo', userId: 'u', at: NOW, detail: {} }]),
    )
    expect(await sealBatch(database, NEW, 'demo')).toMatchObject({ sealed: 1, seq: 2 })
    const uses = await countKeys(database, BOTH, [])
    expect(uses.filter(({ keyId }) => keyId === 'k1')).toEqual([
      { kind: 'audit', keyId: 'k1', rows: 1, last: NOW },
    ])
  })

  it('are none a second time, and keys whose ids look alike are told apart', async () => {
    await add(rowOf('c', app(1), createSealer([K3])))
    const sealer = createSealer([K2, K3])
    const resealed = async () => (await reseal(database, sealer, lookupBy(sealer)))[0]!.resealed
    expect([await resealed(), await resealed()]).toEqual([1, 0])
    expect((await dataOf('c')).data).toEqual(app(1))
  })

  it('find a number by the new key also where the text is sealed under it already', async () => {
    const older = rowOf('c', { phone: PHONE }, OLD, 'sms')
    await add({ ...rowOf('c', { phone: PHONE }, BOTH, 'sms'), number_lookup: older.number_lookup })
    await reseal(database, BOTH, lookupBy(BOTH))
    expect((await dataOf('c')).lookup).toMatch(/^k_2\./)
  })

  it('stay as they are where no key opens them, and are counted; the others go on', async () => {
    await add(rowOf('a', app(1), createSealer([K3])), rowOf('b', app(2)))
    const [credentials] = await reseal(database, BOTH, lookupBy(BOTH))
    expect(credentials).toEqual({ table: 'credential', resealed: 1, unreadable: 1 })
    expect((await dataOf('b')).data).toEqual(app(2))
    expect((await dataOf('a', createSealer([K3]))).data).toEqual(app(1))
  })

  it('are read again where a login came in between: its write is never undone (P3, P13)', async () => {
    await add(rowOf('c', app(1)))
    const newer = sealCredential(OLD, bound('c'), app(2))
    if (kind === 'SQLite') {
      let isFirst = true
      await reseal(database, BOTH, {
        lookupOf() {
          if (isFirst) {
            const file = new DatabaseSync(place.url.slice('sqlite:'.length))
            file.prepare("update credential set sealed = ?, version = 2 where id = 'c'").run(newer)
            file.close()
          }
          isFirst = false
          return undefined
        },
      })
    } else {
      const other = await openDatabase(place.url)
      let resealing: Promise<unknown> | undefined
      await other.db.transaction().execute(async (login) => {
        await login
          .updateTable('credential')
          .set({ sealed: newer, version: 2 })
          .where('id', '=', 'c')
          .execute()
        resealing = reseal(database, BOTH, lookupBy(BOTH))
        const waiting = sql<{ n: string }>`select count(*) as n from pg_stat_activity
          where datname = current_database() and wait_event_type = 'Lock'`
        await expect.poll(async () => Number((await waiting.execute(other.db)).rows[0]?.n)).toBe(1)
      })
      await resealing
      await other.close()
    }
    expect(await dataOf('c')).toMatchObject({ data: app(2), version: 2 })
  })
})
