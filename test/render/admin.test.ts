import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { getProperties } from 'properties-file'
import { describe, expect, it } from 'vitest'
import { explain } from '../../src/core/policy/explain.ts'
import type { Because } from '../../src/core/policy/policy.ts'
import { realmSettings } from '../../src/core/settings.ts'
import { PROBLEMS } from '../../src/web/api/problem.ts'
import { event } from '../../src/web/api/audit-schemas.ts'
import { specsOf } from '../../src/web/admin/fields.ts'
import { sentenceOf } from '../../src/web/admin/sentence.ts'
import { DONE } from '../../src/web/render/admin-parts.ts'
import { createAdminRenderer } from '../../src/web/render/admin.ts'
import { registry } from '../../src/methods/index.ts'
import { adminFrame, adminViews, rogue } from './admin-samples.ts'

const themesDir = join(import.meta.dirname, '../../themes')
const missing: string[] = []
const renderer = createAdminRenderer({
  themesDir,
  theme: 'keycloak',
  missingText: (key, locale) => {
    missing.push(`${locale}: ${key}`)
    return key
  },
})
const bundle = (type: string, locale: string) =>
  getProperties(
    readFileSync(join(themesDir, 'keycloak', type, 'messages', `messages_${locale}.properties`), 'utf8'),
  )
const [english, german] = ['en', 'de'].map((locale) => bundle('admin', locale))
const names = Object.keys(adminViews)
const root = join(import.meta.dirname, '../..')
const filesIn = (folder: string) =>
  readdirSync(join(root, folder)).map((file) => readFileSync(join(root, folder, file), 'utf8'))

const render = (name: string, locale = 'en') => {
  const view = adminViews[name]
  if (view === undefined) throw new Error(name)
  return renderer.render(adminFrame({ locale }), view)
}

describe('the texts of the pages', () => {
  it('have the same keys and placeholders in both languages', () => {
    const shape = (texts: Record<string, string> = {}) =>
      Object.fromEntries(
        Object.entries(texts).map(([key, text]) => [key, [...new Set(text.match(/\{\w+\}/g))].toSorted()]),
      )
    expect(shape(german)).toEqual(shape(english))
  })

  it.each(renderer.locales)('are there for every page, in %s', (locale) => {
    for (const name of names) render(name, locale)
    expect(missing).toEqual([])
  })

  it('are there for every word of ours that a page may say', () => {
    const needed = [
      ...DONE.map((done) => `done.${done}`),
      ...event.options.map((one) => `event.${one}`),
      ...[...registry.keys()].map((id) => `method.${id}`),
      ...Object.keys(realmSettings.shape).flatMap((name) => [`setting.${name}`, `setting.${name}.help`]),
      ...['enforcement', 'methods', 'priority', 'grace'].flatMap((name) => [
        `rule.${name}`,
        `rule.${name}.help`,
      ]),
    ]
    expect(needed.filter((key) => !(key in (english ?? {})))).toEqual([])
    const refusals = Object.keys(english ?? {}).flatMap((key) => /^refused\.([\w-]+)$/.exec(key)?.[1] ?? [])
    const known = [...Object.keys(PROBLEMS), 'title', 'home']
    expect(refusals.filter((code) => !known.includes(code))).toEqual([])
  })

  it('are all used', () => {
    const sources = [...filesIn('themes/keycloak/admin/templates'), ...filesIn('src/web/admin')].join('\n')
    /** Those whose ends are words of the API, of settings or of the core. */
    const open =
      /^(setting|rule|event|done|method|status|enforcement|refused|unit|choice|actor|section|whatIf|sync|confirm|preview|overview|grace|nist|new-user|passkey|secret|test|chart)\.|^settings\.group\.|^users\.filter\.|^rules\.from\.|^user\.(next|mayNot)\./
    const closed = Object.keys(english ?? {}).filter((key) => !open.test(key))
    const bare = (key: string) => key.replace(/\.(one|other|zero)$/, '')
    const titles = new Set(names.map((name) => `${adminViews[name]?.page}.title`))
    expect(closed.filter((key) => !titles.has(key) && !sources.includes(bare(key)))).toEqual([])
  })
})

describe('the pages', () => {
  it.each(names)('%s is a whole document, without script or style inside, that names itself', (name) => {
    const html = render(name)
    expect(html).toMatch(/^<!doctype html>\n<html lang="en" dir="ltr">/)
    expect(html.match(/<h1>/g)).toHaveLength(1)
    expect(html).toMatch(/<title>(Error: )?[^<]+ - demo<\/title>/)
    expect(html).not.toMatch(/ style="| on\w+="|<style|<script>|undefined|\[object/)
    expect(html).not.toContain('{{msg')
    const ids = [...html.matchAll(/ id="([^"]+)"/g)].map(([, id]) => id)
    expect(new Set(ids).size, ids.join(' ')).toBe(ids.length)
    for (const [, described = ''] of html.matchAll(/ aria-(?:describedby|labelledby)="([^"]*)"/g)) {
      for (const id of described.split(' ')) expect(ids).toContain(id)
    }
  })

  it.each(names)('%s writes what people chose as text (R24)', (name) => {
    expect(render(name)).not.toContain('<img')
    expect(render(name)).not.toContain('49 ')
    if (JSON.stringify(adminViews[name]).includes('{{7*7}}')) expect(render(name)).toContain('{{7*7}}')
    expect(rogue).toContain('<img')
  })

  it('of forms with something wrong say so in the title, next to the field, and put the focus there', () => {
    const html = render('settings wrong')
    expect(html).toContain('<title>Error: ')
    expect(html.match(/ autofocus/g)).toHaveLength(1)
    expect(html).toMatch(
      /name="maxFailures"[^>]*aria-invalid="true"[^>]*aria-describedby="[^"]*field-maxFailures-error"/,
    )
    expect(html).toContain('<p class="field-error" id="field-maxFailures-error">')
  })

  it('are written from right to left where the language is', () => {
    expect(renderer.render(adminFrame({ locale: 'ar' }), adminViews['users'] as never)).toContain('dir="rtl"')
  })
})

describe('the sentence that says why', () => {
  const say = (key: string, ...args: (string | number)[]) => renderer.text('en', key, args)
  const term = (prefix: string, id: string) => renderer.text('en', `${prefix}.${id}`, [])
  const byRule = { rule: 'group', groupId: 'g', path: "/fin'ance {0}" } as const
  const reasons: Because[] = [
    { rule: 'role', role: 'tfa-admin' },
    { rule: 'override', instead: { enforcement: 'optional', because: { rule: 'realm' } } },
    byRule,
    { ...byRule, grace: 1_800_000_000_000 },
    { rule: 'realm', grace: 1_800_000_000_000 },
    { rule: 'level', level: 2 },
    { rule: 'purpose', purpose: 'manage' },
  ]

  /** The API writes times as ISO 8601 has them. */
  const asAnswered = (because: Because) =>
    JSON.parse(
      JSON.stringify(because, (name, value: unknown) =>
        name === 'grace' ? new Date(value as number).toISOString() : value,
      ),
    ) as Parameters<typeof sentenceOf>[1]['because']

  it.each(reasons)('is in English that of the API and the audit: $rule', (because) => {
    const shown = sentenceOf({ say, term }, { enforcement: 'required', because: asAnswered(because) })
    expect(shown).toBe(explain('required', because))
  })
})

it('knows how to ask for every setting and every part of a rule', () => {
  const specs = specsOf(realmSettings.shape)
  expect(specs.map(({ name }) => name)).toEqual(Object.keys(realmSettings.shape))
})
