import { afterEach, describe, expect, it } from 'vitest'
import { startScenario } from '../support/scenario.ts'
import type { Scenario } from '../support/scenario.ts'

let scenario: Scenario
afterEach(async () => {
  await scenario.stop()
})

describe('unusual people and places', () => {
  it('a realm name with a space and a user name with umlauts, quotes and braces', async () => {
    const username = `jörg "o'neill" {{7*7}} <b>&amp;`
    scenario = await startScenario({ realm: `a realm ${Date.now() % 10_000}` })
    const { realm, admin } = scenario
    const profile = await admin.users.getProfile({ realm: realm.name })
    for (const attribute of profile.attributes ?? []) {
      if (attribute.name === 'username') attribute.validations = { length: { min: 1, max: 255 } }
    }
    await admin.users.updateProfile({ ...profile, realm: realm.name })
    await scenario.createUser({ username })
    const visitor = await scenario.visitor()
    await visitor.signIn(username)
    const { page } = visitor
    await page.waitForSelector('#secret')
    expect(await page.inputValue('#username').catch(async () => await page.textContent('main'))).toContain(
      username,
    )
    const uri = (await page.getAttribute('#open-app', 'href')) ?? ''
    expect(decodeURIComponent(new URL(uri).pathname)).toContain(username)
    await visitor.setUp()
    expect(scenario.application.results.at(-1)?.idToken).toMatchObject({
      preferred_username: username.toLowerCase(),
      amr: ['pwd', 'otp', 'mfa'],
    })
    await visitor.close()
  })

  it('a user whose profile nobody but an administrator can write to (R20, P16)', async () => {
    scenario = await startScenario()
    const { realm, admin } = scenario
    const profile = await admin.users.getProfile({ realm: realm.name })
    for (const attribute of profile.attributes ?? []) {
      attribute.permissions = { view: ['admin', 'user'], edit: ['admin'] }
    }
    await admin.users.updateProfile({ ...profile, realm: realm.name })
    const { id, username } = await scenario.createUser()
    const before = await admin.users.findOne({ realm: realm.name, id, userProfileMetadata: false })
    const visitor = await scenario.visitor()
    await visitor.signIn(username)
    await visitor.setUp()
    // Nothing was written to the user in Keycloak, so a store that can't be written to does as well.
    expect(await admin.users.findOne({ realm: realm.name, id, userProfileMetadata: false })).toEqual(before)
    await visitor.close()
  })

  it('a user in German, whose pages follow Keycloak’s language', async () => {
    scenario = await startScenario()
    const { username } = await scenario.createUser()
    const visitor = await scenario.visitor({ locale: 'de-DE' })
    const { page } = visitor
    await visitor.signIn(username)
    expect(await page.getAttribute('html', 'lang')).toBe('de')
    await page.click('summary')
    await page.click('a[hreflang=en], a[href*="ui_locales=en"]')
    expect(await page.getAttribute('html', 'lang')).toBe('en')
    await visitor.setUp()
    await visitor.close()
  })
})

it('asks a user whom the role tfa-admin makes Required, though no group does', async () => {
  scenario = await startScenario()
  const erin = await scenario.visitor()
  await erin.signIn('erin')
  await erin.setUp()
  await erin.close()
})

it('tells a user for whom the policy allows no method whom to ask, and lets nobody in', async () => {
  scenario = await startScenario()
  const { realm } = scenario
  const groupId = realm.groups['field'] ?? ''
  await scenario
    .sidecar()
    .policy.saveRule(realm.name, { groupId, enforcement: 'required', methods: ['sms'], priority: 0 })
  const carol = await scenario.visitor()
  await carol.signIn('carol')
  expect(await carol.page.textContent('main')).toContain('Please ask your administrator')
  await carol.page.click('#cancel')
  await carol.page.waitForLoadState()
  expect(await carol.page.locator('#app').count()).toBe(0)
  expect(await carol.page.locator('#latchkey-retry').count()).toBe(1)
  await carol.close()
})
