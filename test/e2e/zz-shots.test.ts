import { afterAll, beforeAll, it } from 'vitest'
import { startScenario } from '../support/scenario.ts'
let scenario
beforeAll(async () => { scenario = await startScenario() })
afterAll(async () => { await scenario.stop() })
const account = () => `${scenario.sidecar().url}/realms/${scenario.realm.name}/account`
it('shots', async () => {
  const bob = await scenario.enrolled()
  await scenario.sidecar().policy.saveRule(scenario.realm.name, { groupId: scenario.realm.groups['finance'], enforcement: 'disabled', priority: 0 })
  const { page } = bob
  await page.goto(account())
  await bob.givePassword(bob.username)
  await page.waitForSelector('input[name=code]')
  await page.screenshot({ path: '/tmp/account-real-challenge.png', fullPage: true })
  await bob.submitCode('000000')
  await page.emulateMedia({ colorScheme: 'dark' }); await page.setViewportSize({ width: 360, height: 740 })
  await page.screenshot({ path: '/tmp/account-real-challenge-error.png', fullPage: true })
  await page.setViewportSize({ width: 1280, height: 900 })
  await page.goto(account()); await page.waitForSelector('input[name=code]')
  await bob.submitCode(await bob.nextCode())
  await page.waitForSelector('#kind-totp')
  await page.screenshot({ path: '/tmp/account-real.png', fullPage: true })
  await page.goto(account() + '/methods/nothing/remove')
  await page.screenshot({ path: '/tmp/account-real-404.png', fullPage: true })
  await page.goto(account().replace('account', 'callback') + '?state=x&code=y')
  await page.emulateMedia({ colorScheme: 'light' })
  await page.screenshot({ path: '/tmp/account-real-expired.png', fullPage: true })
})
