import { afterAll, beforeAll, expect, it } from 'vitest'
import { startScenario } from '../support/scenario.ts'
import type { Scenario } from '../support/scenario.ts'

/** No worker runs here: a login is decided from what Keycloak says of it now. */
let scenario: Scenario
beforeAll(async () => {
  scenario = await startScenario()
})
afterAll(async () => {
  await scenario.stop()
})

const finance = () => scenario.realm.groups['finance'] ?? ''

/** What comes after the password: the application, a set-up that is put off, or one that is not. */
async function afterPassword(username: string): Promise<'application' | 'put off' | 'set-up'> {
  const visitor = await scenario.visitor()
  await visitor.signIn(username)
  const { page } = visitor
  await page.waitForSelector('#app, #secret, #countdown')
  const isPutOff = (await page.locator('#countdown').count()) > 0
  if (isPutOff) {
    await page.click('#not-now button')
    await page.waitForSelector('#app')
  }
  const found = (await page.locator('#secret').count()) > 0 ? 'set-up' : isPutOff ? 'put off' : 'application'
  await visitor.close()
  return found
}

it('a user who was put into a group obeys its rule at the next login, with the worker stopped', async () => {
  const { id, username } = await scenario.createUser({ group: '' })
  expect(await afterPassword(username)).toBe('application')
  const membership = { realm: scenario.realm.name, id, groupId: finance() }
  await scenario.admin.users.addToGroup(membership)
  expect(await afterPassword(username)).toBe('set-up')
  await scenario.admin.users.delFromGroup(membership)
  expect(await afterPassword(username)).toBe('application')
})

it('a renamed group, and a subgroup of it, keep its rule before any sync', async () => {
  const { realm, admin } = scenario
  const below = await admin.groups.createChildGroup({ realm: realm.name, id: finance() }, { name: 'emea' })
  const { id, username } = await scenario.createUser({ group: '' })
  await admin.users.addToGroup({ realm: realm.name, id, groupId: below.id ?? '' })
  await admin.groups.update({ realm: realm.name, id: finance() }, { name: 'money' })
  expect(await afterPassword(username)).toBe('set-up')
  await admin.groups.update({ realm: realm.name, id: finance() }, { name: 'finance' })
})

it('a grace lets a user in without a second factor, and the token says so (R27)', async () => {
  const { sidecar, realm, application } = scenario
  const rule = { groupId: finance(), enforcement: 'required' as const, priority: 0 }
  await sidecar().policy.saveRule(realm.name, { ...rule, grace: { days: 7 } })
  const { id, username } = await scenario.createUser()
  expect(await afterPassword(username)).toBe('put off')
  expect(application.results.at(-1)?.idToken).toMatchObject({ amr: ['pwd'] })
  const { graceStarts } = await sidecar().store.background(realm.name, id, 'none')
  expect([...graceStarts.keys()]).toEqual([finance()])
  await sidecar().policy.saveRule(realm.name, { ...rule, grace: { until: '2020-01-01T00:00:00Z' } })
  expect(await afterPassword(username)).toBe('set-up')
  await sidecar().policy.saveRule(realm.name, rule)
})

it('where only text messages are allowed, who has an app proves it and sets a phone up, and the app works again later (S1)', async () => {
  const { sidecar, realm } = scenario
  await scenario.stopSidecar()
  await scenario.startSidecar({ LATCHKEY_DELIVERY: 'inbox' })
  const bob = await scenario.enrolled()
  await sidecar().policy.saveSettings(realm.name, { methods: ['sms'], smsCountries: ['NL'] })
  await bob.signIn(bob.username)
  await bob.submitCode(await bob.nextCode())
  await bob.page.waitForSelector('select[name=country]')
  await bob.page.fill('input[name=phone]', '06 12345678')
  await bob.page.click('button[type=submit]')
  await bob.page.waitForSelector('input[name=code]')
  const inbox = await fetch(`${sidecar().url}/dev/inbox.json?to=%2B31612345678`)
  const [message] = (await inbox.json()) as { text: string }[]
  await bob.submitCode(/#(\d{6})$/.exec(message?.text ?? '')?.[1] ?? '')
  await bob.page.waitForSelector('#app')
  await sidecar().policy.saveSettings(realm.name, { methods: ['totp', 'sms'], smsCountries: ['NL'] })
  const again = await scenario.visitor()
  again.secret = bob.secret
  await again.signIn(bob.username)
  await again.page.waitForSelector('input[name=code]')
  await again.submitCode(await bob.nextCode())
  await again.page.waitForSelector('#app')
  expect(scenario.application.results.at(-1)?.idToken).toMatchObject({ amr: ['pwd', 'otp', 'mfa'] })
  await Promise.all([bob.close(), again.close()])
})
