import { readdirSync, readFileSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import type { Browser, Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { openBrowser } from './browser.ts'
import { everyPage, firstOfEach, pictureOf, serveEveryPage } from './every-page.ts'
import { PSEUDO, pseudoThemes } from './pseudo.ts'

const themes = pseudoThemes()
const samples = everyPage(themes)
const names = samples.map(({ name }) => name)
let browser: Browser
let page: Page
let plain: Page
let server: Awaited<ReturnType<typeof serveEveryPage>>

beforeAll(async () => {
  browser = await openBrowser()
  page = await browser.newPage()
  plain = await (await browser.newContext({ javaScriptEnabled: false })).newPage()
  server = await serveEveryPage(samples)
}, 30_000)
afterAll(async () => {
  await browser.close()
  await server.close()
  rmSync(themes, { recursive: true })
})

const open = async (tab: Page, name: string, locale: string) =>
  await tab.goto(`${server.origin}/${encodeURIComponent(name)}?locale=${locale}`)

/** Whatever reaches beyond the page's width; a table may be wide inside a box that scrolls. */
const WIDER = `document.documentElement.scrollWidth > innerWidth
  ? [...document.querySelectorAll('body *')].filter((one) => one.getBoundingClientRect().right > innerWidth + 1
      || one.getBoundingClientRect().left < -1).map((one) => one.outerHTML.slice(0, 120)).slice(0, 3) : []`

/** What is said on a page: its texts, and what screen readers are told besides. Dates are the platform's own. */
const SAID = `[
  document.title,
  ...[...document.querySelectorAll('body *')].flatMap((one) => ['aria-label', 'title', 'alt', 'placeholder']
    .flatMap((name) => one.getAttribute(name) ?? [])),
  ...[...document.querySelectorAll('body *:not(script, time)')].flatMap((one) => [...one.childNodes]
    .filter((node) => node.nodeType === 3).map((node) => node.data)),
]`

/** Every text in a page's data, the longest first. */
function textsIn(data: unknown): string[] {
  const found = new Set<string>()
  const walk = (value: unknown): void => {
    if (typeof value === 'string') found.add(value.trim())
    else if (typeof value === 'object' && value !== null) Object.values(value).forEach(walk)
  }
  walk(data)
  return [...found].filter((text) => text !== '').toSorted((a, b) => b.length - a.length)
}

/** Called the same in every language. */
const PROPER = ['Latchkey', 'CSV']

/** What is left of a text when the theme's words and the page's data are taken away. */
function unexplained(text: string, data: readonly string[]): string {
  let rest = text
  for (let before = ''; before !== rest;) {
    before = rest
    rest = rest.replaceAll(/⟦[^⟦⟧]*⟧/g, ' ')
  }
  for (const one of [...data, ...PROPER]) rest = rest.replaceAll(one, ' ')
  return rest.replaceAll(/[^\p{L}]+/gu, ' ').trim()
}

describe('in a pseudo-language, longer by 40 %', () => {
  it.each(names)('%s says nothing but what a theme can say, and fits from 320 px on', async (name) => {
    const { data } = samples.find((one) => one.name === name)!
    await page.setViewportSize({ width: 320, height: 640 })
    await open(page, name, PSEUDO.accented)
    const said = await page.evaluate<string[]>(SAID)
    const wider = await page.evaluate<string[]>(WIDER)
    await open(page, name, PSEUDO.bidi)
    const direction = await page.evaluate('getComputedStyle(document.body).direction')
    const widerFromTheRight = await page.evaluate<string[]>(WIDER)
    // What a desk at 200 % has left.
    await page.setViewportSize({ width: 640, height: 400 })
    const widerZoomed = await page.evaluate<string[]>(WIDER)
    const given = textsIn(data)
    expect(said.map((text) => unexplained(text, given)).filter((text) => text !== '')).toEqual([])
    expect({ wider, widerFromTheRight, widerZoomed }).toEqual({
      wider: [],
      widerFromTheRight: [],
      widerZoomed: [],
    })
    expect(direction).toBe('rtl')
  })
})

describe('without JavaScript', () => {
  it.each(names)('%s has no button that does nothing, and no form that can not be sent', async (name) => {
    await open(plain, name, 'en')
    // Evaluated by the browser's debugger, which the page's own scripts are not.
    const idle = await plain.evaluate<string[]>(`
      [...document.querySelectorAll('button, [role=button]')]
        .filter((one) => one.checkVisibility() && !(one.type === 'submit' && one.form))
        .map((one) => one.outerHTML)`)
    const unsent = await plain.evaluate<string[]>(`
      [...document.forms]
        .filter((form) => [...form.elements].some((one) => one.matches(':enabled') && one.type !== 'hidden'))
        .filter((form) => ![...form.elements].some((one) => one.type === 'submit' && one.checkVisibility()))
        .map((one) => one.outerHTML.slice(0, 200))`)
    expect({ idle, unsent }).toEqual({ idle: [], unsent: [] })
  })
})

/** What a keyboard must reach; of radio buttons one in each group. */
const REACHABLE = `[...document.querySelectorAll('a[href], button, input, select, textarea, summary, [tabindex="0"]')]
  .filter((one) => one.type !== 'hidden' && !one.matches(':disabled') && one.tabIndex >= 0 && one.checkVisibility())
  .filter((one, _, all) => one.type !== 'radio' || one === (all.find((other) => other.name === one.name && other.checked)
    ?? all.find((other) => other.name === one.name)))`
const FOCUSED = `(() => {
  const one = document.activeElement
  const style = getComputedStyle(one)
  const shown = (style.outlineStyle !== 'none' && style.outlineWidth !== '0px') || style.boxShadow !== 'none'
  return { at: ${REACHABLE}.indexOf(one), shown, what: one.outerHTML.slice(0, 120) }
})()`

/** A round with the keyboard takes its time. */
const pages = firstOfEach(samples)

describe('with a keyboard alone', () => {
  it.each(pages.map(({ name }) => name))(
    'everything on %s is reached in its order, and seen to be',
    async (name) => {
      await page.setViewportSize({ width: 1280, height: 800 })
      await open(page, name, 'en')
      const count = await page.evaluate<number>(`${REACHABLE}.length`)
      const focused = async () => await page.evaluate<{ at: number; shown: boolean; what: string }>(FOCUSED)
      // A page may begin in a field, so the round begins wherever it does; a date has fields of its own inside.
      const reached: number[] = []
      const unseen: string[] = []
      for (let i = 0; new Set(reached).size < count && i < 2 * count + 20; i++) {
        await page.keyboard.press('Tab')
        const { at, shown, what } = await focused()
        if (at < 0 || at === reached.at(-1)) continue
        reached.push(at)
        if (!shown) unseen.push(what)
      }
      expect(unseen).toEqual([])
      expect(reached).toEqual(Array.from({ length: count }, (_, i) => ((reached[0] ?? 0) + i) % count))
    },
  )
})

it('is in docs/pages.md, with its picture', () => {
  const root = join(import.meta.dirname, '../..')
  const gallery = readFileSync(join(root, 'docs/pages.md'), 'utf8')
  const pictures = pages.map(({ template }) => pictureOf(template))
  expect(pictures.filter((file) => !gallery.includes(`images/pages/${file})`))).toEqual([])
  expect(readdirSync(join(root, 'docs/images/pages')).toSorted()).toEqual(pictures.toSorted())
})
