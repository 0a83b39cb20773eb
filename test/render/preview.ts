/** Pictures of every page, to be looked at: `node test/render/preview.ts [folder] [part of a page's name]`. */
import { mkdirSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createRenderer } from '../../src/web/render/render.ts'
import { openBrowser, servePages } from './browser.ts'
import { frame, longName, views } from './samples.ts'

const [folder = join(tmpdir(), 'latchkey-pages'), only = ''] = process.argv.slice(2)
const looks = [
  { look: 'light', colorScheme: 'light', width: 1280, changes: {} },
  { look: 'dark', colorScheme: 'dark', width: 1280, changes: {} },
  { look: 'phone', colorScheme: 'light', width: 360, changes: {} },
  { look: 'german', colorScheme: 'light', width: 360, changes: { locale: 'de' } },
  {
    look: 'long',
    colorScheme: 'dark',
    width: 360,
    changes: { realmDisplayName: longName, user: { username: longName, restartUrl: '/restart' } },
  },
] as const

const renderer = createRenderer({ themesDir: join(import.meta.dirname, '../../themes'), theme: 'keycloak' })
const browser = await openBrowser()
const pages = await servePages(renderer, (url) => {
  const view = views[decodeURIComponent(url.pathname.slice(1))]
  const look = looks.find((candidate) => candidate.look === url.searchParams.get('look'))
  return view && renderer.render(frame(look?.changes), view)
})

mkdirSync(folder, { recursive: true })
const tab = await browser.newPage()
tab.on('console', (message) => console.log(message.type(), message.text()))
for (const { look, colorScheme, width } of looks) {
  await tab.emulateMedia({ colorScheme })
  await tab.setViewportSize({ width, height: width < 400 ? 740 : 900 })
  for (const name of Object.keys(views).filter((key) => key.includes(only))) {
    await tab.goto(`${pages.origin}/${encodeURIComponent(name)}?look=${look}`)
    await tab.evaluate('document.fonts.ready')
    await tab.screenshot({ path: join(folder, `${name.replaceAll(' ', '-')}.${look}.png`), fullPage: true })
  }
}
await browser.close()
await pages.close()
console.log(folder)
