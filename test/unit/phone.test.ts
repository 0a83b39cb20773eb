import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { findPhone, maskPhone, readPhone } from '../../src/core/login/phone.ts'

const ALLOWED = ['NL', 'DE', 'GB', 'US']
const read = (country: string, phone: string, allowed = ALLOWED) => readPhone({ country, phone }, allowed)

describe('a number that somebody looks for', () => {
  it.each([
    [undefined, '+31612345678'],
    [undefined, ' +31 6 1234 5678 '],
    [undefined, '+31 (0)6 12 34 56 78'],
    [undefined, '(+31) 6 12345678'],
    ['NL', '(+31) 6 12345678'],
    [undefined, '0031612345678'],
    [undefined, '0031-6-1234.5678'],
    ['NL', '06 12345678'],
    ['NL', '06‑12345678'],
    ['US', '0031 6 12345678'],
    ['US', '011 31 6 12345678'],
  ])('with %s for the realm’s country, %j, is one in any usual way of writing it (S4)', (country, text) => {
    expect(findPhone(text, country)).toBe('+31612345678')
  })

  it('may be one that no code goes to', () => {
    expect(findPhone('020 624 1111', 'NL')).toBe('+31206241111')
  })

  it.each([
    [undefined, '06 12345678'],
    [undefined, '+31 6 1234'],
    ['NL', '1234'],
    ['NL', 'ann'],
    ['NL', ''],
    ['NL', 'call 06 12345678'],
    ['NL', '06 12345678 or ann'],
    ['NL', '2026-11-24'],
  ])('with %s, is not %j', (country, text) => {
    expect(findPhone(text, country)).toBeUndefined()
  })
})

describe('a typed number', () => {
  it.each([
    ['NL', '0612345678', '+31612345678'],
    ['NL', '06 1234 5678', '+31612345678'],
    ['NL', '06-12 34.56/78', '+31612345678'],
    ['NL', '(06) 12345678', '+31612345678'],
    ['NL', '612345678', '+31612345678'],
    ['NL', '+31 6 12345678', '+31612345678'],
    ['NL', '+31 (0)6 12345678', '+31612345678'],
    ['NL', '0031612345678', '+31612345678'],
    ['NL', '٠٦١٢٣٤٥٦٧٨', '+31612345678'],
    ['DE', '0151 23456789', '+4915123456789'],
    ['GB', '07400 123456', '+447400123456'],
    ['US', '(201) 555-0123', '+12015550123'],
  ])('of %s, %j, is %s', (country, phone, e164) => {
    expect(read(country, phone)).toEqual({ ok: true, phone: e164 })
  })

  it.each([
    ['NL', '+49 151 23456789', '+4915123456789'],
    ['US', '+31612345678', '+31612345678'],
    ['FR', '+31612345678', '+31612345678'],
    ['', '+31612345678', '+31612345678'],
  ])('counts as of its own country code, whatever was selected: %j %j', (country, phone, e164) => {
    expect(read(country, phone)).toEqual({ ok: true, phone: e164 })
  })

  it.each([
    ['phone-missing', 'NL', ''],
    ['phone-missing', 'NL', ' \t '],
    ['phone-malformed', 'NL', 'abc'],
    ['phone-malformed', 'NL', '06 FLOWERS'],
    ['phone-malformed', 'NL', 'my number is 0612345678'],
    ['phone-malformed', 'NL', 'tel:+31612345678'],
    ['phone-malformed', 'NL', '+31612345678;phone-context=evil.example'],
    ['phone-malformed', 'GB', '07700 900123'],
    ['phone-too-short', 'NL', '06'],
    ['phone-too-short', 'NL', '06123'],
    ['phone-too-short', 'NL', '061234567'],
    ['phone-too-short', 'NL', '+31 6 1234567'],
    ['phone-too-short', 'US', '201 555'],
    ['phone-too-long', 'NL', '06123456789'],
    ['phone-too-long', 'NL', '06123456789012345678'],
    ['phone-too-long', 'NL', '9'.repeat(300)],
    ['phone-too-long', 'DE', '0151123456789012'],
    ['phone-not-mobile', 'NL', '020 123 4567'],
    ['phone-not-mobile', 'NL', '0800 1234'],
    ['phone-not-mobile', 'NL', '0900 1234'],
    ['phone-not-mobile', 'DE', '030 12345678'],
    ['phone-not-mobile', 'GB', '020 7946 0958'],
    ['phone-not-mobile', 'US', '800 555 0123'],
    ['phone-country', 'NL', '+33 6 12 34 56 78'],
    ['phone-country', 'FR', '06 12 34 56 78'],
    ['phone-country', 'US', '+1 416 555 0123'],
    ['phone-country', 'GB', '+44 7624 123456'],
    ['phone-country', 'NL', '+800 1234 5678'],
    ['phone-country', '', '0612345678'],
    ['phone-country', 'XX', '0612345678'],
    ['phone-country', 'nl', '0612345678'],
  ])('is refused as %s: %s %j', (error, country, phone) => {
    expect(read(country, phone)).toEqual({ ok: false, error })
  })

  it('is of no country where none is allowed (R10)', () => {
    expect(read('NL', '0612345678', [])).toEqual({ ok: false, error: 'phone-country' })
    expect(read('', '+31612345678', [])).toEqual({ ok: false, error: 'phone-country' })
  })

  it('is E.164 or an error, whatever was typed, and never throws', () => {
    const digits = fc.string({ unit: fc.constantFrom(...'0123456789+-() .x;'.split('')), maxLength: 30 })
    const country = fc.oneof(
      fc.constantFrom('NL', 'DE', 'GB', 'US', 'FR', '', 'XX', '001'),
      fc.string({ maxLength: 4 }),
    )
    fc.assert(
      fc.property(country, fc.oneof(digits, fc.string({ unit: 'binary' })), (selected, phone) => {
        const result = read(selected, phone)
        if (!result.ok) return /^phone-[a-z-]+$/.test(result.error)
        return /^\+(?:31|49|44|1)\d{9,11}$/.test(result.phone) && read('', result.phone).ok
      }),
      { numRuns: 1_000 },
    )
  })
})

describe('a masked number', () => {
  it.each([
    ['+31612345678', '+31 ••• ••78'],
    ['+4915123456789', '+49 ••• ••89'],
    ['+12015550123', '+1 ••• ••23'],
  ])('shows the country code and the last two digits only: %s (R23)', (phone, masked) => {
    expect(maskPhone(phone)).toBe(masked)
  })
})
