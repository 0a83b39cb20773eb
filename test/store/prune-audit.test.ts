import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { createSealer } from '../../src/adapters/secrets/sealer.ts'
import { createPolicyStore } from '../../src/adapters/store/policy-store.ts'
import { pruneAudit } from '../../src/adapters/store/prune-audit.ts'
import { auditPlace, tamper } from '../support/audit.ts'
import type { AuditPlace } from '../support/audit.ts'
import { PLACES } from '../support/stores.ts'

const DAY = 86_400_000
const TODAY = Date.UTC(2026, 5, 15)
const daysAgo = (days: number) => TODAY - days * DAY

describe.each(PLACES)('the audit on %s that is kept for some days', (_, makePlace) => {
  let place: AuditPlace
  beforeEach(async () => {
    place = await auditPlace(await makePlace())
  })
  afterEach(async () => {
    await place.close()
  })

  const prune = async (now = TODAY) =>
    await pruneAudit(place.database, createSealer(place.keys), ['demo'], now)

  const left = async () =>
    (
      await place.database.db
        .selectFrom('audit')
        .select('at')
        .where('realm', '=', 'demo')
        .orderBy('at')
        .execute()
    ).map(({ at }) => at)

  it('loses whole days, UTC, that are older, and verifies still', async () => {
    const days = [367, 366, 365, 364, 1]
    for (const day of days) await place.write(2, { at: daysAgo(day) })
    await place.seal()
    const anchor = (await place.verify()).head!
    await prune(TODAY + DAY - 1)
    expect(await left()).toEqual([365, 365, 364, 364, 1, 1].map(daysAgo))
    expect(await place.verify({ anchor })).toMatchObject({ sealed: 6, found: 0, head: anchor })
    await prune(TODAY + DAY)
    expect(await left()).toEqual([364, 364, 1, 1].map(daysAgo))
    expect(await place.findings()).toEqual([])
  })

  it('is kept as long as the realm says', async () => {
    await createPolicyStore(place.database).saveSettings('demo', { auditDays: 7 })
    for (const day of [9, 8, 7]) await place.write(1, { at: daysAgo(day) })
    await place.write(1, { at: daysAgo(9), realm: 'other' })
    await place.seal()
    await place.seal('other')
    await prune()
    expect(await left()).toEqual([daysAgo(7)])
    await pruneAudit(place.database, createSealer(place.keys), ['demo', 'other'], TODAY)
    expect(await place.verify({ realm: 'other' })).toMatchObject({ sealed: 1, found: 0 })
  })

  it('keeps what is not sealed yet, however old', async () => {
    await place.write(3, { at: daysAgo(900) })
    await prune()
    expect(await left()).toHaveLength(3)
    await place.seal()
    await prune()
    expect(await left()).toHaveLength(0)
    expect(await place.verify()).toMatchObject({ sealed: 0, found: 0, head: { seq: 3 } })
    await place.write(2, { at: TODAY })
    await place.seal()
    expect(await place.verify()).toMatchObject({ sealed: 2, found: 0, head: { seq: 5 } })
  })

  it('loses any number of entries, in batches', async () => {
    await place.write(1_234, { at: daysAgo(400) })
    await place.write(5, { at: daysAgo(2) })
    await place.seal()
    await prune()
    expect(await left()).toHaveLength(5)
    expect(await place.findings()).toEqual([])
  })

  it('stops at an entry whose time has not come, though older ones follow', async () => {
    await place.write(2, { at: daysAgo(500) })
    await place.seal()
    await place.write(1, { at: TODAY })
    await place.seal()
    await place.write(2, { at: daysAgo(500) })
    await place.seal()
    await prune()
    expect(await left()).toEqual([daysAgo(500), daysAgo(500), TODAY])
    expect(await place.findings()).toEqual([])
  })

  it('still shows what is missing or changed after the new beginning', async () => {
    await place.write(4, { at: daysAgo(400) })
    await place.write(4, { at: daysAgo(1) })
    await place.seal()
    await prune()
    await tamper(place, 'delete from audit where seq = 5')
    await tamper(place, "update audit set event = 'x' where seq = 8")
    expect(await place.findings()).toEqual(['missing 5 to 5', 'changed 8'])
  })

  it('says of an anchor from before the beginning that it can show nothing any more', async () => {
    await place.write(4, { at: daysAgo(400) })
    await place.seal()
    const old = (await place.verify()).head!
    await place.write(1, { at: daysAgo(399) })
    await place.write(1, { at: TODAY })
    await place.seal()
    await prune()
    expect((await place.verify({ anchor: old })).findings).toEqual([
      { kind: 'anchor', seq: 4, problem: 'pruned' },
    ])
  })

  it('has no entry deleted by the server that was made to look old', async () => {
    await place.write(6, { at: daysAgo(1) })
    await place.seal()
    await tamper(place, `update audit set at = ${daysAgo(900)} where seq <= 3`)
    await expect(prune()).rejects.toThrow('the audit of the realm "demo" was tampered with')
    expect(await left()).toHaveLength(6)
    expect(await place.findings()).toEqual(['changed 1', 'changed 2', 'changed 3'])
  })

  it('keeps what was tampered with, and all that follows, until somebody looked', async () => {
    await place.write(6, { at: daysAgo(400) })
    await place.seal()
    await tamper(place, "update audit set event = 'x' where seq = 4")
    await prune()
    expect(await left()).toHaveLength(3)
    await expect(prune()).rejects.toThrow('tampered')
    expect(await place.findings()).toEqual(['changed 4'])
  })

  it('keeps all where the row of the chain was forged', async () => {
    await place.write(6, { at: daysAgo(400) })
    await place.seal()
    await tamper(place, 'update audit_chain set base_seq = 2')
    await expect(prune()).rejects.toThrow('tampered')
    expect(await left()).toHaveLength(6)
  })
})
