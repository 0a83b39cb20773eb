import type { Browser, Page } from 'playwright-core'
import { createSealer } from '../src/adapters/secrets/sealer.ts'
import { openDatabase } from '../src/adapters/store/database.ts'
import { createPolicyStore } from '../src/adapters/store/policy-store.ts'
import { appOf, saveCredentials } from '../test/chaos/race-people.ts'
import { Play } from '../test/chaos/play.ts'
import { startPost } from '../test/chaos/post.ts'
import { launchBrowser } from '../test/support/browser.ts'
import { codeFor, secretOn } from '../test/support/login.ts'
import { startRealm } from '../test/support/realm.ts'
import { newKey, sqlitePlace } from '../test/support/stores.ts'
import { median } from './figures.ts'
import { against } from './part.ts'
import type { Part } from './part.ts'
import { startServer } from './servers.ts'

const VISITS = { quick: 1, whole: 5 }
const BYTES = 60_000
const REQUESTS = 3

/** What a browser was sent for a page, heads and all, and when it could be used and showed something. */
interface Weight {
  requests: number
  bytes: number
  usableMs: number
  paintMs: number
  sent: { path: string; bytes: number }[]
}

/** What the pages of a step weigh in a real browser, as the server itself sends them: no proxy compresses anything. */
export const pages: Part = async ({ quick, progress }) => {
  const [keycloak, post, place, key] = [await startRealm(), await startPost(), sqlitePlace(), newKey()]
  const sealer = createSealer([key])
  const owner = { user: 'page-owner', ...appOf('page-owner', sealer) }
  const database = await openDatabase(place.url)
  await createPolicyStore(database).saveSettings('demo', { enforcement: 'required' })
  await saveCredentials(database, sealer, 'demo', owner.credentials)
  await database.close()
  const server = await startServer({
    LATCHKEY_ENCRYPTION_KEYS: `${key.id}:${key.key.toString('base64')}`,
    LATCHKEY_DB_URL: place.url,
    LATCHKEY_KEYCLOAK_URL: keycloak.keycloakUrl,
  })
  const browser = await launchBrowser()
  try {
    const fleet = { urls: [server.url], keycloak, post }
    const challenge = await new Play(fleet, { user: owner.user }).begin()
    const setUp = await new Play(fleet, { user: 'page-beginner' }).begin()
    const saved = await new Play(fleet, { user: 'page-saver' }).begin()
    const code = await codeFor(secretOn((await saved.page()).text), Date.now())
    await saved.submit('enrol/totp', { code })
    const ask: [name: string, login: Play, query: string][] = [
      ['challenge-totp', challenge, ''],
      ['challenge-totp, wrong', challenge, '?error=code-wrong'],
      ['select-method', challenge, '?choose'],
      ['enrol-totp', setUp, ''],
      ['enrol-backup-codes', saved, ''],
      ['error', new Play(fleet, { user: 'nobody' }), '/realms/demo/step/x'],
    ]
    const samples: Record<string, { cold: Weight[]; warm: Weight[] }> = {}
    for (const [name, login, query] of ask) {
      progress(name)
      const weights = { cold: [] as Weight[], warm: [] as Weight[] }
      for (let i = 0; i < (quick ? VISITS.quick : VISITS.whole); i++) {
        const { cold, warm } = await weigh(browser, `${server.url}${login.step}${query}`, login.cookie, name)
        weights.cold.push(cold)
        weights.warm.push(warm)
      }
      samples[name] = weights
    }
    const all = Object.values(samples)
    const worst = (which: 'cold' | 'warm', what: Exclude<keyof Weight, 'sent'>) =>
      Math.max(...all.map((one) => median(one[which].map((weight) => weight[what]))))
    const [bytes, requests] = [worst('cold', 'bytes'), worst('cold', 'requests')]
    return {
      rows: [
        against(
          'the heaviest page of a step, empty cache',
          bytes,
          { most: BYTES },
          { unit: ' bytes', digits: 0 },
        ),
        against('requests for it', requests, { most: REQUESTS }, { digits: 0 }),
        { what: 'the same with a warm cache', figure: `${worst('warm', 'bytes')} bytes`, goal: '' },
        {
          what: 'until it can be used, empty cache',
          figure: `${worst('cold', 'usableMs').toFixed(0)} ms`,
          goal: '',
        },
        { what: 'until it shows something', figure: `${worst('cold', 'paintMs').toFixed(0)} ms`, goal: '' },
        {
          what: 'until it can be used, warm cache',
          figure: `${worst('warm', 'usableMs').toFixed(0)} ms`,
          goal: '',
        },
      ],
      data: { bytes, requests, samples },
      versions: { Chromium: browser.version() },
    }
  } finally {
    await browser.close()
    await server.stop()
    await Promise.all([keycloak.stop(), post.stop()])
    await place.drop()
  }
}

/** Opens the page in a browser that was never there, then once more. */
async function weigh(browser: Browser, url: string, cookie: string, name: string) {
  const context = await browser.newContext({ locale: 'en' })
  try {
    const [cookieName = '', value = ''] = cookie.split(/=(.*)/s)
    if (cookie !== '') await context.addCookies([{ name: cookieName, value, url }])
    const page = await context.newPage()
    const cold = await visit(page, url)
    const shown = await page.getAttribute('[data-page]', 'data-page')
    if (shown !== name.split(',')[0]) throw new Error(`the page ${String(shown)} came in place of ${name}`)
    return { cold, warm: await visit(page, url) }
  } finally {
    await context.close()
  }
}

async function visit(page: Page, url: string): Promise<Weight> {
  const devtools = await page.context().newCDPSession(page)
  await devtools.send('Network.enable')
  const asked = new Map<string, string>()
  const sent: { path: string; bytes: number }[] = []
  devtools.on('Network.requestWillBeSent', ({ requestId, request }) => asked.set(requestId, request.url))
  // What a cache answers is not sent; nor are the fonts and pictures inside the style.
  devtools.on('Network.requestServedFromCache', ({ requestId }) => asked.delete(requestId))
  devtools.on('Network.loadingFinished', ({ requestId, encodedDataLength: bytes }) => {
    const address = asked.get(requestId) ?? 'data:'
    if (!address.startsWith('data:') && bytes > 0) sent.push({ path: new URL(address).pathname, bytes })
  })
  await page.goto(url, { waitUntil: 'networkidle' })
  const { usableMs, paintMs } = await page.evaluate(() => {
    const [navigation] = performance.getEntriesByType('navigation' as 'mark') as unknown as [
      { domContentLoadedEventEnd: number },
    ]
    const [paint] = performance.getEntriesByName('first-contentful-paint')
    return { usableMs: navigation.domContentLoadedEventEnd, paintMs: paint?.startTime ?? 0 }
  })
  await devtools.detach()
  const bytes = sent.reduce((sum, one) => sum + one.bytes, 0)
  return { requests: sent.length, bytes, usableMs, paintMs, sent }
}
