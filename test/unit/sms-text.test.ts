import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { fillSmsText, smsTexts } from '../../src/core/login/sms-text.ts'

const reasons = (text: string) =>
  smsTexts.safeParse({ en: text }).error?.issues.map(({ message }) => message) ?? []
const values = { code: '123456', realm: 'Demo', minutes: 5 }

const ONCE = 'must have {code} once'
const LINE = 'must be one line without control characters'
const BRACES = 'must have no braces but those of {code}, {realm} and {minutes}'
const SITE = 'must not bind the code to a site: @host # is added by itself'

describe('a text of an administrator', () => {
  it.each([
    '{code}',
    '{code} is your code for {realm}, good for {minutes} minutes. {realm}!',
    'الرمز {code} لـ {realm}',
    'コード: {code} 🔑',
    'Ask help@example.com. Code #{code}',
  ])('is taken: %j', (text) => expect(reasons(text)).toEqual([]))

  it.each([
    ['', [ONCE]],
    ['Your code', [ONCE]],
    ['{code} {code}', [ONCE]],
    ['{Code}', [ONCE, BRACES]],
    ['{code} {name}', [BRACES]],
    ['{code} {{realm}}', [BRACES]],
    ['{code} {0}', [BRACES]],
    ['{code} }', [BRACES]],
    ['{code}\n', [LINE]],
    ['{code}\r\n@evil.example #{code}', [LINE, ONCE, SITE]],
    ['{code}\u2028x', [LINE]],
    ['{code}\u2029x', [LINE]],
    ['{code}\u0085x', [LINE]],
    ['{code}\tx', [LINE]],
    ['{code}\u0000', [LINE]],
    ['{code}\u001B[31m', [LINE]],
    ['@evil.example #{code}', [SITE]],
    ['Hello @evil.example  #{code}', [SITE]],
  ])('is refused with the reason: %j', (text, expected) => expect(reasons(text)).toEqual(expected))

  it('belongs to a language tag, and there are not endlessly many', () => {
    for (const tag of ['en', 'pt-BR', 'zh-Hans', 'zh-Hans-CN', 'es-419', 'gsw']) {
      expect(smsTexts.safeParse({ [tag]: '{code}' }).success, tag).toBe(true)
    }
    for (const tag of ['', 'e', 'EN', 'en_US', 'en-us', 'english', 'constructor', 'en-']) {
      expect(smsTexts.safeParse({ [tag]: '{code}' }).error?.issues[0]?.message, tag).toBe(
        'must be a language tag such as de or pt-BR',
      )
    }
    const many = (count: number) =>
      Object.fromEntries(
        Array.from({ length: count }, (_, i) => [`en-${String(i).padStart(3, '0')}`, '{code}']),
      )
    expect(smsTexts.safeParse(many(50)).success).toBe(true)
    expect(smsTexts.safeParse(many(51)).error?.issues[0]?.message).toBe('must have at most 50 languages')
  })
})

describe('a text that is filled in', () => {
  const texts = { en: 'E {code}', de: 'D {code}', 'de-AT': 'A {code}', pt: 'P {code}' }

  it.each<[string[], string | undefined]>([
    [['de-AT', 'en'], 'A 123456'],
    [['de-CH', 'en'], 'D 123456'],
    [['pt-BR', 'en'], 'P 123456'],
    [['fr', 'en'], 'E 123456'],
    [['fr-CA', 'en-GB'], 'E 123456'],
    [['fr', 'ja'], undefined],
    [['constructor'], undefined],
    [[], undefined],
  ])('is of the first language that has one: %j', (languages, expected) =>
    expect(fillSmsText(texts, [undefined, ...languages], values)).toBe(expected),
  )

  it('has every placeholder, as often as it stands there', () => {
    expect(fillSmsText({ en: '{minutes} {realm} {code} {realm}' }, ['en'], values)).toBe('5 Demo 123456 Demo')
  })

  it('takes a realm name as it is: nothing in it is a placeholder', () => {
    fc.assert(
      fc.property(fc.oneof(fc.string(), fc.constantFrom('{code}', '$&', '$1', '{realm}')), (realm) => {
        expect(fillSmsText({ en: '{code}|{realm}|' }, ['en'], { ...values, realm })).toBe(`123456|${realm}|`)
      }),
    )
  })
})
