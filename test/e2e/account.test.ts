import { afterAll, beforeAll, expect, it } from 'vitest'
import { codeFor } from '../support/login.ts'
import { startScenario } from '../support/scenario.ts'
import type { Scenario, Visitor } from '../support/scenario.ts'

let scenario: Scenario
beforeAll(async () => {
  scenario = await startScenario()
})
afterAll(async () => {
  await scenario.stop()
})

const account = () => `${scenario.sidecar().url}/realms/${scenario.realm.name}/account`

/** Sets an app up from its page on, and saves the backup codes. */
async function setUpApp(visitor: Visitor): Promise<void> {
  const { page } = visitor
  await page.waitForSelector('.qr svg')
  visitor.secret = ((await page.textContent('#secret')) ?? '').replaceAll(/\s/g, '')
  await page.fill('#label', 'Pixel 9')
  await visitor.submitCode(await visitor.nextCode())
  await page.waitForSelector('#backup-codes')
  await page.check('#saved')
  await page.click('button[type=submit]')
  await page.waitForSelector('#done')
}

it("a thief with bob's password and a single sign-on session opens the account pages: challenged, not in (R17)", async () => {
  const bob = await scenario.enrolled()
  const thief = await scenario.visitor()
  // The application lets bob in by the password alone: the realm does not ask in this one login.
  await scenario.sidecar().policy.saveRule(scenario.realm.name, {
    groupId: scenario.realm.groups['finance'] ?? '',
    enforcement: 'disabled',
    priority: 0,
  })
  await thief.signIn(bob.username)
  await thief.page.waitForSelector('#app')
  await scenario.sidecar().policy.saveRule(scenario.realm.name, {
    groupId: scenario.realm.groups['finance'] ?? '',
    enforcement: 'optional',
    priority: 0,
  })
  await thief.page.goto(account())
  await thief.page.waitForSelector('input[name=code]')
  expect(await thief.page.content()).not.toContain('Pixel')
  await thief.submitCode('000000')
  expect(await thief.fieldError()).toContain('not accepted')
  await thief.page.goto(`${account()}/off`)
  await thief.page.waitForSelector('input[name=code]')
  await thief.page.click('#cancel')
  await thief.page.waitForURL(/\/account\//)
  await thief.close()

  const own = await scenario.visitor()
  own.secret = bob.secret
  await own.page.goto(account())
  await own.givePassword(bob.username)
  await own.submitCode(await bob.nextCode())
  await own.page.waitForSelector('#kind-totp')
  await own.close()
  await bob.close()
})

it('alice turns it on in her pages, renames, and turns it off again with a fresh code (S8, S15)', async () => {
  const alice = await scenario.visitor()
  const { page } = alice
  await page.goto(account())
  await alice.givePassword('alice')
  await page.waitForSelector('#turn[aria-checked=false]')
  expect(await page.textContent('#why')).toContain("Optional, because it is the realm's default")
  await page.click('#turn')
  await setUpApp(alice)
  await page.waitForSelector('#turn[aria-checked=true]')
  expect(await page.textContent('[data-method=totp]')).toContain('Pixel 9')
  expect(await page.textContent('[data-method=backup-codes]')).toContain('10 unused')

  await page.click('[data-do=rename]')
  await page.fill('#label', 'Fairphone')
  await page.click('#confirm')
  await page.waitForSelector('#done')
  expect(await page.textContent('[data-method=totp]')).toContain('Fairphone')

  // A later session of its own: what it gave is the second factor of its login.
  const later = await scenario.visitor({ javaScriptEnabled: false })
  later.secret = alice.secret
  await later.page.goto(account())
  await later.givePassword('alice')
  await later.submitCode(await alice.nextCode())
  await later.page.click('#turn')
  await later.page.click('#confirm')
  await later.page.waitForSelector('#turn[aria-checked=false]')
  await later.close()
  expect((await page.goto(account()))?.status()).toBe(200)
  expect(await page.locator('#turn').getAttribute('aria-checked')).toBe('false')
  await alice.close()
})

it("with self removal off the user can't turn it off, and reads why (S12)", async () => {
  await scenario.sidecar().policy.saveSettings(scenario.realm.name, { selfRemoval: false })
  const user = await scenario.createUser({ group: '' })
  const visitor = await scenario.visitor()
  const { page } = visitor
  await page.goto(account())
  await visitor.givePassword(user.username)
  await page.click('#turn')
  await setUpApp(visitor)
  expect(await page.locator('#turn').count()).toBe(0)
  expect(await page.textContent('#only-remove')).toContain('Only an administrator may remove')
  const response = await page.goto(`${account()}/off`)
  expect(response?.status()).toBe(403)
  expect(await page.textContent('main')).toContain('Only an administrator may remove')
  await page.click('#back')
  await page.waitForSelector('#kind-totp')
  await scenario.sidecar().policy.saveSettings(scenario.realm.name, {})
  await visitor.close()
})

it('a logout in Keycloak ends the session here, and a logout here ends it in Keycloak', async () => {
  const user = await scenario.createUser({ group: '' })
  const visitor = await scenario.visitor()
  const { page } = visitor
  await page.goto(account())
  await visitor.givePassword(user.username)
  await page.waitForSelector('#sign-out')

  await scenario.admin.users.logout({ realm: scenario.realm.name, id: user.id })
  await expect
    .poll(async () => {
      await page.goto(account())
      return await page.locator('#username').count()
    })
    .toBe(1)

  await visitor.givePassword(user.username)
  await page.click('#sign-out')
  // Keycloak asks once more, since no token travels in an address to vouch for the wish (R23).
  await page.click('#kc-logout')
  await page.waitForLoadState('load')
  await page.goto(scenario.application.url)
  await page.waitForSelector('#username')
  await visitor.close()
})

it('asks for the second factor in Keycloak before the pages where it is required, and not again', async () => {
  await scenario.sidecar().policy.saveRule(scenario.realm.name, {
    groupId: scenario.realm.groups['finance'] ?? '',
    enforcement: 'required',
    priority: 0,
  })
  const bob = await scenario.enrolled()
  const { page } = bob
  await page.goto(account())
  await bob.givePassword(bob.username)
  await page.fill('input[name=code]', await codeFor(bob.secret, Date.now()))
  await page.waitForSelector('#kind-totp')
  expect(await page.textContent('#why')).toContain('because of the rule for the group /finance')
  expect(await page.locator('#turn').count()).toBe(0)
  await page.click('#account-console')
  await page.waitForURL(new RegExp(`${scenario.realm.name}/account/`))
  await bob.close()
})
