import { afterAll, beforeAll, expect, it } from 'vitest'
import { eventsOf } from '../support/audit-events.ts'
import { codesOn } from '../support/login.ts'
import { withDevice } from '../support/passkey-device.ts'
import { startScenario } from '../support/scenario.ts'
import type { Scenario, Visitor } from '../support/scenario.ts'

let scenario: Scenario
beforeAll(async () => {
  scenario = await startScenario({ settings: { methods: ['passkey', 'totp', 'backup-codes'] } })
})
afterAll(async () => {
  await scenario.stop()
})

/** From the choice of a method to the application. */
async function setUpPasskey({ page }: Visitor, name: string): Promise<string[]> {
  await page.check('#method-passkey')
  await page.click('button[type=submit]')
  await page.fill('#label', name)
  await page.click('#use-passkey')
  await page.waitForSelector('#backup-codes')
  const codes = codesOn(await page.content())
  await page.check('#saved')
  await page.click('button[type=submit]')
  await page.waitForSelector('#app')
  return codes
}

/** Another login of the same browser, as after its session ended. */
async function signInAgain(visitor: Visitor, username: string): Promise<void> {
  await visitor.context.clearCookies()
  await visitor.signIn(username)
}

it('bob sets a passkey up at his first login, and the next login takes it by itself (B3, R22)', async () => {
  const bob = await scenario.createUser()
  const visitor = await scenario.visitor()
  const device = await withDevice(visitor)
  await visitor.signIn(bob.username)
  await setUpPasskey(visitor, 'Work laptop')
  expect(await device.credentials()).toHaveLength(1)

  await signInAgain(visitor, bob.username)
  await visitor.page.waitForSelector('#app')
  expect((await device.credentials())[0]?.signCount).toBe(2)

  // His own pages name it, and where it is.
  await visitor.page.goto(`${scenario.sidecar().url}/realms/${scenario.realm.name}/account`)
  const row = visitor.page.locator('[data-method=passkey]')
  expect(await row.textContent()).toContain('Work laptop')
  expect(await row.textContent()).toContain('On one device only')
  await visitor.close()
})

it("a passkey of another user's device is refused, and a backup code leads on", async () => {
  const [bob, carol] = [await scenario.createUser(), await scenario.createUser()]
  const [one, two] = [await scenario.visitor(), await scenario.visitor()]
  await withDevice(one)
  await withDevice(two)
  await one.signIn(bob.username)
  const codes = await setUpPasskey(one, 'Bob')
  await two.signIn(carol.username)
  await setUpPasskey(two, 'Carol')

  // Carol's browser, with Bob's password.
  await signInAgain(two, bob.username)
  const { page } = two
  await page.waitForSelector('[data-fault=cancelled]:not([hidden])')
  expect(await page.textContent('[data-fault=cancelled]')).toContain('none of yours on this device')
  // The button tries again; the page does not do it by itself.
  await page.reload()
  expect(await page.locator('[data-fault]:not([hidden])').count()).toBe(0)
  await page.click('#use-passkey')
  await page.waitForSelector('[data-fault=cancelled]:not([hidden])')
  await page.click('#try-another-way')
  await page.check('#method-backup-codes')
  await page.click('button[type=submit]')
  await two.submitCode(codes[0]!)
  await page.waitForSelector('#app')
  await one.close()
  await two.close()
})

it('a counter that stands still is refused and written down (B3)', async () => {
  const bob = await scenario.createUser()
  const visitor = await scenario.visitor()
  const device = await withDevice(visitor)
  await visitor.signIn(bob.username)
  await setUpPasskey(visitor, 'Bob')
  await device.setCounter(0)
  await signInAgain(visitor, bob.username)
  await visitor.page.waitForSelector('#code-error')
  expect(await visitor.page.textContent('#code-error')).toContain('not accepted')
  expect(await eventsOf(scenario.sidecar(), bob.id)).toContain('method.cloned')
  // The real one has counted on, and is taken once the user asks for it.
  await device.setCounter(7)
  await visitor.page.click('#use-passkey')
  await visitor.page.waitForSelector('#app')
  await visitor.close()
})

it('without a script the page says so, and another way is there', async () => {
  const bob = await scenario.createUser()
  const visitor = await scenario.visitor()
  await withDevice(visitor)
  await visitor.signIn(bob.username)
  const [code] = await setUpPasskey(visitor, 'Bob')
  const plain = await scenario.visitor({ javaScriptEnabled: false })
  await plain.signIn(bob.username)
  await plain.page.waitForSelector('[data-without-script]')
  expect(await plain.page.textContent('main')).toContain('Passkeys need JavaScript')
  expect(await plain.page.locator('#use-passkey').isVisible()).toBe(false)
  await plain.page.click('#try-another-way')
  await plain.page.check('#method-backup-codes')
  await plain.page.click('button[type=submit]')
  await plain.submitCode(code!)
  await plain.page.waitForSelector('#app')
  await visitor.close()
  await plain.close()
})
