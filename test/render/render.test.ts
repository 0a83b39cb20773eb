import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { describe, expect, it } from 'vitest'
import { createRenderer } from '../../src/web/render/render.ts'
import type { FieldError, View } from '../../src/web/render/view.ts'
import { frame, longName, views } from './samples.ts'

const themesDir = join(import.meta.dirname, '../../themes')
const renderer = createRenderer({
  themesDir,
  theme: 'keycloak',
  missingText(key, locale) {
    throw new Error(`No text for "${key}" in ${locale}`)
  },
})
const page = (view: View, changes = {}): string => renderer.render(frame(changes), view)
const every = Object.entries(views).flatMap(([name, view]) =>
  renderer.locales.map((locale) => ({ name, view, locale })),
)

const urls = (html: string) =>
  [...html.matchAll(/<(?:link|script|img|iframe)[^>]*(?:href|src)="([^"]*)"/g)].map((match) => match[1])

describe.each(every)('$name in $locale', ({ view, locale }) => {
  const html = page(view, { locale })

  it('is a whole document in its language with every text in place', () => {
    expect(html).toMatch(new RegExp(`^<!doctype html>\n<html lang="${locale}" dir="ltr">`))
    const shown = html.replace(/data-message="[^"]*"/, '')
    expect(shown).not.toMatch(/\{\d\}|undefined|\[object/)
    expect(html).toMatch(/<h1>[^<]+<\/h1>/)
  })

  it('says what is wrong in the title and next to the field', () => {
    const wrong = 'error' in view
    expect(/<title>(Error|Fehler): /.test(html)).toBe(wrong)
    expect(html.includes('class="field-error"')).toBe(wrong)
    expect(/aria-invalid="true"[^>]*aria-describedby="(code|method|saved)-error/.test(html)).toBe(wrong)
  })

  it('has an empty live region', () => {
    expect(html).toMatch(/<div [^>]*role="status"><\/div>/)
  })

  it('R24 carries no script, style or handler of its own', () => {
    expect(html).not.toMatch(/<style|\sstyle=|\son[a-z]+=|javascript:|<script(?![^>]* src=)/i)
  })
})

describe('R11 a code that was not accepted', () => {
  it.each(['challenge-totp wrong', 'challenge-backup-codes wrong', 'enrol-totp wrong'])(
    '%s has one sentence',
    (name) => {
      expect(page(views[name]!)).toContain('This code was not accepted.')
    },
  )

  it('has no other word to be told apart by', () => {
    const errors: Record<FieldError, true> = {
      'code-missing': true,
      'code-wrong': true,
      'saved-missing': true,
      'method-missing': true,
    }
    const english = readFileSync(join(themesDir, 'keycloak/login/messages/messages_en.properties'), 'utf8')
    const named = [...english.matchAll(/error\.(\w+-(?:missing|wrong|late|used|expired))/g)].map(
      (match) => match[1],
    )
    expect(new Set(named)).toEqual(new Set(Object.keys(errors)))
  })

  it('is not submitted by itself a second time', () => {
    expect(page(views['challenge-totp']!)).toContain('data-submit-at="6"')
    expect(page(views['challenge-totp wrong']!)).not.toContain('data-submit-at')
  })
})

describe('R24 what users and realms may name', () => {
  const nasty = [
    `"><b>{{x}}`,
    `'"><script>alert(1)</script>`,
    '{{{constructor}}} {0} & co',
    '<img src=x onerror=y>',
  ]

  it.each(nasty)('%s comes out as text', (name) => {
    const html = page(
      { page: 'challenge-totp', action: '/a', device: name },
      { realmDisplayName: name, user: { username: name, restartUrl: '/restart' } },
    )
    expect(html).not.toContain(name)
    expect(html).not.toMatch(/<b>|<img|<script>/)
    const shown = html.match(/<bdi class="user-name">(.*?)<\/bdi>/)?.[1] ?? ''
    const entities: Record<string, string> = {
      lt: '<',
      gt: '>',
      quot: '"',
      '#x27': "'",
      amp: '&',
      '#x3D': '=',
    }
    expect(shown.replace(/&([^;]+);/g, (_match, entity: string) => entities[entity] ?? '?')).toBe(name)
  })

  it('only the QR code is put in as it is', () => {
    const folder = join(themesDir, 'keycloak/login/templates')
    const raw = readdirSync(folder).flatMap(
      (file) => readFileSync(join(folder, file), 'utf8').match(/\{\{\{.*?\}\}\}|\{\{&/g) ?? [],
    )
    expect(raw).toEqual(['{{{view.qr}}}'])
  })
})

describe('the locked page', () => {
  it('says how long the wait is, in words', () => {
    expect(page(views['locked']!)).toContain('Try again in 2 minutes.')
    expect(page(views['locked']!, { locale: 'de' })).toContain('Versuchen Sie es in 2 Minuten erneut.')
  })
})

describe('the names that tests from outside rely on', () => {
  it.each([
    [
      'challenge-totp',
      /<input [^>]*name="code"[^>]*inputmode="numeric" autocomplete="one-time-code" pattern="\[0-9\\s\\-\]\*"/s,
    ],
    ['challenge-backup-codes', /<input [^>]*name="code"[^>]*autocomplete="off" autocapitalize="characters"/s],
    ['enrol-totp', /id="secret"[^>]*>JBSW Y3DP EHPK/],
    ['enrol-totp', /<input [^>]*name="label"/],
    ['enrol-backup-codes', /<ul id="backup-codes"/],
    ['enrol-backup-codes', /<input type="checkbox" id="saved" name="saved"/],
    ['select-method', /name="method" value="totp" checked>/],
    ['select-method', /name="method" value="backup-codes">/],
  ])('%s has %s', (name, pattern) => {
    expect(page(views[name]!)).toMatch(pattern)
  })
})

describe('what a page asks for', () => {
  it('is one style sheet and one script, served below the base for as long as they stay as they are', () => {
    const { style, script } = renderer.assetUrls('/realms/demo')
    expect(urls(page(views['challenge-totp']!))).toEqual(['data:,', style, script])
    const path = style.replace('/realms/demo/resources/', '')
    expect(renderer.asset(path)).toMatchObject({ type: 'text/css; charset=utf-8', immutable: true })
    expect(renderer.asset('0123456789abcdef/style.css')?.immutable).toBe(false)
    expect(renderer.asset('0123456789abcdef/other.css')).toBeUndefined()
    expect(renderer.asset('../../package.json')).toBeUndefined()
  })

  it('weighs no more than 60 kB', () => {
    const { style, script } = renderer.assetUrls('')
    const files = [style, script].map((url) => renderer.asset(url.replace('/resources/', ''))!.gzip.length)
    const pages = Object.values(views).map(
      (view) => gzipSync(page(view, { realmDisplayName: longName })).length,
    )
    expect(files[0]! + files[1]! + Math.max(...pages)).toBeLessThanOrEqual(60_000)
  })

  it('has nothing from elsewhere in its style sheet', () => {
    const { style } = renderer.assetUrls('')
    const css = String(renderer.asset(style.replace('/resources/', ''))?.body)
    const ownRules = css.replace(/url\("data:[^"]*"\)/g, '')
    expect(ownRules.match(/url\(|@import/g)).toBeNull()
  })
})
