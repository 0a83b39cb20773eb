import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { firstSync, onlyTextMessages } from '../support/first-sync.ts'
import { onlyFor, startMailServer } from '../support/mail.ts'
import type { MailServerDouble } from '../support/mail.ts'
import { adminPage, enterAdmin } from '../support/admin-visit.ts'
import { startScenario } from '../support/scenario.ts'
import type { Scenario, Visitor } from '../support/scenario.ts'
import { startReceiver } from '../support/sms-receiver.ts'
import type { Receiver } from '../support/sms-receiver.ts'
import { TAKEN, TWILIO } from '../support/sms-twilio.ts'

const PASSWORD = 'pa55-of-the-mail-server'
const WEBHOOK_SECRET = 'a-secret-of-the-realm-alone'
const NUMBER = '+31612345678'

let server: MailServerDouble
let provider: Receiver
let scenario: Scenario
let erin: Visitor

beforeAll(async () => {
  server = await startMailServer(onlyFor('acme', PASSWORD))
  provider = await startReceiver()
  scenario = await startScenario({
    environment: { LATCHKEY_PRIVATE_HOSTS: '127.0.0.1', LATCHKEY_TWILIO_URL: provider.url },
    settings: { methods: ['totp', 'sms', 'backup-codes'], smsCountries: ['NL'] },
  })
  await onlyTextMessages(scenario)
  scenario.sidecar().start()
  scenario.sidecar().startWorker()
  await firstSync(scenario)
  erin = await enter('erin')
})
afterAll(async () => {
  await scenario.stop()
  await provider.stop()
  await server.stop()
})

const pages = (path = '') => adminPage(scenario, path)
const enter = async (username: string, path = '') => await enterAdmin(scenario, username, path)

/** Fills the form of settings in, and saves it after the page that says what it does. */
async function save(fill: () => Promise<unknown>): Promise<void> {
  const { page } = erin
  await page.goto(pages('/settings'))
  await fill()
  await page.click('#settings button[type=submit]')
  await page.click('#save button[type=submit]')
  await page.waitForSelector('#done')
}

async function setSecret(name: string, secret: string): Promise<void> {
  const { page } = erin
  await page.goto(pages('/settings'))
  await page.click(`#set-${name}`)
  await page.fill('input[name=secret]', secret)
  await page.click('#secret button[type=submit]')
  await page.waitForSelector('#done')
  expect(await page.textContent(`#state-${name}`)).toContain('Set')
  expect(page.url()).not.toContain(secret)
}

/** What the page says of a test. */
async function test(kind: 'mail' | 'sms', recipient: string): Promise<string> {
  const { page } = erin
  await page.goto(pages('/settings'))
  await page.click(`#${kind}-test`)
  await page.fill('input[name=recipient]', recipient)
  const arrived = page.waitForEvent('load')
  await page.click('#test button[type=submit]')
  await arrived
  return (await page.textContent('#last')) ?? ''
}

