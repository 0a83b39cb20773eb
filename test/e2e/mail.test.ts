import supertest from 'supertest'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { startMailServer } from '../support/mail.ts'
import type { MailServerDouble } from '../support/mail.ts'
import { startScenario } from '../support/scenario.ts'
import type { Scenario } from '../support/scenario.ts'

let server: MailServerDouble
let scenario: Scenario
beforeAll(async () => {
  server = await startMailServer()
  scenario = await startScenario({ environment: { LATCHKEY_PRIVATE_HOSTS: '127.0.0.1' } })
  await allow(['email'])
  scenario.sidecar().start()
})
afterAll(async () => {
  await scenario.stop()
  await server.stop()
})

const allow = async (methods: string[], port = server.port) =>
  await scenario.sidecar().policy.saveSettings(scenario.realm.name, {
    methods,
    mail: { host: '127.0.0.1', port, security: 'none', from: 'sso@example.com' },
  })
const addressOf = async (id: string) =>
  (await scenario.admin.users.findOne({ realm: scenario.realm.name, id }))?.email ?? ''
const codeTo = async (address: string, count: number) =>
  /\n(\d{6})\n/.exec((await server.mailTo(address, /code for/, count)).text ?? '')?.[1] ?? ''

it('a user sets up codes by e-mail, signs in by them, and is told of it (S16, S21)', async () => {
  const { id, username } = await scenario.createUser()
  const address = await addressOf(id)
  const visitor = await scenario.visitor()
  await visitor.signIn(username)
  await visitor.page.waitForSelector('input[name=code]')
  expect(await visitor.page.textContent('h1')).toBe('Confirm your e-mail address')
  await visitor.submitCode(await codeTo(address, 1))
  await visitor.page.waitForSelector('#app')
  // No invented value for e-mail (R21).
  expect(scenario.application.results.at(-1)?.idToken).toMatchObject({ amr: ['pwd', 'mfa'] })
  const notice = await server.mailTo(address, /was added/)
  expect(notice.text).toContain('Method: E-mail')
  expect(notice.text).toContain('From the network address:')
  await visitor.close()

  const again = await scenario.visitor()
  await again.signIn(username)
  await again.page.waitForSelector('input[name=code]')
  await again.submitCode(await codeTo(address, 2))
  await again.page.waitForSelector('#app')
  await again.close()
})

it('a mail server that is down holds up no login (S21)', async () => {
  await allow(['totp', 'email'], 1)
  const { username } = await scenario.createUser()
  const visitor = await scenario.visitor()
  await visitor.signIn(username)
  await visitor.page.check('input[name=method][value=totp]')
  await visitor.page.click('button[type=submit]')
  await visitor.page.waitForSelector('#secret')
  visitor.secret = ((await visitor.page.textContent('#secret')) ?? '').replaceAll(/\s/g, '')
  await visitor.submitCode(await visitor.nextCode())
  await visitor.page.waitForSelector('#app')
  await expect
    .poll(async () => (await supertest(scenario.sidecar().management).get('/metrics')).text, {
      timeout: 10_000,
    })
    .toMatch(/latchkey_notices_total\{realm="[^"]+",result="failed"\} 1/)
  await visitor.close()
})
