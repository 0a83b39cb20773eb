import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { createSealer } from '../../src/adapters/secrets/sealer.ts'
import { sealBatch } from '../../src/adapters/store/audit-seal.ts'
import { countEnrolled, createFigureStore } from '../../src/adapters/store/figure-store.ts'
import { createLoginStore } from '../../src/adapters/store/login-store.ts'
import { prune } from '../../src/adapters/store/prune.ts'
import { auditPlace, tamper } from '../support/audit.ts'
import type { AuditPlace } from '../support/audit.ts'
import { PLACES } from '../support/stores.ts'

const DAY = 86_400_000
const TODAY = Date.UTC(2027, 0, 31, 12)

describe.each(PLACES)('figures over time on %s', (_, makePlace) => {
  let place: AuditPlace
  beforeEach(async () => {
    place = await auditPlace(await makePlace())
  })
  afterEach(async () => {
    await place.close()
  })

  const figures = async (realm = 'demo', day = '2000-01-01') =>
    (await createFigureStore(place.database).since(realm, day))
      .map((one) => `${one.day} ${one.name} ${one.count}`)
      .toSorted()

  it('count each entry once, when it is sealed, on its day and in its realm', async () => {
    await place.write(3, { at: TODAY })
    await place.write(2, { at: TODAY - DAY, event: 'challenge.failed' })
    await place.write(1, { at: TODAY, realm: 'other' })
    expect(await figures()).toEqual([])
    await place.seal()
    await place.seal()
    expect(await figures()).toEqual(['2027-01-30 failed 2', '2027-01-31 verified.totp 3'])
    expect(await figures('other')).toEqual([])
    await place.write(1_500, { at: TODAY })
    await place.seal()
    await place.seal('other')
    expect(await figures()).toEqual(['2027-01-30 failed 2', '2027-01-31 verified.totp 1503'])
    expect(await figures('other')).toEqual(['2027-01-31 verified.totp 1'])
    expect(await figures('demo', '2027-01-31')).toEqual(['2027-01-31 verified.totp 1503'])
  })

  it('count nothing twice where two servers seal the same entries at the same time', async () => {
    await place.write(40, { at: TODAY })
    const sealer = createSealer(place.keys)
    const results = await Promise.all(
      Array.from({ length: 4 }, async () => await sealBatch(place.database, sealer, 'demo')),
    )
    expect(results.filter((one) => typeof one === 'object')).toHaveLength(1)
    expect(await figures()).toEqual(['2027-01-31 verified.totp 40'])
  })

  it('stay as they are where an entry was forged, and the sealing goes on', async () => {
    await place.write(2, { at: TODAY })
    await tamper(place, `update audit set detail = 'no JSON' where user_id = 'user-1'`)
    await place.write(1, { at: 9e15 })
    expect(await place.seal()).toBe(3)
    expect(await figures()).toEqual(['2027-01-31 verified.other 1', '2027-01-31 verified.totp 1'])
  })

  it('have the users who can give a second factor, as last counted on that day', async () => {
    const store = createLoginStore(place.database, createSealer(place.keys))
    const enrol = async (userId: string, ...methods: string[]) => {
      const made = methods.map((method) => ({
        id: `${userId}-${method}`,
        method,
        label: undefined,
        data: {},
        at: TODAY,
      }))
      await store.commit({ realm: 'demo', userId, enrol: made })
    }
    const count = async (now: number) =>
      await countEnrolled(place.database, 'demo', new Set(['backup-codes']), now)
    await count(TODAY - DAY)
    await enrol('alice', 'totp', 'sms', 'backup-codes')
    await enrol('bob', 'backup-codes')
    await count(TODAY)
    await enrol('carol', 'sms')
    await enrol('dave', 'sms')
    await tamper(place, `update credential set gone_at = 1 where user_id = 'dave'`)
    await count(TODAY + 60_000)
    expect(await figures()).toEqual(['2027-01-30 enrolled 0', '2027-01-31 enrolled 2'])
  })

  it('are kept for 400 days', async () => {
    for (const days of [401, 400, 399]) await place.write(1, { at: TODAY - days * DAY })
    await place.seal()
    await prune(place.database, TODAY)
    expect((await figures()).map((line) => line.slice(0, 10))).toEqual(['2025-12-27', '2025-12-28'])
  })
})
