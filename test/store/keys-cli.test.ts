import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest'
import type { EncryptionKey } from '../../src/adapters/secrets/sealer.ts'
import { createSealer } from '../../src/adapters/secrets/sealer.ts'
import { openDatabase } from '../../src/adapters/store/database.ts'
import { createKeyHolder } from '../../src/adapters/store/key-holders.ts'
import { sealCredential } from '../../src/adapters/store/rows.ts'
import { createSigningKeys } from '../../src/adapters/store/signing-keys.ts'
import { resealReport, usesReport } from '../../src/cli/keys-report.ts'
import { keysInUse, newKey as newKeyOf, rotate } from '../../src/cli/keys.ts'
import { readConfig } from '../../src/config.ts'
import { latchkey } from '../support/cli.ts'
import { createDatabase } from '../support/postgres.ts'
import { newKey, sqlitePlace } from '../support/stores.ts'
import type { Place } from '../support/stores.ts'

const [K1, K2] = [newKey('k1'), newKey('k2')]
const NOW = Date.now()

describe('latchkey keys', () => {
  let place: Place
  beforeAll(async () => {
    place = sqlitePlace()
    const database = await openDatabase(place.url)
    const sealer = createSealer([K1])
    await createSigningKeys(database, sealer, Date.now).refresh(NOW)
    const row = (id: string, method: string, data: unknown) => {
      const bound = { id, realm: 'demo', user_id: 'u' }
      const sealed = sealCredential(sealer, bound, data)
      return { ...bound, method, sealed, version: 1, failures: 0, created_at: NOW }
    }
    await database.db
      .insertInto('credential')
      .values([
        row('a', 'totp', { secret: 'GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ', lastStep: 0 }),
        row('b', 'backup-codes', { keyId: 'k1', left: ['x'] }),
      ])
      .execute()
    const expires_at = Date.parse('2031-01-31')
    const device = { id: 'd', realm: 'demo', user_id: 'u', token: 'k1.hash', created_at: NOW, used_at: NOW }
    await database.db
      .insertInto('trusted_device')
      .values({ ...device, expires_at })
      .execute()
    await database.close()
  })
  afterAll(async () => await place.drop())

  const run = async (keys: EncryptionKey[], ...args: string[]) =>
    await latchkey({ dbUrl: place.url, keys }, 'keys', ...args)

  it('new prints what the setting takes, another one each time', async () => {
    const { code, out } = await run([K1], 'new', 'k2')
    expect(code).toBe(0)
    const right = {
      LATCHKEY_HOSTNAME: 'https://a',
      LATCHKEY_KEYCLOAK_URL: 'https://b',
      LATCHKEY_REALMS: 'demo',
    }
    const { encryptionKeys } = readConfig({ ...right, LATCHKEY_ENCRYPTION_KEYS: out.trim() })
    expect(encryptionKeys).toEqual([{ id: 'k2', key: expect.any(Buffer) as Buffer }])
    const today = new Date('2031-01-31T12:00:00Z')
    expect(newKeyOf(undefined, today)).toMatch(/^k20310131:[\w+/]{43}=$/)
    expect(newKeyOf('k2', today)).not.toBe(newKeyOf('k2', today))
    expect(() => newKeyOf('a b', today)).toThrow('the id must be')
  }, 90_000)

  const settings = (...keys: EncryptionKey[]) => ({ dbUrl: place.url, encryptionKeys: keys })
  const usesOf = async (...keys: EncryptionKey[]) =>
    usesReport(
      await keysInUse(settings(...keys)),
      keys.map(({ id }) => id),
    )

  it('rotate goes beside no server on the same file, only its dry run does, which changes nothing', async () => {
    const server = await openDatabase(place.url)
    const shown = await usesOf(K2, K1)
    expect(shown).toBe(`The key "k2" is the first one, and nothing is sealed under it yet.
The key "k1" is still needed for:
  2 methods of users
  2 signing keys
  1 trusted devices, until each is used again, at most until 2031-01-31
  1 sets of backup codes, until they are used up or replaced; without it, these users have to set up new ones
  "latchkey keys rotate" seals what can be sealed anew.
`)
    await expect(rotate(settings(K2, K1))).rejects.toThrow(
      /belongs to the server that runs: restart it with the new key first/,
    )
    await server.close()
    expect(await usesOf(K2, K1)).toBe(shown)
  })

  it('rotate says what no key opens, and that a key is missing', async () => {
    const { done, uses } = await rotate(settings(K2))
    expect(resealReport(done, 'k2')).toContain('  ✗  2 methods of users: no key opens them\n')
    expect(usesReport(uses, ['k2'])).toContain(
      'The key "k1" is not configured, and needed for:\n  2 methods of users\n',
    )
  })

  it('rotate says what it sealed, and what the old key is needed for (B13)', async () => {
    const { code, out, err } = await run([K2, K1], 'rotate')
    expect([code, err]).toEqual([0, ''])
    expect(out).toBe(`Sealed under "k2":
  2 methods of users
  2 signing keys

The key "k2" is the first one for:
  2 methods of users
  2 signing keys
The key "k1" is still needed for:
  1 trusted devices, until each is used again, at most until 2031-01-31
  1 sets of backup codes, until they are used up or replaced; without it, these users have to set up new ones
`)
    const { done } = await rotate(settings(K2, K1))
    expect(resealReport(done, 'k2')).toBe('Sealed under "k2":\n  nothing: all of it was\n\n')
  }, 90_000)

  it('rotate --signing makes another one that signs at once where no server runs', async () => {
    const { code, out, err } = await run([K2, K1], 'rotate', '--signing')
    expect([code, err]).toEqual([0, ''])
    const kid = /^The signing key is ([\w-]{43}) from now on/.exec(out)?.[1]
    const database = await openDatabase(place.url)
    const keys = createSigningKeys(database, createSealer([K2]), Date.now)
    await keys.refresh(Date.now())
    expect(keys.publish().keys[0]?.kid).toBe(kid)
    expect(keys.publish().keys).toHaveLength(2)
    await database.close()
  }, 90_000)
})

it('nothing is sealed under a key that a server lacks, or has another one of by the same id (B13)', async () => {
  const place = await createDatabase(inject('postgresUrl'))
  const database = await openDatabase(place.url)
  const clock = { now: Date.now() }
  const serverWith = async (...keys: EncryptionKey[]) => {
    const server = createKeyHolder(database, createSealer(keys), () => clock.now)
    await server.tell()
    return server
  }
  const rotating = async () => await rotate({ dbUrl: place.url, encryptionKeys: [K2, K1] })
  const old = await serverWith(K1)
  await expect(rotating()).rejects.toThrow('a server runs without the key "k2"')
  const mistaken = await serverWith(newKey('k2'), K1)
  await expect(rotating()).rejects.toThrow('2 servers run without the key "k2"')
  await old.leave()
  await mistaken.leave()
  await serverWith(K1, K2)
  expect((await rotating()).done).toContainEqual({ table: 'credential', resealed: 0, unreadable: 0 })
  // One that was killed is forgotten.
  clock.now -= 240_000
  await serverWith(K1)
  expect((await rotating()).done).toBeDefined()
  await database.close()
  await place.drop()
})
