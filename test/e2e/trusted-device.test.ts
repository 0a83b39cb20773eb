import type { Cookie } from 'playwright-core'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { startMailServer } from '../support/mail.ts'
import type { MailServerDouble } from '../support/mail.ts'
import { startScenario } from '../support/scenario.ts'
import type { Scenario, Visitor } from '../support/scenario.ts'

let server: MailServerDouble
let scenario: Scenario
beforeAll(async () => {
  server = await startMailServer()
  scenario = await startScenario({
    environment: { LATCHKEY_PRIVATE_HOSTS: '127.0.0.1' },
    settings: {
      trustedDays: 30,
      mail: { host: '127.0.0.1', port: server.port, security: 'none', from: 'sso@example.com' },
    },
  })
  scenario.sidecar().start()
})
afterAll(async () => {
  await scenario.stop()
  await server.stop()
})

type User = { id: string; username: string }

const results = () => scenario.application.results
const devicesOf = async ({ id }: User) => await scenario.sidecar().admin.devices(scenario.realm.name, id)

/** Gives the password, on a browser that no single sign-on leads past it; what comes then. */
async function enters(visitor: Visitor, { username }: User, query = ''): Promise<'application' | 'asked'> {
  await visitor.context.clearCookies({ name: /^(KEYCLOAK|AUTH|KC)_/ })
  await visitor.page.goto(scenario.application.url + query)
  await visitor.givePassword(username)
  await visitor.page.waitForSelector('#app, input[name=code]')
  return (await visitor.page.locator('#app').count()) > 0 ? 'application' : 'asked'
}

/** Signs in with the box checked. */
async function trusts(visitor: Visitor, user: User, app: Visitor = visitor): Promise<void> {
  expect(await enters(visitor, user)).toBe('asked')
  expect(await visitor.page.isChecked('#trust')).toBe(false)
  await visitor.page.check('#trust')
  await visitor.submitCode(await app.nextCode())
  await visitor.page.waitForSelector('#app')
}

async function deviceCookies(visitor: Visitor): Promise<Cookie[]> {
  return (await visitor.context.cookies()).filter(({ name }) => name.startsWith('lk-device-'))
}

it('a trusted device is not asked next time, and the token says what was proven (R21, R27)', async () => {
  const bob = await scenario.enrolled()
  await trusts(bob, bob)
  expect(results().at(-1)?.idToken).toMatchObject({ amr: ['pwd', 'otp', 'mfa'] })

  const before = Math.floor(Date.now() / 1000)
  expect(await enters(bob, bob)).toBe('application')
  const idToken = results().at(-1)?.idToken
  expect(idToken?.['amr']).toEqual(['pwd'])
  expect(idToken?.['acr']).not.toBe('2')
  const authTime = idToken?.['auth_time']
  expect(authTime).toBeGreaterThanOrEqual(before - 1)

  // Single sign-on within the session goes on, also where no browser can be led away, and proves nothing anew.
  await bob.page.goto(`${scenario.application.url}?prompt=none`)
  await bob.page.waitForSelector('#app')
  expect(results().at(-1)?.idToken).toMatchObject({ amr: ['pwd'], auth_time: authTime })

  // A step-up asks all the same, and does not offer to trust.
  await bob.page.goto(`${scenario.application.url}?acr_values=2`)
  // Keycloak asks for the password again, since the session is of a lower level.
  await bob.page.fill('#password', bob.username)
  await bob.page.click('#kc-login')
  await bob.page.waitForSelector('input[name=code]')
  expect(await bob.page.locator('#trust').count()).toBe(0)
  await bob.submitCode(await bob.nextCode())
  await bob.page.waitForSelector('#app')
  expect(results().at(-1)?.idToken).toMatchObject({ amr: ['pwd', 'otp', 'mfa'] })
  expect(await enters(bob, bob, '?acr_values=2')).toBe('asked')
  expect(await enters(bob, bob, '?max_age=3600')).toBe('asked')
  await bob.close()
})