describe('an administrator of a realm, on a real Keycloak', () => {
  it('sets the mail server, is told of a wrong password, and sees a test mail arrive (S16, S17)', async () => {
    const { page } = erin
    await save(async () => {
      await page.fill('input[name="mail.host"]', '127.0.0.1')
      await page.fill('input[name="mail.port"]', String(server.port))
      await page.selectOption('select[name="mail.security"]', 'none')
      await page.fill('input[name="mail.from"]', 'sso@example.com')
      await page.fill('input[name="mail.username"]', 'acme')
    })
    await setSecret('mail-password', 'wrong')
    expect(await test('mail', 'erin@example.com')).toContain(
      'the server did not take the user name and password (status 535)',
    )
    await setSecret('mail-password', PASSWORD)
    expect(await test('mail', 'erin@example.com')).toContain('The mail server took the message.')
    const mail = await server.mailTo('erin@example.com')
    expect(mail.subject).toBe(`Mail of ${scenario.realm.name} arrives`)
  })

  it('chooses Twilio with an account of the realm’s own: a test arrives, and a login’s code at once (S17)', async () => {
    const { page } = erin
    provider.answer(TAKEN)
    await save(async () => {
      await page.selectOption('select[name=smsProvider]', 'twilio')
      await page.fill('input[name="smsTwilio.accountSid"]', TWILIO.accountSid)
      await page.fill('input[name="smsTwilio.from"]', TWILIO.from)
    })
    expect(await test('sms', NUMBER)).toContain('no auth token for Twilio is set')
    await setSecret('twilio-auth-token', TWILIO.authToken)
    expect(await test('sms', NUMBER)).toContain('The provider took the message.')
    const sent = () => provider.requests.map(({ body }) => new URLSearchParams(body))
    expect(sent().map((message) => message.get('To'))).toEqual([NUMBER])

    const carol = await scenario.visitor()
    await carol.signIn('carol')
    await carol.page.selectOption('select[name=country]', 'NL')
    await carol.page.fill('input[name=phone]', NUMBER)
    await carol.page.press('input[name=phone]', 'Enter')
    await carol.page.waitForSelector('input[name=code]')
    const code = /#(\d{6})$/.exec(sent().at(-1)?.get('Body') ?? '')?.[1] ?? ''
    expect(sent()).toHaveLength(2)
    await carol.submitCode(code)
    await carol.page.waitForSelector('#app')
    await carol.close()
  })

  it('goes over to a webhook: carol’s next code comes by it, without a restart (S17)', async () => {
    const { page } = erin
    await save(async () => {
      await page.selectOption('select[name=smsProvider]', 'webhook')
      await page.fill('input[name=smsWebhook]', `${provider.url}/take`)
    })
    await setSecret('sms-webhook-secret', WEBHOOK_SECRET)
    provider.answer({ status: 202 })
    expect(await test('sms', NUMBER)).toContain('The provider took the message.')
    const carol = await scenario.visitor()
    await carol.signIn('carol')
    await carol.page.waitForSelector('input[name=code]')
    expect(provider.requests.map(({ path }) => path)).toEqual(['/take', '/take'])
    const { text } = JSON.parse(provider.requests[1]?.body ?? '{}') as { text: string }
    await carol.submitCode(/#(\d{6})$/.exec(text)?.[1] ?? '')
    await carol.page.waitForSelector('#app')
    await carol.close()
  })

  it('sees on the overview what was sent and by what people signed in, seconds later', async () => {
    const { page } = erin
    const legend = async (chart: string) => {
      await page.goto(pages())
      const list = page.locator(`#chart-${chart} .legend-list`)
      return (await list.count()) === 0 ? '' : ((await list.textContent()) ?? '').replaceAll(/\s+/g, ' ')
    }
    // Three tests, of which one was never handed over, and two codes that came back.
    await expect
      .poll(async () => await legend('sms'), { timeout: 20_000, interval: 500 })
      .toMatch(/Code given back 2 Without an answer 3/)
    expect(await legend('logins')).toMatch(/Text message 1/)
    await page.click('#chart-logins summary')
    expect(await page.textContent('#chart-logins tbody tr')).toMatch(/\d/)
  })

  it('is alone in this: an auditor sees what is set, no secret, and no button (S14)', async () => {
    const grace = await enter('grace')
    const { page } = grace
    await page.goto(pages('/settings'))
    expect(await page.textContent('#state-mail-password')).toContain('Set')
    const html = await page.content()
    for (const secret of [PASSWORD, TWILIO.authToken, WEBHOOK_SECRET]) expect(html).not.toContain(secret)
    expect(await page.locator('#mail-test, #sms-test, #set-mail-password, #settings button').count()).toBe(0)
    expect(html).not.toMatch(/<script(?! src)|style="/)
    expect((await page.goto(pages('/settings/mail-test')))?.status()).toBe(403)
    await grace.close()
  })
})
