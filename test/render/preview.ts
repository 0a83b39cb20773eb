/** Pictures of every page in every state, to be looked at: `node test/render/preview.ts [folder] [part of a name]`. */
import { mkdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { openBrowser } from './browser.ts'
import { everyPage, serveEveryPage } from './every-page.ts'
import { PSEUDO, pseudoThemes } from './pseudo.ts'

const [folder = join(tmpdir(), 'latchkey-pages'), only = ''] = process.argv.slice(2)
const looks = [
  { look: 'light', colorScheme: 'light', width: 1280, locale: 'en' },
  { look: 'dark', colorScheme: 'dark', width: 1280, locale: 'en' },
  { look: 'phone', colorScheme: 'light', width: 360, locale: 'en' },
  { look: 'german', colorScheme: 'light', width: 360, locale: 'de' },
  { look: 'long', colorScheme: 'dark', width: 360, locale: PSEUDO.bidi },
] as const

const themes = pseudoThemes()
const samples = everyPage(themes).filter(({ name }) => name.includes(only))
const browser = await openBrowser()
const pages = await serveEveryPage(samples)

mkdirSync(folder, { recursive: true })
const tab = await browser.newPage()
tab.on('console', (message) => console.log(message.type(), message.text()))
for (const { look, colorScheme, width, locale } of looks) {
  await tab.emulateMedia({ colorScheme })
  await tab.setViewportSize({ width, height: width < 400 ? 740 : 900 })
  for (const { name } of samples) {
    await tab.goto(`${pages.origin}/${encodeURIComponent(name)}?locale=${locale}`)
    await tab.evaluate('document.fonts.ready')
    await tab.screenshot({ path: join(folder, `${name.replaceAll(' ', '-')}.${look}.png`), fullPage: true })
  }
}
await browser.close()
await pages.close()
rmSync(themes, { recursive: true })
console.log(folder)
