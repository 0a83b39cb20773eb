import { randomUUID } from 'node:crypto'
import { generateSecret } from 'otplib'
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import { firstSync } from '../support/first-sync.ts'
import { adminPage, enterAdmin } from '../support/admin-visit.ts'
import { startMailServer } from '../support/mail.ts'
import type { MailServerDouble } from '../support/mail.ts'
import { startScenario } from '../support/scenario.ts'
import type { Scenario, Visitor } from '../support/scenario.ts'

let server: MailServerDouble
let scenario: Scenario
const ids: Record<string, string> = {}

beforeAll(async () => {
  server = await startMailServer()
  scenario = await startScenario({
    environment: { LATCHKEY_PRIVATE_HOSTS: '127.0.0.1' },
    // Her own group allows text messages alone, which nobody sends here.
    change(realm) {
      const carol = realm.users?.find(({ username }) => username === 'carol')
      if (carol !== undefined) carol.groups = ['/finance']
    },
  })
  const { admin, realm, sidecar } = scenario
  await allow({})
  sidecar().start()
  sidecar().startWorker()
  for (const { username = '', id = '' } of await admin.users.find({ realm: realm.name })) ids[username] = id
  for (const username of ['carol', 'erin']) {
    await sidecar().store.commit({
      realm: realm.name,
      userId: ids[username] ?? '',
      enrol: [
        {
          id: randomUUID(),
          method: 'totp',
          label: 'lost phone',
          data: { secret: generateSecret({ length: 20 }), lastStep: 0 },
          at: Date.now(),
        },
      ],
    })
  }
  await firstSync(scenario)
})
afterAll(async () => {
  await scenario.stop()
  await server.stop()
})

const allow = async (settings: { bypassSeconds?: number }) =>
  await scenario.sidecar().policy.saveSettings(scenario.realm.name, {
    mail: { host: '127.0.0.1', port: server.port, security: 'none', from: 'sso@example.com' },
    ...settings,
  })

/** Signs in with the password, and enters a code of the help desk at the challenge. */
async function enterCode(username: string, code: string): Promise<Visitor> {
  const visitor = await scenario.visitor()
  const { page } = visitor
  await visitor.signIn(username)
  await page.click('#try-another-way')
  await page.check('input[name=method][value=help-desk]')
  await page.click('button[type=submit]')
  await page.waitForSelector('input[name=code]')
  expect(await page.textContent('h1')).toBe('Sign in with a code from the help desk')
  await visitor.submitCode(code)
  return visitor
}

async function isRefused(username: string, code: string): Promise<void> {
  const visitor = await enterCode(username, code)
  expect(await visitor.fieldError()).toContain('This code was not accepted')
  expect(await visitor.page.locator('#secret').count()).toBe(0)
  await visitor.close()
}

