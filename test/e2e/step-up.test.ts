import { afterAll, beforeAll, expect, it } from 'vitest'
import { withDevice } from '../support/passkey-device.ts'
import { startScenario } from '../support/scenario.ts'
import type { Scenario } from '../support/scenario.ts'

let scenario: Scenario
beforeAll(async () => {
  scenario = await startScenario({ settings: { methods: ['totp', 'passkey', 'backup-codes'] } })
})
afterAll(async () => {
  await scenario.stop()
})

const token = () => scenario.application.results.at(-1)?.idToken

it('level 3 takes a passkey only: who has an app proves it, sets one up, and is asked for it (B7, R21)', async () => {
  const bob = await scenario.enrolled()
  const { page } = bob
  await withDevice(bob)
  await page.goto(`${scenario.application.url}?acr_values=3`)
  await bob.givePassword(bob.username)
  await page.waitForSelector('#asks-for-passkey')
  await bob.submitCode(await bob.nextCode())
  // Nothing less is offered.
  expect(await page.locator('#try-another-way').count()).toBe(0)
  await page.click('#use-passkey')
  await page.waitForSelector('#backup-codes, #app')
  await page.waitForSelector('#app')
  expect(token()).toMatchObject({ amr: ['pwd', 'hwk', 'mfa'] })

  // An ordinary login of the same user is content with the app, and says no more than that.
  await bob.context.clearCookies()
  await bob.signIn(bob.username)
  await bob.submitCode(await bob.nextCode())
  await page.waitForSelector('#app')
  expect(token()).toMatchObject({ amr: ['pwd', 'otp', 'mfa'] })

  // Single sign-on by the app is not enough for level 3.
  await page.goto(`${scenario.application.url}?acr_values=3`)
  if ((await page.locator('#password').count()) > 0) {
    await page.fill('#password', bob.username)
    await page.click('#kc-login')
  }
  await page.waitForSelector('#app')
  expect(token()?.['amr']).toContain('hwk')
  await bob.close()
})

it('level 3 is refused to who may not set a passkey up, and an ordinary login goes on as before (S12)', async () => {
  await scenario.sidecar().policy.saveSettings(scenario.realm.name, {
    methods: ['totp', 'passkey', 'backup-codes'],
    selfMethods: ['totp'],
  })
  const bob = await scenario.enrolled()
  await bob.page.goto(`${scenario.application.url}?acr_values=3`)
  await bob.givePassword(bob.username)
  await bob.page.waitForSelector('body[data-page=blocked]')
  expect(await bob.page.textContent('main')).toContain('Only an administrator may set up another method')
  await bob.context.clearCookies()
  await bob.signIn(bob.username)
  await bob.submitCode(await bob.nextCode())
  await bob.page.waitForSelector('#app')
  await bob.close()
})
