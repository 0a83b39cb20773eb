import { expect, it } from 'vitest'
import { createSealer } from '../../src/adapters/secrets/sealer.ts'
import { openDatabase } from '../../src/adapters/store/database.ts'
import { createSigningKeys } from '../../src/adapters/store/signing-keys.ts'
import { newKey, sqlitePlace } from '../support/stores.ts'

it('after 180.2 days off, never without a key between two looks', async () => {
  const DAY = 86_400_000
  const place = sqlitePlace()
  const database = await openDatabase(place.url)
  const clock = { now: 1_800_000_000_000 }
  const keys = createSigningKeys(database, createSealer([newKey()]), () => clock.now)
  await keys.refresh(clock.now)
  clock.now += 180.2 * DAY
  await keys.refresh(clock.now)
  clock.now += 0.3 * DAY - 1000
  await keys.refresh(clock.now)
  clock.now += 2000
  await expect(keys.sign('JWT', {})).resolves.toBeTruthy()
})
