import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { createSealer } from '../../src/adapters/secrets/sealer.ts'
import { createAuditSealing } from '../../src/adapters/store/audit-sealing.ts'
import type { AuditSealing } from '../../src/adapters/store/audit-sealing.ts'
import { auditPlace, tamper } from '../support/audit.ts'
import type { AuditPlace } from '../support/audit.ts'
import { PLACES } from '../support/stores.ts'

describe.each(PLACES)('the audit of each realm on %s', (_, makePlace) => {
  let place: AuditPlace
  let now: number
  let told: string[]
  let sealing: AuditSealing
  beforeEach(async () => {
    place = await auditPlace(await makePlace())
    now = 0
    told = []
    sealing = createAuditSealing(place.database, createSealer(place.keys), ['demo', 'other'], () => now, {
      sealed: (realm, seq, anchor) => told.push(`${realm} ${seq} ${anchor}`),
      failed: (realm, error) => told.push(`${realm} ${(error as Error).message}`),
    })
  })
  afterEach(async () => {
    await place.close()
  })

  const anchor = async (realm = 'demo') => {
    const { head } = await place.verify({ realm })
    return `${realm} ${head?.seq} ${head?.seq}:${head?.mac}`
  }

  it('is sealed whole, however much there is, and nothing is said where there is nothing', async () => {
    await sealing.run()
    expect(told).toEqual([])
    await place.write(2_100)
    await place.write(3, { realm: 'other' })
    await sealing.run()
    expect(await place.verify()).toMatchObject({ sealed: 2_100, unsealed: 0 })
    expect(told).toEqual([await anchor(), await anchor('other')])
  })

  it('leaves an anchor outside of the database once a minute at most, and never leaves the last one out', async () => {
    await place.write(1)
    await sealing.run()
    const first = await anchor()
    for (let second = 2; second < 60; second += 2) {
      now = second * 1000
      if (second < 20) await place.write(1)
      await sealing.run()
    }
    expect(told).toEqual([first])
    now = 60_000
    await sealing.run()
    expect(told).toEqual([first, await anchor()])
    now = 600_000
    await sealing.run()
    expect(told).toHaveLength(2)
  })

  it('is sealed once more at the end, with its anchor', async () => {
    await place.write(1)
    await sealing.run()
    await place.write(1)
    await sealing.finish()
    expect(told).toHaveLength(2)
    expect(told[1]).toBe(await anchor())
  })

  it('does not wait for another realm whose chain was tampered with, which is told again and again', async () => {
    await place.write(1)
    await place.seal()
    await tamper(place, "update audit_chain set seal = 'x'")
    await place.write(1)
    await place.write(1, { realm: 'other' })
    await sealing.run()
    const tampered =
      'demo the audit of the realm "demo" was tampered with; "latchkey audit verify" says where'
    expect(told).toEqual([tampered, await anchor('other')])
    now = 9_999
    await sealing.run()
    expect(told).toHaveLength(2)
    now = 10_000
    await sealing.run()
    expect(told.filter((line) => line === tampered)).toHaveLength(2)
  })

  it('is sealed by one call at a time', async () => {
    await place.write(1_500)
    await Promise.all([sealing.run(), sealing.run(), sealing.run(), sealing.finish()])
    expect(await place.verify()).toMatchObject({ sealed: 1_500, found: 0 })
    expect(told.every((line) => line.startsWith('demo'))).toBe(true)
  })
})
