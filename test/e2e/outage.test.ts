import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, inject, it } from 'vitest'
import { startImpostor } from '../support/impostor.ts'
import type { Answer } from '../support/impostor.ts'
import { startScenario } from '../support/scenario.ts'
import type { Scenario } from '../support/scenario.ts'

let scenario: Scenario
beforeAll(async () => {
  scenario = await startScenario()
})
afterAll(async () => {
  await scenario.stop()
})

const UNAVAILABLE = "can't be reached at the moment"

describe('with the sidecar away', () => {
  it('a login ends at a page that says so, and its retry goes on once the sidecar is back', async () => {
    const bob = await scenario.enrolled()
    const { page } = bob
    await scenario.stopSidecar()
    await bob.signIn(bob.username)
    expect(await page.textContent('body')).toContain(UNAVAILABLE)
    await page.click('#latchkey-retry')
    expect(await page.textContent('body')).toContain(UNAVAILABLE)
    await scenario.startSidecar()
    await page.click('#latchkey-retry')
    await bob.submitCode(await bob.nextCode())
    await page.waitForSelector('#app')
    await bob.close()
  })

  it('nobody gets in, whatever the policy would have said', async () => {
    await scenario.stopSidecar()
    for (const username of ['alice', 'dave']) {
      const visitor = await scenario.visitor()
      await visitor.signIn(username)
      expect(await visitor.page.textContent('body')).toContain(UNAVAILABLE)
      await visitor.close()
    }
    await scenario.startSidecar()
  })

  it('a step goes on after the sidecar was restarted in the middle of it', async () => {
    const bob = await scenario.enrolled()
    await bob.signIn(bob.username)
    await bob.page.waitForSelector('input[name=code]')
    await scenario.stopSidecar()
    await scenario.startSidecar()
    await bob.submitCode(await bob.nextCode())
    await bob.page.waitForSelector('#app')
    await bob.close()
  })

  it('a set-up goes on with the same secret after a restart', async () => {
    const { username } = await scenario.createUser()
    const visitor = await scenario.visitor()
    await visitor.signIn(username)
    const before = await visitor.page.textContent('#secret')
    await scenario.stopSidecar()
    await scenario.startSidecar()
    await visitor.page.reload()
    expect(await visitor.page.textContent('#secret')).toBe(before)
    await visitor.setUp()
    await visitor.close()
  })
})

it.each(['temporarily_unavailable', 'server_error', 'verified', 'access_denied'])(
  'error=%s typed into the address lets nobody in (R13, R31, P15)',
  async (error) => {
    const bob = await scenario.enrolled()
    const { page } = bob
    await bob.signIn(bob.username)
    await page.waitForSelector('input[name=code]')
    const situation = await scenario
      .sidecar()
      .store.situation(scenario.realm.name, { id: stepOf(page.url()) })
    const { redirectUri, state } = situation?.transaction.question ?? { redirectUri: '', state: '' }
    for (const url of [redirectUri, `${redirectUri}&state=${state}`]) {
      await page.goto(`${url}&error=${error}&error_description=verified&needed=false`)
      expect(await page.locator('#app').count()).toBe(0)
      expect(await page.textContent('body')).not.toContain('error_description')
    }
    await page.goto(scenario.application.url)
    expect(await page.locator('#app').count()).toBe(0)
    await bob.close()
  },
)

describe('an answer that is not a signed decision lets nobody in (R31, P15)', () => {
  const answers: Answer[] = [
    'nothing',
    'unsigned',
    'alg-none',
    'stranger-key',
    'false-as-text',
    'verified-in-an-error',
    'server-error',
    'client-error',
    'redirect',
    'not-json',
    'too-large',
    'hangs',
  ]
  let impostor: Awaited<ReturnType<typeof startImpostor>>
  beforeEach(async () => {
    await scenario.stopSidecar()
    impostor = await startImpostor(inject('keycloak').sidecarPort)
  })
  afterEach(async () => {
    await impostor.stop()
    await scenario.startSidecar()
  })

  it('of none of the kinds', async () => {
    for (const answer of answers) {
      impostor.answers(answer)
      const before = impostor.pushes()
      const visitor = await scenario.visitor()
      await visitor.signIn('alice')
      expect(await visitor.page.locator('#app').count(), answer).toBe(0)
      expect(await visitor.page.locator('#latchkey-retry').count(), answer).toBe(1)
      expect(impostor.pushes() - before, answer).toBe(1)
      await visitor.close()
    }
  })
})

function stepOf(url: string): string {
  return new URL(url).pathname.split('/').at(-1) ?? ''
}
