import { cpSync, mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import fc from 'fast-check'
import { getProperties } from 'properties-file'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { NoticeKind, Outgoing } from '../../src/core/notices/outbox.ts'
import { createAccountRenderer } from '../../src/web/render/account.ts'
import { createAdminRenderer } from '../../src/web/render/admin.ts'
import { createListingWriter } from '../../src/web/render/listing.ts'
import { createMailWriter } from '../../src/web/render/mail.ts'
import { createRenderer } from '../../src/web/render/render.ts'
import { accountViews } from './account-samples.ts'
import { adminFrame, adminViews } from './admin-samples.ts'
import { frame, views } from './samples.ts'

const shipped = join(import.meta.dirname, '../../themes')
const TYPES = ['login', 'account', 'admin', 'email'] as const
let themes = ''
beforeAll(() => {
  themes = mkdtempSync(join(tmpdir(), 'latchkey-themes-'))
  cpSync(shipped, themes, { recursive: true })
})
afterAll(() => rmSync(themes, { recursive: true }))

/** Any text as Java writes it in a bundle. */
const escaped = (text: string) =>
  text.replaceAll(/[^A-Za-z0-9]/g, (one) => `\\u${one.charCodeAt(0).toString(16).padStart(4, '0')}`)

const keysOf = (type: string) => {
  const folder = join(shipped, 'keycloak', type, 'messages')
  const files = readdirSync(folder).filter((file) => file.endsWith('_en.properties'))
  return files.flatMap((file) => Object.keys(getProperties(readFileSync(join(folder, file), 'utf8'))))
}
const KEYS = new Map(TYPES.map((type) => [type, keysOf(type)]))

/** Lays a theme over the shipped one that says nothing but these, in turns from the first or a later one on. */
function sayEverywhere(said: string[], from = 0): void {
  let next = from
  for (const type of TYPES) {
    const folder = join(themes, 'any', type)
    mkdirSync(join(folder, 'messages'), { recursive: true })
    writeFileSync(join(folder, 'theme.properties'), 'parent=keycloak\n')
    const lines = (KEYS.get(type) ?? []).map((key) => `${key}=${escaped(said[next++ % said.length]!)}`)
    writeFileSync(join(folder, 'messages/messages_en.properties'), lines.join('\n'))
  }
}

const KINDS: NoticeKind[] = ['locked', 'method-added', 'bypass-given', 'set-up-due']
const outgoing = (kind: NoticeKind): Outgoing => ({
  id: 'm',
  realm: 'demo',
  userId: 'u',
  channel: 'mail',
  to: 'bob@example.com',
  locale: 'en',
  realmDisplayName: 'Acme',
  username: 'bob',
  notice: { kind, at: 0, method: 'totp', application: 'App', ...(kind === 'set-up-due' ? { until: 1 } : {}) },
  notBefore: 0,
  expiresAt: 1,
  tries: 1,
})

const firstOfEach = <V extends { page: string }>(all: Readonly<Record<string, V>>): V[] => [
  ...new Map(Object.values(all).map((view) => [view.page, view])).values(),
]

/** Every page, and every mail, in the words of that theme. */
function documents(): string[] {
  const options = { themesDir: themes, theme: 'any' }
  const [login, account, admin] = [
    createRenderer(options),
    createAccountRenderer(options),
    createAdminRenderer(options),
  ]
  const { user: _, ...bare } = frame()
  const mail = createMailWriter(options)
  const to = { to: 'bob@example.com', locale: 'en', realmDisplayName: 'Acme', username: 'bob' }
  const mails = [
    mail.code({ ...to, code: '012345', minutes: 5 }),
    mail.link({ ...to, url: 'https://mfa.example.com/', hours: 1 }),
    mail.test(to),
    ...KINDS.map((kind) => mail.notice(outgoing(kind))),
  ]
  createListingWriter(options)({ kind: 'totp', label: 'x', left: 2 }, 'en')
  login.text('en', 'sms.text', ['012345', 'Acme'])
  return [
    ...Object.values(views).map((view) => login.render(frame(), view)),
    ...Object.values(accountViews).map((view) => account.render(bare, view)),
    ...firstOfEach(adminViews).map((view) => admin.render(adminFrame(), view)),
    ...mails.map(({ html }) => html),
  ]
}

/** A page's elements in their order. */
const shapeOf = (html: string) => [...html.matchAll(/<!?\/?[a-z][^\s>]*/gi)].map(([part]) => part)

const MARK = '<i-was-here x="1">'
const TRICKS = [
  `${MARK}{0}{1}{2}${MARK}`,
  `"'>${MARK}`,
  '{{7*7}}{{{view.secret}}}{{> layout}}{{#each frame}}{{@key}}{{/each}}',
  '{{constructor.constructor "return process"}}{{',
  '{0, plural, one {# code} other {# codes}}{phone}{code}{link}',
  "'{0}' '' ' {99999999999} {-1} {0x0} {__proto__}",
  // oxlint-disable-next-line no-template-curly-in-string
  '${code} %s $& $1 $$ \\u0000',
  '\u2028\u2029\u202e\0\u001b[31m',
  '&lt;b&gt;&amp;#x3c;',
  'javascript:alert(1)',
  'x'.repeat(2_000),
]
const odd = fc.array(
  fc.string({ unit: 'binary', maxLength: 40 }).map((any) => `x${any}`),
  { maxLength: 8 },
)

describe('whatever the texts of a theme say', () => {
  it(
    'pages and mails are written, keep their shape, and compile nothing of it (R24)',
    { timeout: 120_000 },
    () => {
      sayEverywhere(['x'])
      const plain = documents().map(shapeOf)
      fc.assert(
        fc.property(odd, fc.nat(10), (more, from) => {
          sayEverywhere([...TRICKS, ...more], from)
          const now = documents()
          for (const [i, html] of now.entries()) {
            expect(html).not.toContain('<i-was-here')
            expect(html).not.toContain('[object')
            expect(shapeOf(html)).toEqual(plain[i])
          }
          expect(now.join('')).toContain('{{7*7}}{{{view.secret}}}{{&gt; layout}}')
        }),
        { numRuns: 4 },
      )
    },
  )
})

describe("whatever an operator's theme.properties says", () => {
  const value = fc.oneof(
    fc.constantFrom(
      '', 'en', 'de,en', 'en,en', 'e', 'pt_BR', 'EN', 'en-', '../../etc', 'xx-notalocale-x', 'true', 'TRUE', '0',
      'keycloak', '../keycloak', 'nobody', 'odd', 'css', 'css/login.css', 'css/nothing.css', '../theme.properties',
      '/etc/passwd', 'css/../../theme.properties', '\0', 'https://evil.example/x.css', 'img/\u202e.css',
    ), // prettier-ignore
    fc.string({ maxLength: 12 }),
  )
  const properties = fc.record(
    { parent: value, locales: value, styles: value, darkMode: value, other: value },
    { requiredKeys: [] },
  )

  it('is a theme whose pages work, or an error at start that names it', () => {
    const folder = join(themes, 'odd/login')
    mkdirSync(folder, { recursive: true })
    let works = 0
    fc.assert(
      fc.property(properties, (said) => {
        const lines = Object.entries({ parent: 'keycloak', ...said })
        writeFileSync(
          join(folder, 'theme.properties'),
          lines.map(([key, one]) => `${key}=${escaped(one)}`).join('\n'),
        )
        try {
          const renderer = createRenderer({ themesDir: themes, theme: 'odd' })
          for (const locale of renderer.locales) {
            const locales = renderer.locales.map((tag) => ({
              tag,
              label: new Intl.DisplayNames([tag], { type: 'language' }).of(tag) ?? tag,
              href: '/',
              current: true,
            }))
            for (const name of ['challenge-totp', 'locked', 'countdown'])
              renderer.render(frame({ locale, locales }), views[name]!)
          }
          works++
        } catch (fault) {
          expect(fault).toBeInstanceOf(Error)
          expect(fault).not.toHaveProperty('code')
          expect(fault).not.toBeInstanceOf(RangeError)
          expect(fault).not.toBeInstanceOf(TypeError)
          expect(String(fault)).toMatch(/theme/)
        }
      }),
      { numRuns: 40, examples: [[{}], [{ locales: '' }], [{ locales: 'pt_BR' }], [{ styles: 'css' }]] },
    )
    expect(works).toBeGreaterThan(0)
  })

  it.each([
    [{ locales: '' }, 'locales must be languages'],
    [{ locales: 'en,pt_BR' }, 'it is "pt_BR"'],
    [{ darkMode: 'no' }, 'darkMode must be true or false (it is "no")'],
    [{ styles: 'css' }, 'have no resource "css"'],
    [{ styles: '../theme.properties' }, 'lies outside the theme "odd"'],
    [{ parent: '../keycloak' }, 'is not the name of a theme'],
    [{ locales: '\\u12' }, "odd/login/theme.properties can't be read as properties"],
  ])('says what is wrong: %j', (said, message) => {
    const folder = join(themes, 'odd/login')
    mkdirSync(folder, { recursive: true })
    const lines = Object.entries({ parent: 'keycloak', ...said }).map(([key, one]) => `${key}=${one}`)
    writeFileSync(join(folder, 'theme.properties'), lines.join('\n'))
    expect(() => createRenderer({ themesDir: themes, theme: 'odd' })).toThrow(message)
  })
})
