import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { getProperties } from 'properties-file'
import { describe, expect, it } from 'vitest'
import { registry } from '../../src/methods/index.ts'
import { formatMessage } from '../../src/web/render/messages.ts'
import { loadTheme } from '../../src/web/render/theme.ts'

const themesDir = join(import.meta.dirname, '../../themes')
const TYPES = ['login', 'account', 'email', 'admin'] as const
const source = (type: string, tag: string) =>
  readFileSync(join(themesDir, 'keycloak', type, 'messages', `messages_${tag}.properties`), 'utf8')
const bundle = (type: string, tag: string) => getProperties(source(type, tag))
const pairs = TYPES.flatMap((type) =>
  loadTheme(themesDir, 'keycloak', type).locales.map((tag) => [type, tag]),
)

/** The forms that a language has for numbers that count things. */
const formsOf = (tag: string) => [
  ...new Set([0, 1, 2, 5, 21, 100, 1_000_000].map((count) => new Intl.PluralRules(tag).select(count))),
]
const FORM = /\.(one|two|few|many|other)$/
const bare = (key: string) => key.replace(FORM, '')
const slots = (text = '') => [...new Set(text.match(/\{\d+\}/g))].toSorted()

it('offers the languages that Latchkey is written in', () => {
  const ten = ['en', 'de', 'fr', 'es', 'nl', 'pt', 'it', 'pl', 'ja', 'zh']
  for (const type of TYPES) expect(loadTheme(themesDir, 'keycloak', type).locales).toEqual(ten)
})

describe.each(pairs)('the texts of %s in %s', (type = '', tag = '') => {
  const english = bundle(type, 'en')
  const texts = bundle(type, tag)

  it('are as many as in English, with the plural forms of the language', () => {
    const plural = new Set(
      Object.keys(english)
        .filter((key) => key.endsWith('.other') && `${bare(key)}.one` in english)
        .map(bare),
    )
    const isForm = (key: string) => FORM.test(key) && plural.has(bare(key))
    const plain = (all: object) =>
      Object.keys(all)
        .filter((key) => !isForm(key))
        .toSorted()
    expect(plain(texts)).toEqual(plain(english))
    for (const key of plural) {
      for (const form of formsOf(tag)) expect(Object.keys(texts)).toContain(`${key}.${form}`)
    }
  })

  it('are each there once', () => {
    const keys = [...source(type, tag).matchAll(/^([^#=\n]+)=/gm)].map(([, key]) => key)
    expect(keys.filter((key, at) => keys.indexOf(key) !== at)).toEqual([])
  })

  it('are filled in with what the English ones are, and have no apostrophe that would quote', () => {
    for (const [key, text] of Object.entries(texts)) {
      const model = english[key] ?? english[`${bare(key)}.other`]
      // "1" may be left out where one is meant.
      if (FORM.test(key)) expect(slots(model), key).toEqual(expect.arrayContaining(slots(text)))
      else expect(slots(text), key).toEqual(slots(model))
      expect(text.replaceAll("''", '').replaceAll(/'\{\w*\}?'/g, ''), key).not.toContain("'")
      expect(formatMessage(text, [], tag).trim(), key).not.toBe('')
    }
  })

  it('are translated', () => {
    if (tag === 'en') return
    const same = Object.keys(texts).filter((key) => {
      const text = english[key] ?? ''
      return texts[key] === text && text.split(/[^\p{L}]+/u).filter((word) => word.length > 3).length > 3
    })
    expect(same).toEqual([])
  })
})

it('has a word for every method in mails', () => {
  for (const id of registry.keys()) expect(Object.keys(bundle('email', 'en'))).toContain(`method.${id}`)
})