describe('the help desk, on a real Keycloak (B4, R29)', () => {
  let frank: Visitor
  let code = ''
  beforeAll(async () => {
    frank = await enterAdmin(scenario, 'frank', '/users')
  })

  async function give(reason: string): Promise<string> {
    const { page } = frank
    await page.goto(adminPage(scenario, `/users/${ids['carol']}`))
    await page.click('#bypass')
    await page.fill('#reason', reason)
    await page.click('#give button[type=submit]')
    await page.waitForSelector('#code')
    return ((await page.textContent('#code')) ?? '').trim()
  }

  it('frank gives carol a code, with a reason; she is told by whom, at once, and not the code', async () => {
    const { page } = frank
    await page.goto(adminPage(scenario, `/users/${ids['carol']}/bypass`))
    await page.click('#give button[type=submit]')
    await page.waitForSelector('#reason-error')
    code = await give('phone fell into the lake')
    expect(code).toMatch(/^[0-9A-Z]{4}(-[0-9A-Z]{4}){3}$/)
    await page.click('#given')
    expect(await page.textContent('#bypass-given')).toContain('given by frank')
    expect(await page.content()).not.toContain(code)
    const notice = await server.mailTo('carol@example.com', /help desk gave/)
    expect(notice.text).toContain('By: frank')
    expect(notice.text).not.toContain(code)
    await page.goto(adminPage(scenario, `/users/${ids['carol']}`))
    expect(await page.textContent('main')).toContain('phone fell into the lake')
  })

  it('carol gets in once, and must set up: the login proves no second factor', async () => {
    const carol = await enterCode('carol', code)
    const { page } = carol
    await page.waitForSelector('#secret')
    expect(await page.textContent('#replaces-all')).toContain('everything that you had set up before')
    const before = scenario.application.results.length
    // There is no way round the set-up, neither on our pages nor on Keycloak's.
    await page.goto(scenario.application.url)
    expect(scenario.application.results).toHaveLength(before)
    expect(await page.locator('#app').count()).toBe(0)
    await page.goBack()
    await page.waitForSelector('#secret')
    await carol.setUp()
    const { idToken } = scenario.application.results.at(-1) ?? {}
    expect(idToken).toMatchObject({ preferred_username: 'carol', amr: ['pwd'] })
    expect(idToken?.['acr']).not.toBe('2')

    // Her own page asks for what she set up just now: the code opened nothing but the login.
    await page.goto(`${scenario.sidecar().url}/realms/${scenario.realm.name}/account`)
    await page.waitForSelector('input[name=code]')
    expect(await page.textContent('h1')).toBe('Confirm that it is you')
    await carol.submitCode(await carol.nextCode())
    await page.waitForSelector('h1')
    const methods = (await scenario.sidecar().admin.user(scenario.realm.name, ids['carol'] ?? ''))?.methods
    expect(methods?.map(({ label }) => label)).not.toContain('lost phone')

    await carol.context.clearCookies()
    await carol.signIn('carol')
    await page.waitForSelector('input[name=code]')
    await carol.submitCode(await carol.nextCode())
    await page.waitForSelector('#app')
    expect(scenario.application.results.at(-1)?.idToken).toMatchObject({ amr: ['pwd', 'otp', 'mfa'] })
    await carol.close()
    expect((await server.mailTo('carol@example.com', /help desk was used/)).text).toContain('can')
  })

  it('a second use, one taken back and a late one are refused, all in the same words (R11)', async () => {
    await isRefused('carol', code)
    const { page } = frank
    const taken = await give('again')
    await page.goto(adminPage(scenario, `/users/${ids['carol']}`))
    await page.click('#take-back')
    await page.click('#confirm button[type=submit]')
    await page.waitForSelector('#done')
    await isRefused('carol', taken)
    await allow({ bypassSeconds: 1 })
    const late = await give('too late')
    const over = Date.now() + 1_000
    await vi.waitUntil(() => Date.now() > over, { timeout: 5_000 })
    await isRefused('carol', late)
    await allow({})
  })

  it('frank can give none to erin, who is a tfa-admin, nor to himself (R28)', async () => {
    const { page } = frank
    for (const [username, why] of [
      ['erin', /only a tfa-admin/],
      ['frank', /your own account/],
    ] as const) {
      await page.goto(adminPage(scenario, `/users/${ids[username]}`))
      expect(await page.locator('#bypass').count()).toBe(0)
      expect(await page.textContent('#may-not')).toMatch(why)
    }
    // A form that somebody made by hand is no way round.
    const answer = await page.request.post(adminPage(scenario, `/users/${ids['erin']}/bypass`), {
      form: { reason: 'please' },
      headers: { 'Sec-Fetch-Site': 'same-origin' },
    })
    expect(await answer.text()).not.toContain('id="code"')
    expect(
      (await scenario.sidecar().admin.user(scenario.realm.name, ids['erin'] ?? ''))?.bypass,
    ).toBeUndefined()
    await frank.close()
  })
})
