import { afterAll, beforeAll, expect, it } from 'vitest'
import { startScenario } from '../support/scenario.ts'
import type { Scenario } from '../support/scenario.ts'

let scenario: Scenario
beforeAll(async () => {
  scenario = await startScenario()
})
afterAll(async () => {
  await scenario.stop()
})

const manage = () => `${scenario.application.url}?kc_action=latchkey-manage`

it('a user without a method sets one up from the application, though the policy is Optional (S8)', async () => {
  const alice = await scenario.visitor()
  await alice.page.goto(manage())
  await alice.givePassword('alice')
  await alice.setUp()
  expect(scenario.application.results.at(-1)?.idToken).toMatchObject({ amr: ['pwd', 'otp', 'mfa'] })
  await alice.close()

  const again = await scenario.visitor()
  again.secret = alice.secret
  await again.signIn('alice')
  await again.submitCode(await alice.nextCode())
  await again.page.waitForSelector('#app')
  await again.close()
})

it('a cancel is a cancel: nothing is kept and the login goes on', async () => {
  const { username } = await scenario.createUser({ group: '' })
  const visitor = await scenario.visitor()
  await visitor.page.goto(manage())
  await visitor.givePassword(username)
  await visitor.page.click('#cancel')
  await visitor.page.waitForSelector('#app')
  expect(scenario.application.results.at(-1)?.idToken).toMatchObject({ amr: ['pwd'] })
  await visitor.close()
  const next = await scenario.visitor()
  await next.signIn(username)
  await next.page.waitForSelector('#app')
  await next.close()
})

it('asks for a present method before another is set up (R17, P7)', async () => {
  const bob = await scenario.enrolled()
  const { page } = bob
  await page.goto(manage())
  await bob.givePassword(bob.username)
  // Once for the login, once for the change.
  await bob.submitCode(await bob.nextCode())
  await page.waitForSelector('#cancel')
  expect(await page.locator('#secret').count()).toBe(0)
  await bob.submitCode(await bob.nextCode())
  await page.waitForSelector('input[name=method]')
  await page.check('input[name=method][value=totp]')
  await page.click('button[type=submit]')
  await bob.setUp()
  await bob.close()
})

it('costs one back-channel call where nothing is needed, and two where a code is', async () => {
  const bob = await scenario.enrolled()
  const posts = async (login: () => Promise<void>) => {
    const { requests } = scenario.sidecar()
    const before = requests.length
    await login()
    return requests
      .slice(before)
      .filter((line) => /\/(par|token|jwks)$/.test(line))
      .map((line) => line.split('/').at(-1))
  }
  expect(
    await posts(async () => {
      await bob.signIn(bob.username)
      await bob.submitCode(await bob.nextCode())
      await bob.page.waitForSelector('#app')
    }),
  ).toEqual(['par', 'token'])
  const dave = await scenario.visitor()
  expect(
    await posts(async () => {
      await dave.signIn('dave')
      await dave.page.waitForSelector('#app')
    }),
  ).toEqual(['par'])
  await bob.close()
  await dave.close()
})