it('our own pages are not opened by a trusted device, and list it; forgotten, it is asked (R17)', async () => {
  const bob = await scenario.enrolled()
  await trusts(bob, bob)
  expect(await enters(bob, bob)).toBe('application')
  await bob.page.goto(`${scenario.sidecar().url}/realms/${scenario.realm.name}/account`)
  await bob.page.waitForSelector('input[name=code]')
  expect(await bob.page.locator('#trust').count()).toBe(0)
  await bob.submitCode(await bob.nextCode())
  await bob.page.waitForSelector('#device-list')
  expect(await bob.page.textContent('#device-list')).toMatch(/Chrome on Linux.*Trusted since:.*Until:/s)
  await bob.page.click('[data-do=forget]')
  await bob.page.waitForSelector('#done')
  expect(await bob.page.locator('#device-list').count()).toBe(0)
  // The session that it entered is asked, too.
  expect(await devicesOf(bob)).toEqual([])
  expect(await enters(bob, bob)).toBe('asked')
  await bob.close()
})

it('a copied cookie that is used after the original: both are out, and the user is told', async () => {
  const bob = await scenario.enrolled()
  await trusts(bob, bob)
  const copied = await deviceCookies(bob)
  expect(copied).toHaveLength(1)
  const thief = await scenario.visitor()
  await thief.context.addCookies(copied)
  expect(await enters(bob, bob)).toBe('application')
  expect(await enters(bob, bob)).toBe('application')

  expect(await enters(thief, bob)).toBe('asked')
  expect(await deviceCookies(thief)).toEqual([])
  expect(await enters(bob, bob)).toBe('asked')
  expect(await devicesOf(bob)).toEqual([])
  const { email = '' } =
    (await scenario.admin.users.findOne({ realm: scenario.realm.name, id: bob.id })) ?? {}
  const mail = await server.mailTo(email, /copy of your trusted device/)
  expect(mail.text).toContain('From the network address:')
  await Promise.all([bob.close(), thief.close()])
})

it('two users of one browser are apart (R15, P18)', async () => {
  const [alice, bob] = [await scenario.enrolled(), await scenario.enrolled()]
  await trusts(alice, alice)
  expect(await enters(alice, bob)).toBe('asked')
  await trusts(alice, bob, bob)
  expect(await deviceCookies(alice)).toHaveLength(2)
  expect(await enters(alice, alice)).toBe('application')
  expect(await enters(alice, bob)).toBe('application')
  expect(results().at(-1)?.idToken?.['preferred_username']).toBe(bob.username)
  await Promise.all([alice.close(), bob.close()])
})

it('a changed method ends it, and so does a reset (R18, P23)', async () => {
  const bob = await scenario.enrolled()
  await trusts(bob, bob)
  await bob.page.goto(`${scenario.sidecar().url}/realms/${scenario.realm.name}/account`)
  await bob.page.click('#set-up-totp')
  await bob.page.waitForSelector('#secret')
  const app = await scenario.visitor()
  app.secret = ((await bob.page.textContent('#secret')) ?? '').replaceAll(/\s/g, '')
  await bob.submitCode(await app.nextCode())
  await bob.page.waitForSelector('#backup-codes')
  await bob.page.check('#saved')
  await bob.page.click('button[type=submit]')
  await bob.page.waitForSelector('#done')
  expect(await devicesOf(bob)).toEqual([])
  await trusts(bob, bob, app)
  await scenario.sidecar().admin.commit({
    realm: scenario.realm.name,
    revoke: { userId: bob.id, ids: [] },
    audit: [],
  })
  expect(await enters(bob, bob)).toBe('asked')
  await Promise.all([bob.close(), app.close()])
})

it('a rule that allows no days any more is asked at once, and offers nothing (R14)', async () => {
  const bob = await scenario.enrolled()
  await trusts(bob, bob)
  const rule = {
    groupId: scenario.realm.groups['finance'] ?? '',
    enforcement: 'required' as const,
    priority: 0,
  }
  await scenario.sidecar().policy.saveRule(scenario.realm.name, { ...rule, trustedDays: 0 })
  expect(await enters(bob, bob)).toBe('asked')
  expect(await bob.page.locator('#trust').count()).toBe(0)
  await scenario.sidecar().policy.saveRule(scenario.realm.name, rule)
  await bob.close()
})
