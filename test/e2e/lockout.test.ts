import { afterAll, beforeAll, expect, it } from 'vitest'
import { startScenario } from '../support/scenario.ts'
import type { Scenario } from '../support/scenario.ts'

let scenario: Scenario
beforeAll(async () => {
  scenario = await startScenario({ settings: { maxFailures: 5, lockoutSeconds: 3 } })
})
afterAll(async () => {
  await scenario.stop()
})

it('locks after wrong codes counted across tabs, restarts and new logins; then the right code works (R7, R8, P2)', async () => {
  const bob = await scenario.enrolled()
  const { context, page } = bob
  await bob.signIn(bob.username)
  await bob.submitCode('000000')
  await bob.submitCode('000001')

  // A second tab of the same login, a restart of it, and a login of its own elsewhere.
  const tab = await context.newPage()
  await tab.goto(page.url().split('?', 1)[0] ?? '')
  await bob.submitCode('000002', tab)
  await page.click('#reset-login')
  await bob.givePassword(bob.username)
  await page.waitForSelector('input[name=code]')
  await bob.submitCode('000003')
  const elsewhere = await scenario.visitor()
  elsewhere.secret = bob.secret
  await elsewhere.signIn(bob.username)
  await elsewhere.submitCode('000004')

  expect(await elsewhere.page.textContent('main')).toMatch(/Too many wrong codes.*Try again in \d+ seconds?/s)
  const path = elsewhere.page.url().split('?', 1)[0] ?? ''
  // The form as it was before the lock, with the right code.
  const during = await elsewhere.context.request.post(`${path}/challenge/totp`, {
    form: { code: await bob.nextCode() },
    headers: { origin: scenario.sidecar().url },
    maxRedirects: 0,
  })
  expect(during.status()).toBe(303)
  expect(during.headers()['location']).not.toContain('code=')

  await expect
    .poll(
      async () => {
        await page.reload()
        return await page.locator('input[name=code]').count()
      },
      { timeout: 15_000 },
    )
    .toBe(1)
  await bob.submitCode(await bob.nextCode())
  await page.waitForSelector('#app')
  await bob.close()
  await elsewhere.close()
})

it("moves Keycloak's own counter, though the guesser never comes back to be counted (R9, P1)", async () => {
  const bob = await scenario.enrolled()
  await bob.signIn(bob.username)
  for (const code of ['000000', '000001', '000002']) await bob.submitCode(code)
  await bob.close()
  const counted = async (): Promise<unknown> =>
    (await scenario.admin.attackDetection.findOne({ realm: scenario.realm.name, id: bob.id }))?.[
      'numFailures'
    ]
  expect(await counted()).toBe(0)

  const owner = await scenario.visitor()
  await owner.signIn(bob.username)
  await owner.page.waitForSelector('input[name=code]')
  expect(await counted()).toBe(3)
  await owner.signIn(bob.username)
  await owner.page.waitForSelector('input[name=code]')
  expect(await counted()).toBe(3)

  // A full login clears it, as Keycloak does.
  owner.secret = bob.secret
  await owner.submitCode(await bob.nextCode())
  await owner.page.waitForSelector('#app')
  expect(await counted()).toBe(0)
  await owner.close()
})

it("counts here where Keycloak's protection is off (P1)", async () => {
  const open = await startScenarioWithoutProtection()
  try {
    const bob = await open.enrolled()
    await bob.signIn(bob.username)
    for (const code of ['000000', '000001', '000002']) await bob.submitCode(code)
    await bob.page.waitForSelector('[data-page=locked]')
    await bob.close()
  } finally {
    await open.stop()
    await scenario.startSidecar()
  }
})

async function startScenarioWithoutProtection(): Promise<Scenario> {
  await scenario.stopSidecar()
  return await startScenario({
    settings: { maxFailures: 3, lockoutSeconds: 60 },
    change(realm) {
      realm.bruteForceProtected = false
    },
  })
}
