import { join } from 'node:path'
import { AxeBuilder } from '@axe-core/playwright'
import type { Browser, BrowserContext } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { createRenderer } from '../../src/web/render/render.ts'
import { openBrowser, servePages } from './browser.ts'
import { frame, views } from './samples.ts'

const renderer = createRenderer({ themesDir: join(import.meta.dirname, '../../themes'), theme: 'keycloak' })
const tags = ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice']
let browser: Browser
let context: BrowserContext
let server: Awaited<ReturnType<typeof servePages>>

beforeAll(async () => {
  browser = await openBrowser()
  context = await browser.newContext({ viewport: { width: 360, height: 740 } })
  server = await servePages(renderer, (url) => {
    const view = views[decodeURIComponent(url.pathname.slice(1))]
    return view && renderer.render(frame(), view)
  })
}, 30_000)
afterAll(async () => {
  await browser.close()
  await server.close()
})

describe('in light and dark, on a phone, axe finds nothing (WCAG 2.2 AA)', () => {
  it.each(Object.keys(views))('on %s', async (name) => {
    const complaints: string[] = []
    const page = await context.newPage()
    page.on('console', (message) => complaints.push(message.text()))
    await page.goto(`${server.origin}/${encodeURIComponent(name)}`)
    for (const colorScheme of ['light', 'dark'] as const) {
      await page.emulateMedia({ colorScheme })
      const { violations } = await new AxeBuilder({ page }).withTags(tags).analyze()
      complaints.push(...violations.map(({ id, nodes }) => `${colorScheme} ${id}: ${nodes[0]?.html}`))
    }
    const wider = await page.evaluate('document.documentElement.scrollWidth > innerWidth')
    await page.close()
    expect(complaints).toEqual([])
    expect(wider).toBe(false)
  })
})
