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
    const shown = html.replace(/data-(?:message|seconds)="[^"]*"/g, '')
    expect(shown).not.toMatch(/\{\d\}|undefined|\[object/)
    expect(html).toMatch(/<h1>[^<]+<\/h1>/)
  })

  it('says what is wrong in the title and next to the field', () => {
    const wrong = 'error' in view
    expect(html.includes(`<title>${renderer.text(locale, 'errorPrefix', [])} `)).toBe(
      wrong || 'sendError' in view,
    )
    expect(html.includes('class="field-error"')).toBe(wrong)
    expect(
      /(?:aria-invalid="true"|id="use-passkey")[^>]*aria-describedby="(code|method|saved|country|phone)-error/.test(
        html,
      ),
    ).toBe(wrong)
  })

  it('has an empty live region', () => {
    expect(html).toMatch(/<div [^>]*role="status"><\/div>/)
  })

  it('R24 carries no script, style or handler of its own', () => {
    expect(html).not.toMatch(/<style|\sstyle=|\son[a-z]+=|javascript:|<script(?![^>]* src=)/i)
  })
})

describe('R11 a code that was not accepted', () => {
  it.each(['challenge-totp wrong', 'sent-code wrong', 'challenge-backup-codes wrong', 'enrol-totp wrong'])(
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
      'phone-missing': true,
      'phone-malformed': true,
      'phone-too-short': true,
      'phone-too-long': true,
      'phone-not-mobile': true,
      'phone-country': true,
    }
    const english = readFileSync(join(themesDir, 'keycloak/login/messages/messages_en.properties'), 'utf8')
    const named = [...english.matchAll(/^(?:[\w-]+\.)?error\.([a-z]+(?:-[a-z]+)+)=/gm)].map(
      (match) => match[1],
    )
    expect(new Set(named)).toEqual(new Set(Object.keys(errors)))
  })

  it('is not submitted by itself a second time', () => {
    expect(page(views['challenge-totp']!)).toContain('data-submit-at="6"')
    expect(page(views['challenge-totp wrong']!)).not.toContain('data-submit-at')
    expect(page(views['sent-code']!)).toContain('data-submit-at="6"')
    expect(page(views['sent-code wrong']!)).not.toContain('data-submit-at')
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

  it.each(nasty)('%s comes out as text from a phone, a number and a country', (name) => {
    const sentCode = { ...views['sent-code']!, destination: name } as View
    const countries = [{ code: name, name, callingCode: name, current: true }]
    const enrolPhone = { ...views['enrol-phone']!, countries, phone: name } as View
    for (const view of [sentCode, enrolPhone]) {
      const html = page(view)
      expect(html).not.toContain(name)
      expect(html).not.toMatch(/<b>|<img|<script>/)
    }
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

describe('a code that was sent', () => {
  const isolated = '\u2066+49 ••• ••••• 23\u2069'

  it.each([
    ['en', `Enter the 6-digit code from the text message to ${isolated}.`],
    ['de', `Geben Sie den 6-stelligen Code aus der SMS an ${isolated} ein.`],
  ])('names in %s where it went, whatever the direction of the page', (locale, hint) => {
    expect(page(views['sent-code']!, { locale })).toContain(hint)
  })

  it('has a title for its purpose', () => {
    expect(page(views['sent-code']!)).toContain('<h1>Sign In</h1>')
    expect(page(views['sent-code enrol']!)).toContain('<h1>Confirm your phone number</h1>')
  })

  it.each([
    ['sent-code failed', 'Ask for a new one or try another way.'],
    [
      'sent-code failed for good',
      'Ask for a new one. If that fails as well, please tell your administrator.',
    ],
    ['sent-code limited', 'You can ask for a new code in 50 minutes.'],
    ['enrol-phone failed', 'Check the number and try again, or try another way.'],
    ['enrol-phone limited', 'You can ask for a new code in 4 minutes.'],
  ])('%s says what to do', (name, advice) => {
    const alert = page(views[name]!).match(
      /<div class="alert alert-danger" id="send-error">.*?<\/form>/s,
    )?.[0]
    expect(alert).toContain(advice)
  })

  it('has the fault of sending told with the field that takes the focus', () => {
    expect(page(views['sent-code failed']!)).toContain('aria-describedby="send-error code-hint"')
    expect(page(views['enrol-phone failed']!)).toContain('aria-describedby="send-error phone-hint" autofocus')
    expect(page(views['sent-code wrong and failed']!)).toContain('aria-describedby="code-error code-hint"')
  })
})

describe('the page for a phone number', () => {
  it('says why the number is needed', () => {
    expect(page(views['enrol-phone']!)).toContain('You need to set up a phone number to sign in.')
    expect(page(views['enrol-phone optional']!)).not.toContain('You need to')
  })

  it('keeps what was typed', () => {
    expect(page(views['enrol-phone phone-too-short']!)).toMatch(/name="phone" value="0151 23"/)
  })

  it('puts a country that is not served next to the country, all else next to the number', () => {
    const country = page(views['enrol-phone phone-country']!)
    expect(country).toMatch(/<select [^>]*aria-describedby="country-error" autofocus>/)
    expect(country).not.toContain('phone-error')
    const phone = page(views['enrol-phone phone-not-mobile']!)
    expect(phone).toMatch(/<input [^>]*aria-describedby="phone-error phone-hint" autofocus/)
    expect(phone).not.toContain('country-error')
  })

  it('chooses no country by itself', () => {
    expect(page(views['enrol-phone everywhere']!)).not.toContain('selected')
  })
})

describe('a text for what is not a page', () => {
  it.each([
    ['en', "012345 is your code for R&D. Don't share it."],
    ['de', '012345 ist Ihr Code für R&D. Geben Sie ihn nicht weiter.'],
    ['tlh', "012345 is your code for R&D. Don't share it."],
  ])('is filled in, in %s, and not escaped', (locale, text) => {
    expect(renderer.text(locale, 'sms.text', ['012345', 'R&D'])).toBe(text)
  })

  it('is noticed where it is missing', () => {
    expect(() => renderer.text('de', 'sms.other', [])).toThrow('No text for "sms.other" in de')
  })

  it.each(['ja', 'zh'])('in %s fits into one message of 70 characters', (locale) => {
    expect(renderer.text(locale, 'sms.text', ['01234567', 'A company of 20 lett']).length).toBeLessThan(70)
  })

  it.each(renderer.locales.filter((locale) => !['ja', 'zh'].includes(locale)))(
    'in %s is sent in the alphabet of GSM 03.38, 160 characters to a message',
    (locale) => {
      expect(renderer.text(locale, 'sms.text', ['012345', 'Demo'])).toMatch(
        /^[@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !"#¤%&'()*+,\-./0-9:;<=>?¡A-ZÄÖÑÜ§¿a-zäöñüà]+$/,
      )
    },
  )
})

describe('the names that tests from outside rely on', () => {
  it.each([
    [
      'challenge-totp',
      /<input [^>]*name="code"[^>]*inputmode="numeric" autocomplete="one-time-code" pattern="\[0-9\\s\\-\]\*"/s,
    ],
    [
      'sent-code',
      /<input [^>]*name="code"[^>]*inputmode="numeric" autocomplete="one-time-code" pattern="\[0-9\\s\\-\]\*"/s,
    ],
    ['sent-code', /<form [^>]*action="\/realms\/demo\/step\/1\/resend" method="post">/],
    ['sent-code', /<button [^>]*type="submit" id="resend"/],
    ['sent-code enrol', /<a [^>]*id="change-number" href="\/realms\/demo\/step\/1\/phone"/],
    ['enrol-phone', /<select [^>]*name="country" autocomplete="country"/],
    ['enrol-phone', /<option value="DE" selected>Germany \(\u2066\+49\u2069\)<\/option>/],
    ['enrol-phone', /<input [^>]*type="tel" id="phone" name="phone"[^>]*autocomplete="tel"/],
    ['challenge-backup-codes', /<input [^>]*name="code"[^>]*autocomplete="off" autocapitalize="characters"/s],
    ['enrol-totp', /id="secret"[^>]*>JBSW Y3DP EHPK/],
    ['enrol-totp', /<input [^>]*name="label"/],
    ['enrol-backup-codes', /<ul id="backup-codes"/],
    ['enrol-backup-codes', /<input type="checkbox" id="saved" name="saved"/],
    ['select-method', /name="method" value="totp" checked>/],
    ['select-method', /name="method" value="sms">/],
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
