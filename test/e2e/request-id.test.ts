import { afterAll, beforeAll, expect, it } from 'vitest'
import { startScenario } from '../support/scenario.ts'
import type { Scenario } from '../support/scenario.ts'

let scenario: Scenario
beforeAll(async () => {
  scenario = await startScenario({
    change: (realm) => {
      realm.eventsEnabled = true
      realm.enabledEventTypes = ['LOGIN', 'LOGIN_ERROR']
    },
  })
})
afterAll(async () => {
  await scenario.stop()
})

/** The id that Keycloak's newest event of a kind has of the calls to the sidecar. */
async function requestOf(user: string, type: 'LOGIN' | 'LOGIN_ERROR'): Promise<string> {
  const [event] = await scenario.admin.realms.findEvents({ realm: scenario.realm.name, user, type })
  return String((event?.details as Record<string, unknown> | undefined)?.['latchkey_request'])
}

it("one login is found by the id in Keycloak's event: both calls of the bridge, and by them the browser's (B16)", async () => {
  const bob = await scenario.enrolled()
  await bob.signIn(bob.username)
  await bob.submitCode(await bob.nextCode())
  await bob.page.waitForSelector('#app')
  const id = await requestOf(bob.id, 'LOGIN')
  const { log } = scenario.sidecar()
  const called = () => log.filter((line) => line['requestId'] === id && 'req' in line)
  const base = `/realms/${scenario.realm.name}`
  await expect
    .poll(() => called().map((line) => (line['req'] as { path: string }).path))
    .toEqual([`${base}/par`, `${base}/token`])
  const steps = new Set(called().map((line) => line['step']))
  expect(steps.size).toBe(1)
  const [step] = steps
  const shown = log.filter((line) => line['step'] === step && line['requestId'] !== id)
  const paths = shown.map((line) => (line['req'] as { path: string }).path)
  expect(paths).toContain(`${base}/authorize`)
  expect(paths).toContain(`${base}/step/${String(step)}/challenge/totp`)
  await bob.close()
})

it("a login that fails shows the id that Keycloak's event has (B16)", async () => {
  const { id, username } = await scenario.createUser()
  const visitor = await scenario.visitor()
  await scenario.stopSidecar()
  await visitor.signIn(username)
  await expect.poll(async () => await visitor.page.textContent('#latchkey-request')).toContain('Reference: ')
  const shown = await visitor.page.textContent('#latchkey-request')
  const known = await requestOf(id, 'LOGIN_ERROR')
  expect(known).toMatch(/^[\w-]{36}$/)
  expect(shown).toBe(`Reference: ${known}`)
  await scenario.startSidecar()
  await visitor.close()
})
