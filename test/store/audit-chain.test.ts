import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { createSealer } from '../../src/adapters/secrets/sealer.ts'
import { sealBatch } from '../../src/adapters/store/audit-seal.ts'
import { pruneAudit } from '../../src/adapters/store/prune-audit.ts'
import { openDatabase } from '../../src/adapters/store/database.ts'
import type { Database } from '../../src/adapters/store/database.ts'
import { auditPlace, tamper } from '../support/audit.ts'
import type { AuditPlace } from '../support/audit.ts'
import { NOW } from '../support/kit.ts'
import { PLACES, newKey } from '../support/stores.ts'

const DAY = 86_400_000

describe.each(PLACES)('the chain of the audit on %s', (kind, makePlace) => {
  let place: AuditPlace
  beforeEach(async () => {
    place = await auditPlace(await makePlace())
  })
  afterEach(async () => {
    await place.close()
  })

  const numbers = async (realm = 'demo') =>
    (
      await place.database.db
        .selectFrom('audit')
        .select('seq')
        .where('realm', '=', realm)
        .where('seq', 'is not', null)
        .orderBy('seq')
        .execute()
    ).map(({ seq }) => seq)

  it('numbers entries in the order of their times, from 1, without a gap', async () => {
    await place.write(2)
    expect(await place.seal()).toBe(2)
    await place.write(3)
    expect(await place.seal('demo', 2)).toBe(3)
    const rows = await place.database.db
      .selectFrom('audit')
      .select(['seq', 'user_id'])
      .orderBy('at')
      .execute()
    expect(rows).toEqual([1, 2, 3, 4, 5].map((n) => ({ seq: n, user_id: `user-${n}` })))
    expect(await place.verify()).toMatchObject({ sealed: 5, unsealed: 0, findings: [], head: { seq: 5 } })
  })

  it('says what is not sealed yet, which is no fault', async () => {
    expect(await place.verify()).toMatchObject({ sealed: 0, unsealed: 0, found: 0, head: undefined })
    await place.write(3)
    expect(await place.verify()).toMatchObject({ sealed: 0, unsealed: 3, found: 0 })
    await place.seal('demo')
    await place.write(1)
    const { unsealed, unsealedSince, found } = await place.verify()
    expect({ unsealed, found }).toEqual({ unsealed: 1, found: 0 })
    expect(unsealedSince).toMatch(/^20\d\d-.*Z$/)
  })

  it('keeps a chain of its own for each realm', async () => {
    await place.write(3)
    await place.write(2, { realm: 'other' })
    await place.seal('demo')
    await place.seal('other')
    expect([await numbers('demo'), await numbers('other')]).toEqual([
      [1, 2, 3],
      [1, 2],
    ])
    expect(await place.findings('demo')).toEqual([])
    expect(await place.findings('other')).toEqual([])
  })

  it('walks many pages, and looks at each entry once', async () => {
    await place.write(2_500)
    expect(await place.seal()).toBe(2_500)
    expect(await place.verify()).toMatchObject({ sealed: 2_500, found: 0, head: { seq: 2_500 } })
    await tamper(place, "update audit set detail = '{}' where seq in (1000, 1001, 2500)")
    expect(await place.findings()).toEqual(['changed 1000', 'changed 1001', 'changed 2500'])
  })

  it('goes on sealing over an entry that carries whatever text', async () => {
    const detail = { text: `"quoted" \\ 日本語 🗝 $1 ? :x \u{1F600}\uD800` }
    await place.write(1, { userId: `o'; drop table audit; --`, detail, address: '' })
    await place.seal()
    expect(await place.findings()).toEqual([])
  })

  it('says which key is missing after a rotation, and takes new entries under the new key', async () => {
    await place.write(2)
    await place.seal()
    place.keys.unshift(newKey('k2'))
    expect(await place.findings()).toEqual([])
    await place.write(2)
    await place.seal()
    expect(await place.findings()).toEqual([])
    const rows = await place.database.db.selectFrom('audit').select('key_id').orderBy('seq').execute()
    expect(rows.map(({ key_id }) => key_id)).toEqual(['k1', 'k1', 'k2', 'k2'])
    const [, old] = place.keys.splice(1)
    expect(old).toBeUndefined()
    expect((await place.verify()).findings).toEqual([{ kind: 'key', keyId: 'k1', seq: 1 }])
    await tamper(place, "update audit set event = 'x' where seq = 3")
    expect(await place.findings()).toEqual(['key 1', 'changed 3'])
  })

  it('seals nothing on top of a chain whose key is not configured, and says which', async () => {
    await place.write(2)
    await place.seal()
    place.keys.splice(0, 1, newKey('k2'))
    expect((await place.verify()).findings).toContainEqual({ kind: 'key', keyId: 'k1' })
    await place.write(1)
    await expect(place.seal()).rejects.toThrow('"k1" is not configured')
  })

  it('writes all of a batch or nothing, wherever it breaks off', async () => {
    await place.write(10)
    await place.seal('demo')
    await place.write(10)
    for (const statement of breakAt(kind, 15)) await tamper(place, statement)
    await expect(place.seal()).rejects.toThrow(/broken off|malformed JSON/)
    expect(await place.verify()).toMatchObject({ sealed: 10, unsealed: 10, found: 0 })
    for (const statement of mend(kind)) await tamper(place, statement)
    expect(await place.seal()).toBe(10)
    expect(await place.findings()).toEqual([])
  })

  it('is looked at as it stood at one moment, while servers write, seal and prune beside', async () => {
    await place.write(1_500)
    const looks = { left: 15 }
    const work = async () => {
      while (looks.left > 0) {
        await place.write(20)
        await place.seal('demo', 7)
        await pruneAudit(place.database, createSealer(place.keys), ['demo'], NOW + 400 * DAY)
      }
    }
    const working = work()
    for (; looks.left > 0; looks.left--) expect(await place.findings()).toEqual([])
    await working
  })

  it('holds after the process was killed in the middle of its work', async () => {
    await place.write(3_000)
    const { url, keys } = place
    await place.database.close()
    const child = spawn(
      process.execPath,
      [fileURLToPath(import.meta.resolve('../support/audit-sealer.ts')), url, JSON.stringify(keys)],
      { stdio: ['ignore', 'pipe', 'inherit'] },
    )
    let lines = 0
    for await (const _ of createInterface(child.stdout)) if (++lines === 20) child.kill('SIGKILL')
    if (child.signalCode === null) await once(child, 'exit')
    expect(child.signalCode).toBe('SIGKILL')
    const { sealed, unsealed, found } = await place.verify()
    expect({ sum: sealed + unsealed, found }).toEqual({ sum: 3_000, found: 0 })
    expect(sealed).toBeGreaterThanOrEqual(20 * 10)
    expect(unsealed).toBeGreaterThan(0)
    const again = await openDatabase(url)
    expect(await sealBatch(again, createSealer(keys), 'demo')).toMatchObject({
      sealed: Math.min(unsealed, 1_000),
    })
    await again.close()
    expect(await place.findings()).toEqual([])
  })
})

