import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { printable } from '../../src/web/log.ts'

describe('a line of the log', () => {
  it('says the same, and has no character that a terminal or a reader of lines acts on (R23)', () => {
    const text = fc.oneof(
      fc.string({ unit: 'binary' }),
      fc.constantFrom(
        '\u001b[31m',
        '\u009b31m',
        '\u2028',
        '\u2029',
        '\u202eabc',
        '\u2066x',
        '\r\n{"level":50}',
        '\x7f',
      ),
    )
    fc.assert(
      fc.property(text, (why) => {
        const line = `${JSON.stringify({ why })}\n`
        const written = printable(line)
        expect(JSON.parse(written)).toEqual({ why })
        expect(written.slice(0, -1)).not.toMatch(
          /[\p{Cc}\u2028\u2029\u200e\u200f\u202a-\u202e\u2066-\u2069]/u,
        )
      }),
    )
  })
})
