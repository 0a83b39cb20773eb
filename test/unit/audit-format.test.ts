import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { AUDIT_FORMATS } from '../../src/core/audit/audit-format.ts'
import type { KeptEntry } from '../../src/core/audit/audit.ts'

const ENTRY: KeptEntry = {
  id: 'id-1',
  seq: 7,
  event: 'decision.needed',
  realm: 'demo',
  userId: 'bob',
  actor: 'bob',
  address: '192.0.2.7',
  at: Date.UTC(2026, 0, 31, 9, 30, 0, 5),
  detail: { enforcement: 'required', because: { rule: 'group', groupId: 'g', path: '/finance' } },
}
const { csv, jsonl } = AUDIT_FORMATS

/** The fields of a CSV text, RFC 4180. */
function parse(text: string): string[][] {
  const rows: string[][] = []
  let row: string[] = []
  for (const [, quoted, plain = '', end] of text.matchAll(/(?:"((?:[^"]|"")*)"|([^",\r\n]*))(,|\r\n)/g)) {
    row.push(quoted?.replaceAll('""', '"') ?? plain)
    if (end === '\r\n') {
      rows.push(row)
      row = []
    }
  }
  return rows
}

/** Without the marks that keep a text from being a formula. */
const unmarked = (text: string) => text.replaceAll(/(^|[;\t\r\n])'(?=[=+\-@＝＋－＠\t\r\n])/g, '$1')

describe('the audit as CSV', () => {
  it('begins with a header and ends each line with CR LF', () => {
    expect(csv.header).toBe('seq,at,event,realm,user,actor,address,why,detail\r\n')
    expect(csv.line(ENTRY)).toBe(
      '7,2026-01-31T09:30:00.005Z,decision.needed,demo,bob,bob,192.0.2.7,"Required, because of the rule for the group /finance","{""enforcement"":""required"",""because"":{""rule"":""group"",""groupId"":""g"",""path"":""/finance""}}"\r\n',
    )
  })

  it('leaves empty what there is not', () => {
    const { address: _, ...entry } = ENTRY
    expect(csv.line({ ...entry, seq: undefined, detail: {} })).toBe(
      ',2026-01-31T09:30:00.005Z,decision.needed,demo,bob,bob,,,{}\r\n',
    )
  })

  it.each(['=1+1', '+1', '-1', '@sum(1)', '\tx', '\rx', '\nx', '＝1', '=cmd|" /c calc"!A1', '=a,b'])(
    'is no formula for a spreadsheet where a field begins like one: %j',
    (userId) => {
      expect(parse(csv.line({ ...ENTRY, userId }))[0]![4]).toBe(`'${userId}`)
    },
  )

  it.each([
    ['a;=cmd|calc', "a;'=cmd|calc"],
    ['a\t+1', "a\t'+1"],
    ['\t=1', "'\t'=1"],
    ['\n=1', "'\n'=1"],
    ['a\r\n@x', "a\r\n'@x"],
    ['=1;-2', "'=1;'-2"],
  ])('is none either where a spreadsheet parts cells by something else than commas: %j', (userId, safe) => {
    const detail = { name: userId }
    const line = csv.line({ ...ENTRY, userId, detail })
    const [row] = parse(line)
    expect(row![4]).toBe(safe)
    expect(line).not.toMatch(/[;\t\n][=+\-@]/)
    expect(JSON.parse(row![8]!)).toEqual(detail)
  })

  it.each(['a=1', "'=1", 'O"Hara', 'a,b', 'a\r\nb', ' x ', ''])(
    'keeps every other text as it is: %j',
    (userId) => {
      expect(parse(csv.line({ ...ENTRY, userId }))[0]![4]).toBe(userId)
    },
  )

  it('is one line of nine fields whatever an entry says', () => {
    const text = fc.string({ unit: 'binary' })
    fc.assert(
      fc.property(text, text, text, fc.dictionary(text, fc.jsonValue()), (userId, actor, address, detail) => {
        const rows = parse(csv.header + csv.line({ ...ENTRY, userId, actor, address, detail }))
        expect(rows.map((row) => row.length)).toEqual([9, 9])
        const [, row] = rows
        for (const [i, value] of [userId, actor, address].entries()) {
          expect(unmarked(row![4 + i]!)).toBe(unmarked(value))
          expect(row![4 + i]).not.toMatch(/[;\t\r\n][=+\-@]/)
          expect(row![4 + i]).not.toMatch(/^[=+\-@\t\r]/)
        }
        expect(JSON.parse(row![8]!)).toEqual(JSON.parse(JSON.stringify(detail)))
      }),
    )
  })
})

describe('the audit as JSON lines', () => {
  it('is one object a line', () => {
    const line = jsonl.line({ ...ENTRY, userId: 'a\nb' })
    expect(line.indexOf('\n')).toBe(line.length - 1)
    expect(JSON.parse(line)).toEqual({
      seq: 7,
      at: '2026-01-31T09:30:00.005Z',
      event: 'decision.needed',
      realm: 'demo',
      user: 'a\nb',
      actor: 'bob',
      address: '192.0.2.7',
      why: 'Required, because of the rule for the group /finance',
      detail: ENTRY.detail,
    })
    expect(jsonl.header).toBe('')
  })

  it('has null for what there is not', () => {
    const { address: _, ...entry } = ENTRY
    expect(JSON.parse(jsonl.line({ ...entry, seq: undefined, detail: {} }))).toMatchObject({
      seq: null,
      address: null,
      why: null,
    })
  })
})

describe('why', () => {
  const whyOf = (detail: Record<string, unknown>): unknown =>
    (JSON.parse(jsonl.line({ ...ENTRY, detail })) as { why: unknown }).why

  it('is the sentence of a decision', () => {
    expect(whyOf({ enforcement: 'optional', because: { rule: 'realm' } })).toBe(
      "Optional, because it is the realm's default",
    )
    expect(
      whyOf({ enforcement: 'required', because: { rule: 'role', role: 'tfa-admin' }, do: 'enrol' }),
    ).toBe('Required, because the role tfa-admin always needs a second factor')
  })

  it.each([
    { because: { rule: 'realm' } },
    { enforcement: 'required' },
    { enforcement: 'maybe', because: { rule: 'realm' } },
    { enforcement: 'required', because: { rule: 'moon' } },
    { enforcement: 'required', because: { rule: 'group' } },
    { enforcement: 'required', because: { rule: 'realm', grace: 1e300 } },
    { enforcement: 'required', because: 'realm' },
    { enforcement: null, because: null },
    {},
  ])('is nothing where a detail of another age says %j', (detail) => {
    expect(whyOf(detail)).toBeNull()
  })
})

it('shows a time that was spoilt as it stands', () => {
  for (const at of [8.64e15 + 1, Number.NaN]) {
    expect(JSON.parse(jsonl.line({ ...ENTRY, at }))).toMatchObject({ at: String(at) })
  }
})
