import { describe, expect, it } from 'vitest'
import { directionOf, formatMessage, inWords, pluralKey } from '../../src/web/render/messages.ts'

describe('a message pattern', () => {
  it.each([
    ['Sign in to {0}', ['Demo'], 'Sign in to Demo'],
    ["You can''t", [], "You can't"],
    ["''{0}''", ['x'], "'x'"],
    ["literal '{0}' and {0}", ['x'], 'literal {0} and x'],
    ['{1} before {0}', ['a', 'b'], 'b before a'],
    ['{0} twice: {0}', ['a'], 'a twice: a'],
    ['nothing for {0}', [], 'nothing for {0}'],
    ['not a number: {name} {', ['x'], 'not a number: {name} {'],
    ["an open quote ' stays {0}", ['x'], 'an open quote  stays {0}'],
  ])('%s', (pattern, args, expected) => {
    expect(formatMessage(pattern, args, 'en')).toBe(expected)
  })

  it('writes numbers as the locale does', () => {
    expect(formatMessage('{0}', [1234], 'en')).toBe('1,234')
    expect(formatMessage('{0}', [1234], 'de')).toBe('1.234')
  })

  it('does not read a placeholder in what it was given', () => {
    expect(formatMessage('{0} {1}', ['{1}', "''"], 'en')).toBe("{1} ''")
  })
})

describe('a plural', () => {
  const texts = new Map([
    ['left.zero', ''],
    ['left.one', ''],
    ['left.other', ''],
    ['few.few', ''],
    ['few.other', ''],
    ['plain', ''],
  ])

  it.each([
    ['left', 0, 'en', 'left.zero'],
    ['left', 1, 'en', 'left.one'],
    ['left', 2, 'en', 'left.other'],
    ['few', 2, 'pl', 'few.few'],
    ['few', 5, 'pl', 'few.other'],
    ['plain', 5, 'en', 'plain'],
    ['left', 'a word', 'en', 'left'],
  ])('%s of %s in %s is %s', (key, count, locale, expected) => {
    expect(pluralKey(texts, key, count, locale)).toBe(expected)
  })
})

describe('a wait', () => {
  it.each([
    [0, 'in 1 second'],
    [45, 'in 45 seconds'],
    [91, 'in 2 minutes'],
    [120, 'in 2 minutes'],
    [121, 'in 3 minutes'],
    [7200, 'in 2 hours'],
    [200_000, 'in 3 days'],
  ])('of %s seconds is said as "%s"', (seconds, words) => {
    expect(inWords(seconds, 'en')).toBe(words)
  })

  it('is said in the language of the page', () => {
    expect(inWords(120, 'de')).toBe('in 2 Minuten')
    expect(inWords(200_000, 'de')).toBe('in 3 Tagen')
  })
})

it('knows which languages are written from right to left', () => {
  expect(['ar', 'he-IL', 'de', 'en'].map(directionOf)).toEqual(['rtl', 'rtl', 'ltr', 'ltr'])
})
