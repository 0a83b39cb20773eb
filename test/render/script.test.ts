import { join } from 'node:path'
import type { Browser, BrowserContext, Page } from 'playwright-core'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { createRenderer } from '../../src/web/render/render.ts'
import { openBrowser, servePages } from './browser.ts'
import type { View } from '../../src/web/render/view.ts'
import { frame, views } from './samples.ts'

const renderer = createRenderer({ themesDir: join(import.meta.dirname, '../../themes'), theme: 'keycloak' })
let browser: Browser
let server: Awaited<ReturnType<typeof servePages>>
let context: BrowserContext
let page: Page

/** Waits that a test can wait for. */
const briefly: Record<string, View> = {
  'locked briefly': { ...views['locked']!, seconds: 2 } as View,
  'sent-code briefly': { ...views['sent-code']!, resendSeconds: 2 } as View,
}

const open = async (name: string): Promise<void> => {
  await page.goto(`${server.origin}/${encodeURI(name)}`)
}
/** Opens a page that asks for a code, and waits for the field to take the focus by itself. */
const openCode = async (name: string): Promise<void> => {
  await open(name)
  await page.locator('#code:focus').waitFor()
}
const taken = (): Promise<unknown> => page.getByText('taken').waitFor()

beforeAll(async () => {
  browser = await openBrowser()
  server = await servePages(renderer, (url) => {
    const name = decodeURIComponent(url.pathname.slice(1))
    const view = briefly[name] ?? views[name]
    const locale = url.searchParams.get('locale') ?? 'en'
    return view && renderer.render(frame({ locale }), view)
  })
}, 30_000)
afterAll(async () => {
  await browser.close()
  await server.close()
})
beforeEach(async () => {
  server.posts.length = 0
  context = await browser.newContext({ permissions: ['clipboard-read', 'clipboard-write'] })
  page = await context.newPage()
})
afterEach(() => context.close())

describe('a code', () => {
  it('is submitted by itself once it is complete', async () => {
    await openCode('challenge-totp')
    await page.keyboard.type('12345')
    expect(server.posts).toEqual([])
    await page.keyboard.type('6')
    await taken()
    expect(server.posts).toEqual(['code=123456'])
  })

  it('of eight digits is submitted at the eighth, and one of any length by the user alone', async () => {
    await openCode('challenge-totp eight')
    await page.keyboard.type('12345678')
    await taken()
    expect(server.posts).toEqual(['code=12345678'])
    await openCode('challenge-totp mixed')
    await page.keyboard.type('87654321')
    await page.keyboard.press('Enter')
    await taken()
    expect(server.posts).toEqual(['code=12345678', 'code=87654321'])
  })

  it('is never submitted by itself after an error', async () => {
    await openCode('challenge-totp wrong')
    await page.keyboard.type('123456')
    await page.waitForTimeout(300)
    expect(server.posts).toEqual([])
    await page.keyboard.press('Enter')
    await taken()
    expect(server.posts).toEqual(['code=123456'])
  })

  it('is pasted without its spaces and hyphens', async () => {
    await openCode('challenge-backup-codes')
    await page.evaluate('navigator.clipboard.writeText(" K7QM-H4TX 9PLC-W2GV\\n")')
    await page.keyboard.press('Control+V')
    expect(await page.inputValue('#code')).toBe('K7QMH4TX9PLCW2GV')
  })

  it('with spaces is not refused by the browser', async () => {
    await openCode('challenge-totp wrong')
    await page.fill('#code', '123 456')
    expect(await page.evaluate("document.querySelector('#code').checkValidity()")).toBe(true)
  })

  it('is sent once however often the button is pressed, and again after coming back', async () => {
    await openCode('challenge-totp wrong')
    await page.fill('#code', '111111')
    await page.evaluate("for (const _ of [1, 2, 3]) document.querySelector('[type=submit]').click()")
    await taken()
    expect(server.posts).toEqual(['code=111111'])
    await page.goBack()
    await page.fill('#code', '222222')
    await page.keyboard.press('Enter')
    await taken()
    expect(server.posts).toEqual(['code=111111', 'code=222222'])
  })
})

