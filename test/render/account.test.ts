import { join } from 'node:path'
import { AxeBuilder } from '@axe-core/playwright'
import type { Browser, BrowserContext } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { AuditEvent } from '../../src/core/audit/audit.ts'
import { explain } from '../../src/core/policy/explain.ts'
import { createAccountRenderer } from '../../src/web/render/account.ts'
import { loadTheme } from '../../src/web/render/theme.ts'
import { accountViews } from './account-samples.ts'
import { openBrowser, servePages } from './browser.ts'
import { frame } from './samples.ts'

const themesDir = join(import.meta.dirname, '../../themes')
const renderer = createAccountRenderer({
  themesDir,
  theme: 'keycloak',
  missingText(key, locale) {
    throw new Error(`no text for "${key}" in ${locale}`)
  },
})
const { user: _, ...bare } = frame()
const page = (name: string, locale = 'en') => renderer.render({ ...bare, locale }, accountViews[name]!)
const plain = (html: string) =>
  html
    .replaceAll(/<[^>]*>/g, ' ')
    .replaceAll('&#x27;', "'")
    .replaceAll(/\s+/g, ' ')

const tags = ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice']
let browser: Browser
let context: BrowserContext
let server: Awaited<ReturnType<typeof servePages>>

beforeAll(async () => {
  browser = await openBrowser()
  context = await browser.newContext({ viewport: { width: 360, height: 740 } })
  server = await servePages(renderer, (url) => {
    const name = decodeURIComponent(url.pathname.slice(1))
    return name in accountViews ? page(name, url.searchParams.get('locale') ?? 'en') : undefined
  })
}, 30_000)
afterAll(async () => {
  await browser.close()
  await server.close()
})

describe("the user's pages in light and dark, on a phone: axe finds nothing (WCAG 2.2 AA)", () => {
  it.each(Object.keys(accountViews))('on %s', async (name) => {
    const complaints: string[] = []
    const tab = await context.newPage()
    tab.on('console', (message) => complaints.push(message.text()))
    for (const locale of ['en', 'de']) {
      await tab.goto(`${server.origin}/${encodeURIComponent(name)}?locale=${locale}`)
      for (const colorScheme of ['light', 'dark'] as const) {
        await tab.emulateMedia({ colorScheme })
        const { violations } = await new AxeBuilder({ page: tab }).withTags(tags).analyze()
        complaints.push(...violations.map(({ id, nodes }) => `${colorScheme} ${id}: ${nodes[0]?.html}`))
      }
      if ((await tab.evaluate('document.documentElement.scrollWidth > innerWidth')) === true) {
        complaints.push(`${locale}: wider than the screen`)
      }
    }
    const small = await tab.evaluate(
      `[...document.querySelectorAll('a, button, input, summary')]
        .filter((one) => one.checkVisibility() && one.type !== 'hidden' && one.getBoundingClientRect().height < 43.5)
        .map((one) => one.outerHTML)`,
    )
    await tab.close()
    expect(complaints).toEqual([])
    expect(small).toEqual([])
  })
})

describe('the words', () => {
  it.each(['en', 'de'])('are all there in %s', (locale) => {
    for (const name of Object.keys(accountViews)) expect(() => page(name, locale)).not.toThrow()
  })

  it('are the same keys and placeholders in both languages', () => {
    const theme = loadTheme(themesDir, 'keycloak', 'account')
    const [english, german] = [theme.texts('en'), theme.texts('de')]
    for (const [key, text] of english) {
      const placeholders = (one = '') => one.match(/\{\d+\}/g)?.toSorted() ?? []
      expect(placeholders(german.get(key)), key).toEqual(placeholders(text))
      if (/^(account|activity|enforcement)/.test(key) && text.length > 12) {
        expect(german.get(key), key).not.toBe(text)
      }
    }
  })

  it('say what happened for each event that can be about a user', () => {
    const texts = loadTheme(themesDir, 'keycloak', 'account').texts('en')
    const about: AuditEvent[] = [
      'challenge.succeeded',
      'challenge.failed',
      'enrolment.succeeded',
      'enrolment.failed',
      'lockout.started',
      'code.sent',
      'link.sent',
      'link.used',
      'decision.needed',
      'decision.not-needed',
      'override.saved',
      'override.removed',
      'method.removed',
      'method.renamed',
      'method.preferred',
      'methods.removed',
      'method.revoked',
      'methods.reset',
      'user.unlocked',
    ]
    expect(about.filter((event) => !texts.has(`activity.${event}`))).toEqual([])
  })

  it.each(['account', 'account required', 'account role', 'account disabled', 'account override'])(
    'say why in the sentence of the API and the audit: %s (B1)',
    (name) => {
      const view = accountViews[name]!
      if (view.page !== 'account') throw new Error('not an overview')
      expect(plain(page(name))).toContain(explain(view.why.enforcement, view.why.because))
    },
  )
})

describe('the page of everything', () => {
  it('works by the keyboard alone and says what each button is for', async () => {
    const tab = await context.newPage()
    await tab.goto(`${server.origin}/account`)
    await tab.focus('#turn')
    await tab.keyboard.press('Space')
    await tab.waitForURL(/\/realms\/demo\/account\/off/)
    await tab.close()
    expect(page('account')).toContain('id="set-up-totp" aria-describedby="kind-totp"')
    expect(page('account')).toContain(
      'href="/realms/demo/account/methods/c1/remove" aria-describedby="name-c1"',
    )
  })

  it('shows times in UTC without a script, and in the own time with one', async () => {
    expect(page('account')).toMatch(
      /<time datetime="2026-11-24T17:30:00\.000Z" data-local-time>[^<]*UTC<\/time>/,
    )
    const away = await browser.newContext({ timezoneId: 'Asia/Tokyo', locale: 'en' })
    const tab = await away.newPage()
    await tab.goto(`${server.origin}/account`)
    expect(await tab.textContent('#activity-list time')).toMatch(/25.*2:30/)
    await away.close()
  })

  it('escapes what users typed and Keycloak told (R24)', () => {
    const evil = '"><script>alert(1)</script>'
    const view = accountViews['account']!
    const html = renderer.render(
      { ...bare, realmDisplayName: evil },
      {
        ...view,
        account: { ...view.account, username: evil },
        ...(view.page === 'account'
          ? { kinds: [{ id: 'totp', methods: [{ id: 'c1', kind: 'totp', label: evil, isDefault: false }] }] }
          : {}),
      },
    )
    expect(html).not.toContain('<script>alert')
    expect(html.match(/&lt;script&gt;alert/g)?.length).toBeGreaterThanOrEqual(3)
  })
})
