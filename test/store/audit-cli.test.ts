import { PassThrough } from 'node:stream'
import { text as readText } from 'node:stream/consumers'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { auditReport } from '../../src/cli/audit-report.ts'
import { exportAudit, readAnchor, readTime } from '../../src/cli/audit.ts'
import { auditPlace, tamper } from '../support/audit.ts'
import type { AuditPlace } from '../support/audit.ts'
import { latchkey } from '../support/cli.ts'
import { NOW } from '../support/kit.ts'
import { PLACES } from '../support/stores.ts'

/** The command as a process of its own. */
const run = async (place: AuditPlace, ...args: string[]) =>
  await latchkey({ dbUrl: place.url, keys: place.keys }, 'audit', ...args)

it.each(PLACES)('latchkey audit verify looks at %s beside a running server', async (kind, makePlace) => {
  const place = await auditPlace(await makePlace())
  await place.write(3)
  await place.seal()
  await place.write(1)
  const first = await run(place, 'verify')
  expect(first).toMatchObject({ code: 0, err: '' })
  expect(first.out).toMatch(
    /^The audit of the realm demo: 3 entries looked at\.\n1 entry not sealed yet, the oldest of 20/,
  )
  const anchor = first.out.trimEnd().split('\n').at(-1)!
  expect(anchor).toMatch(/^3:[\w-]{43}$/)
  await place.seal()
  await tamper(place, "update audit set event = 'x' where seq = 2")
  const second = await run(place, 'verify', '--anchor', anchor, '--json')
  expect(second.code).toBe(2)
  expect(JSON.parse(second.out)).toMatchObject({
    realm: 'demo',
    sealed: 4,
    unsealed: 0,
    found: 1,
    findings: [{ kind: 'changed', seq: 2 }],
  })
  if (kind === 'SQLite') {
    expect(await run(place, 'verify', '--anchor', 'x')).toMatchObject({ code: 2, out: '' })
    expect(await run(place, 'verify', '--realm', 'nowhere')).toMatchObject({ code: 2, out: '' })
    const day = new Date(NOW).toISOString().slice(0, 10)
    const { code, out } = await run(place, 'export', '--format', 'csv', '--from', day)
    expect([code, out.split('\r\n').length]).toEqual([0, 6])
    expect(await run(place, 'export', '--format', 'csv', '--to', 'x')).toMatchObject({ code: 1, out: '' })
  }
  await place.close()
})

describe.each(PLACES)('an export of the audit on %s', (_, makePlace) => {
  let place: AuditPlace
  beforeEach(async () => {
    place = await auditPlace(await makePlace())
  })
  afterEach(async () => {
    await place.close()
  })

  async function exported(options: Partial<Parameters<typeof exportAudit>[2]> = {}): Promise<string> {
    const out = new PassThrough()
    const read = readText(out)
    await exportAudit({ dbUrl: place.url }, 'demo', { format: 'jsonl', ...options }, out)
    out.end()
    return await read
  }

  it('has everything, oldest first', async () => {
    await place.write(2_300)
    await place.write(1, { realm: 'other' })
    const lines = (await exported()).trimEnd().split('\n')
    expect(lines).toHaveLength(2_300)
    const entries = lines.map((line) => JSON.parse(line) as { user: string; at: string })
    expect(entries.map(({ user }) => user)).toEqual(entries.map((_entry, i) => `user-${i + 1}`))
    const csv = (await exported({ format: 'csv' })).split('\r\n')
    expect(csv).toHaveLength(2_300 + 2)
    expect(csv[0]).toBe('seq,at,event,realm,user,actor,address,why,detail')
  })

  it('narrows by time, user and event', async () => {
    await place.write(10)
    await place.write(1, { event: 'code.sent', userId: 'bob' })
    const count = async (options: Parameters<typeof exported>[0]) =>
      (await exported(options)).split('\n').length - 1
    expect(await count({ from: NOW + 3_000, to: NOW + 5_000 })).toBe(2)
    expect(await count({ user: 'bob' })).toBe(1)
    expect(await count({ event: 'code.sent' })).toBe(1)
    expect(await count({ event: 'code.sent', user: 'user-1' })).toBe(0)
  })
})

it('reads days as midnight UTC, and times with their zone only', () => {
  expect(readTime('2026-01-31')).toBe(Date.UTC(2026, 0, 31))
  expect(readTime('2026-01-31T09:00:00+02:00')).toBe(Date.UTC(2026, 0, 31, 7))
  for (const text of ['2026-01-31T09:00:00', '31.1.2026', '2026-02-30', '']) {
    expect(() => readTime(text)).toThrow('must be like')
  }
})

it('reads an anchor as it is printed', () => {
  const mac = 'a-_9'.repeat(11).slice(0, 43)
  expect(readAnchor(`17:${mac}`)).toEqual({ seq: 17, mac })
  for (const text of ['17', `:${mac}`, `17:${mac}x`, `-1:${mac}`, '']) {
    expect(() => readAnchor(text)).toThrow('--anchor')
  }
})

it('tells each finding in a sentence', () => {
  const named = { seq: 4, id: 'id-4', at: '2026-01-31T09:00:00.000Z' }
  const report = auditReport({
    realm: 'demo',
    sealed: 9,
    unsealed: 0,
    unsealedSince: undefined,
    head: undefined,
    found: 120,
    findings: [
      { kind: 'changed', ...named },
      { kind: 'moved', from: 7, ...named },
      { kind: 'inserted', ...named },
      { kind: 'missing', seq: 5, to: 5 },
      { kind: 'missing', seq: 5, to: 9 },
      { kind: 'key', keyId: 'k1', seq: 3 },
      { kind: 'key', keyId: 'k1' },
      { kind: 'chain', problem: 'gone' },
      { kind: 'chain', problem: 'forged' },
      { kind: 'anchor', seq: 12, problem: 'beyond-end' },
    ],
  })
  expect(report).toMatchInlineSnapshot(`
    "The audit of the realm demo: 9 entries looked at.
      ✗  Entry 4 (id-4, 2026-01-31T09:00:00.000Z) was changed, or what stood right before it.
      ✗  Entry 4 (id-4, 2026-01-31T09:00:00.000Z) was moved: it was sealed as number 7.
      ✗  Entry 4 (id-4, 2026-01-31T09:00:00.000Z) was put in: no server gave it that number.
      ✗  Entry 5 is missing; what comes right after can't be checked.
      ✗  The entries 5 to 9 are missing; what comes right after can't be checked.
      ✗  Entries from 3 on are sealed under the key "k1", which LATCHKEY_ENCRYPTION_KEYS does not have.
      ✗  The end of the chain is sealed under the key "k1", which LATCHKEY_ENCRYPTION_KEYS does not have.
      ✗  The row that says where the chain begins and ends is gone.
      ✗  The row that says where the chain begins and ends was forged.
      ✗  The anchor 12 is not in the chain: the chain ends before it: the database was rolled back.
      ✗  and 110 more
    120 faults.
    "
  `)
})