describe('asking for a new code', () => {
  const button = () => page.locator('#resend')

  it('has to wait, which the button says, and is possible then without loading the page again', async () => {
    await openCode('sent-code briefly')
    expect(await button().textContent()).toMatch(/^Send a new code in [12] s$/)
    expect(await button().isDisabled()).toBe(true)
    expect(await page.locator('[data-without-script]').isVisible()).toBe(false)
    expect(await page.getByRole('status').textContent()).toBe('')
    await page.getByRole('status').getByText('You can ask for a new code now.').waitFor({ state: 'attached' })
    expect(await button().textContent()).toBe('Send a new code')
    const sent = page.waitForRequest((request) => request.method() === 'POST')
    await button().click()
    expect(new URL((await sent).url()).pathname).toBe('/realms/demo/step/1/resend')
    expect((await sent).postData()).toBeNull()
  })

  it('is possible at once where there is no wait', async () => {
    await openCode('sent-code at once')
    expect(await button().textContent()).toBe('Send a new code')
    expect(await button().isEnabled()).toBe(true)
  })

  it('says a long wait in words', async () => {
    await openCode('sent-code limited')
    expect(await button().textContent()).toBe('Send a new code in 50 minutes')
    await openCode('sent-code limited?locale=de')
    expect(await button().textContent()).toBe('Neuen Code in 50 Minuten senden')
  })

  it('does not stand in the way of the code', async () => {
    await openCode('sent-code')
    await page.keyboard.type('123456')
    await taken()
    expect(server.posts).toEqual(['code=123456'])
  })
})

it.each(['sent-code wrong', 'enrol-phone phone-too-long', 'enrol-phone phone-country'])(
  'from right to left, the icon in the field of "%s" is at the end of what is typed',
  async (name) => {
    await open(`${name}?locale=ar`)
    const end = `(() => {
      const field = document.querySelector('[aria-invalid=true]').getBoundingClientRect()
      const icon = document.querySelector('.control > .icon-danger').getBoundingClientRect()
      return icon.left > field.left + field.width / 2 ? 'right' : 'left'
    })()`
    expect(await page.evaluate(end)).toBe(name.endsWith('country') ? 'left' : 'right')
  },
)

describe('copying', () => {
  it('gives the key without spaces and says that it did', async () => {
    await open('enrol-totp')
    await page.getByRole('button', { name: 'Copy key' }).click()
    await page.getByRole('status').getByText('Copied').waitFor({ state: 'attached' })
    expect(await page.evaluate('navigator.clipboard.readText()')).toBe('JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP')
  })

  it('gives the backup codes one to a line', async () => {
    await open('enrol-backup-codes')
    await page.getByRole('button', { name: 'Copy' }).click()
    await page.getByRole('status').getByText('Copied').waitFor({ state: 'attached' })
    const lines = String(await page.evaluate('navigator.clipboard.readText()')).split('\n')
    expect(lines).toHaveLength(8)
    expect(lines[0]).toBe('K7QM-H4TX-9PLC-W2GV')
  })
})

it('the wait counts down, and its end is announced', async () => {
  await open('locked briefly')
  await page.getByRole('status').getByText('You can try again now.').waitFor({ state: 'attached' })
})

it('without JavaScript every page shows nothing that needs it', async () => {
  const plain = await browser.newContext({ javaScriptEnabled: false })
  const tab = await plain.newPage()
  for (const name of Object.keys(views)) {
    await tab.goto(`${server.origin}/${encodeURIComponent(name)}`)
    expect(
      await tab.locator('[data-copy]:visible, [data-print]:visible, [data-with-script]:visible').count(),
    ).toBe(0)
  }
  await tab.goto(`${server.origin}/sent-code`)
  expect(await tab.getByText('You can ask for a new code in 30 seconds.').isVisible()).toBe(true)
  expect(await tab.getByRole('button', { name: 'Send a new code', exact: true }).isEnabled()).toBe(true)
  await tab.goto(`${server.origin}/challenge-totp`)
  await tab.locator('summary').click()
  expect(await tab.getByRole('link', { name: 'Deutsch' }).isVisible()).toBe(true)
  await tab.fill('#code', '123 456')
  await tab.getByRole('button', { name: 'Sign In' }).click()
  await tab.getByText('taken').waitFor()
  expect(server.posts).toEqual(['code=123+456'])
  await plain.close()
})