it('is one chain without a gap when 20 sealers on PostgreSQL are at it at once', async () => {
  const place = await auditPlace(await PLACES[1]![1]())
  const other = await openDatabase(place.url)
  await place.write(400)
  const sealer = createSealer(place.keys)
  const results = await Promise.all(
    Array.from({ length: 20 }, async (_, i) => {
      const said = []
      for (let n = 0; n < 20; n++) {
        if (n % 5 === 0) await place.write(5)
        said.push(await sealBatch(i % 2 === 0 ? place.database : other, sealer, 'demo', 10))
      }
      return said
    }),
  )
  const said = results.flat()
  expect(said).toContain('lost')
  const sealed = said.reduce((sum, one) => sum + (typeof one === 'string' ? 0 : one.sealed), 0)
  expect(sealed).toBeGreaterThan(0)
  const rest = await place.seal()
  expect(sealed + rest).toBe(800)
  expect(await place.verify()).toMatchObject({ sealed: 800, unsealed: 0, found: 0, head: { seq: 800 } })
  await other.close()
  await place.close()
})

it('stays whole while PostgreSQL seals and prunes it from two servers at once', async () => {
  const place = await auditPlace(await PLACES[1]![1]())
  const other = await openDatabase(place.url)
  await place.write(600)
  const sealer = createSealer(place.keys)
  const work = async (database: Database) => {
    for (let n = 0; n < 40; n++) {
      await Promise.all([
        sealBatch(database, sealer, 'demo', 10),
        pruneAudit(database, sealer, ['demo'], NOW + 400 * DAY),
      ])
    }
  }
  await Promise.all([work(place.database), work(other), work(other)])
  await place.seal()
  await pruneAudit(place.database, sealer, ['demo'], NOW + 400 * DAY)
  expect(await place.verify()).toMatchObject({ sealed: 0, unsealed: 0, found: 0, head: { seq: 600 } })
  await other.close()
  await place.close()
})

function breakAt(kind: string, seq: number): string[] {
  if (kind === 'SQLite') {
    return [
      `create trigger breaks before update on audit when new.seq = ${seq} begin select json('broken off'); end`,
    ]
  }
  return [
    `create function breaks() returns trigger language plpgsql as $$ begin raise exception 'broken off'; end $$`,
    `create trigger breaks before update on audit for each row when (new.seq = ${seq}) execute function breaks()`,
  ]
}

function mend(kind: string): string[] {
  return kind === 'SQLite' ? ['drop trigger breaks'] : ['drop trigger breaks on audit']
}
