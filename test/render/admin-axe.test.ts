import { join } from 'node:path'
import { AxeBuilder } from '@axe-core/playwright'
import type { Browser, BrowserContext, Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { createAdminRenderer } from '../../src/web/render/admin.ts'
import { adminFrame, adminViews } from './admin-samples.ts'
import { openBrowser, servePages } from './browser.ts'

const themesDir = join(import.meta.dirname, '../../themes')
const renderer = createAdminRenderer({ themesDir, theme: 'keycloak' })
const tags = ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice']
const PHONE = { width: 360, height: 740 }
const DESK = { width: 1280, height: 800 }
let browser: Browser
let context: BrowserContext
let server: Awaited<ReturnType<typeof servePages>>

beforeAll(async () => {
  browser = await openBrowser()
  context = await browser.newContext()
  server = await servePages(renderer, (url) => {
    const view = adminViews[decodeURIComponent(url.pathname.slice(1))]
    const locale = url.searchParams.get('locale') ?? 'en'
    return view && renderer.render(adminFrame({ locale }), view)
  })
}, 30_000)
afterAll(async () => {
  await browser.close()
  await server.close()
})

/** Those that differ from others in their words alone are left out: each takes a second. */
const ALIKE =
  /^(user (forbidden|protected|roles|unavailable|skip|enrol|blocked)|sync (users|members|gone|unreachable|empty|failed)|preview (rule|override)|confirm (unlock|sync))/
const names = Object.keys(adminViews).filter((name) => !ALIKE.test(name))

const isWide = (page: Page) => page.evaluate('document.documentElement.scrollWidth > innerWidth')

describe('in light and dark, on a phone and a desk, axe finds nothing (WCAG 2.2 AA)', () => {
  it.each(names)('on %s', async (name) => {
    const complaints: string[] = []
    const page = await context.newPage()
    page.on('console', (message) => complaints.push(message.text()))
    await page.goto(`${server.origin}/${encodeURIComponent(name)}`)
    for (const [viewport, colorScheme] of [
      [PHONE, 'light'],
      [DESK, 'dark'],
    ] as const) {
      await page.setViewportSize(viewport)
      await page.emulateMedia({ colorScheme })
      const { violations } = await new AxeBuilder({ page }).withTags(tags).analyze()
      complaints.push(...violations.map(({ id, nodes }) => `${colorScheme} ${id}: ${nodes[0]?.html}`))
      if (await isWide(page)) complaints.push(`wider than ${viewport.width} px`)
    }
    await page.goto(`${server.origin}/${encodeURIComponent(name)}?locale=ar`)
    await page.setViewportSize(PHONE)
    if (await isWide(page)) complaints.push('wider from right to left')
    await page.close()
    expect(complaints).toEqual([])
  })
})

it('names the methods on hover and on focus by the keyboard, without a script (S4)', async () => {
  const plain = await browser.newContext({ javaScriptEnabled: false, viewport: DESK })
  const page = await plain.newPage()
  await page.goto(`${server.origin}/users`)
  const tip = page.locator('.tip').first()
  const isShown = async () =>
    (await page.evaluate("getComputedStyle(document.querySelector('.tip-text')).opacity")) === '1'
  const name = /^Enrolled ?: App, Text message, E-mail, Backup codes$/
  expect(await page.getByRole('link', { name }).count()).toBe(1)
  await expect.poll(isShown).toBe(false)
  await tip.hover()
  await expect.poll(isShown).toBe(true)
  await page.mouse.move(0, 0)
  await expect.poll(isShown).toBe(false)
  await page.locator('th a').first().focus()
  await page.keyboard.press('Tab')
  await expect.poll(isShown).toBe(true)
  await plain.close()
})

it('lets the keyboard skip to the content', async () => {
  const page = await context.newPage()
  await page.goto(`${server.origin}/users`)
  await page.keyboard.press('Tab')
  await page.keyboard.press('Enter')
  expect(await page.evaluate('document.activeElement.id')).toBe('main')
  await page.close()
})
