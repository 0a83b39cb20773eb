import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { openHouse } from '../support/doors.ts'
import type { House } from '../support/doors.ts'

let house: House
beforeAll(async () => {
  house = await openHouse()
})
afterAll(async () => {
  await house.stop()
})

type Requirement = 'REQUIRED' | 'ALTERNATIVE'

/** A browser flow with the authenticator alone, behind the password: beside it, or in a subflow of its own. */
async function flowWith(requirement: Requirement, { within }: { within: boolean }): Promise<string> {
  const { admin, realm } = house
  const flows = admin.authenticationManagement
  const newName = `placed ${requirement} ${within ? 'within' : 'beside'}`
  const named = async (flow: string) => await flows.getExecutions({ realm: realm.name, flow })
  await flows.copyFlow({ realm: realm.name, flow: 'browser', newName })
  const [secondFactor] = (await named(newName)).filter(({ displayName }) => /2FA|OTP/.test(displayName ?? ''))
  await flows.delExecution({ realm: realm.name, id: secondFactor?.id ?? '' })
  const forms = `${newName} forms`
  const alias = within ? `${newName} second factor` : forms
  const change = async (flow: string, to: Requirement) => {
    const execution = (await named(flow)).at(-1)
    await flows.updateExecution({ realm: realm.name, flow }, { ...execution, requirement: to })
  }
  if (within) {
    await flows.addFlowToFlow({
      realm: realm.name,
      flow: forms,
      alias,
      type: 'basic-flow',
      provider: '',
      description: '',
    })
    await change(forms, 'REQUIRED')
  }
  await flows.addExecutionToFlow({ realm: realm.name, flow: alias, provider: 'latchkey' })
  await change(alias, requirement)
  const all = await flows.getFlows({ realm: realm.name })
  return all.find((flow) => flow.alias === newName)?.id ?? ''
}

// Keycloak ignores an ALTERNATIVE beside a REQUIRED; the gate asks all the same.
describe.each([
  { requirement: 'REQUIRED' as const, within: false },
  { requirement: 'REQUIRED' as const, within: true },
  { requirement: 'ALTERNATIVE' as const, within: false },
  { requirement: 'ALTERNATIVE' as const, within: true },
])('the authenticator without its condition, $requirement, in a subflow: $within (P11)', (place) => {
  it('asks who needs a second factor, and nobody else', async () => {
    const browser = await flowWith(place.requirement, place)
    await house.withClient({ authenticationFlowBindingOverrides: { browser } }, async () => {
      const bob = await house.bob()
      await bob.signIn(bob.username)
      await house.isAsked(bob)
      await bob.submitCode(await bob.nextCode())
      await bob.page.waitForSelector('#app')
      expect(house.application.results.at(-1)?.idToken).toMatchObject({ amr: ['pwd', 'otp', 'mfa'] })
      await bob.close()

      const dave = await house.dave()
      await dave.signIn(dave.username)
      await dave.page.waitForSelector('#app')
      expect(house.application.results.at(-1)?.idToken).toMatchObject({ amr: ['pwd'] })
      await house.move(dave, 'finance')
      await dave.context.clearCookies()
      await dave.signIn(dave.username)
      // Who has no method is led to the set-up, not past it.
      await dave.page.waitForSelector('#secret')
      await dave.close()
    })
  })
})
