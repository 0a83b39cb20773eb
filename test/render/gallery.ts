/** One picture of each page for docs/pages.md: `npm run pictures`. Looked at before they are committed. */
import { mkdirSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { openBrowser } from './browser.ts'
import { everyPage, firstOfEach, pictureOf, serveEveryPage } from './every-page.ts'

const root = join(import.meta.dirname, '../..')
const folder = join(root, 'docs/images/pages')
const samples = firstOfEach(everyPage(join(root, 'themes')))
const browser = await openBrowser()
const pages = await serveEveryPage(samples)
const tab = await browser.newPage({ viewport: { width: 1024, height: 600 } })

mkdirSync(folder, { recursive: true })
for (const file of readdirSync(folder)) rmSync(join(folder, file))
const sections: string[] = []
for (const { name, template } of samples) {
  await tab.goto(`${pages.origin}/${encodeURIComponent(name)}`)
  await tab.evaluate('document.fonts.ready')
  await tab.screenshot({ path: join(folder, pictureOf(template)), type: 'jpeg', quality: 60, fullPage: true })
  const title = (await tab.locator('h1').innerText()).trim()
  sections.push(`## ${template}\n\n![The page "${title}"](images/pages/${pictureOf(template)})\n`)
}
await browser.close()
await pages.close()
writeFileSync(
  join(root, 'docs/pages.md'),
  [
    '# Every page, in its usual state\n',
    'Made from the theme `keycloak` by `npm run pictures`; the headings are the names of the templates that a theme may',
    'replace ([themes/README.md](../themes/README.md)). What names no kind is a page of the login, `account` the',
    "user's own, `admin` the administrator's.\n",
    ...sections,
  ].join('\n'),
)
