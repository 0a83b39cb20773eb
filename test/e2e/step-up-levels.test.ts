import { afterAll, beforeAll, expect, it, vi } from 'vitest'
import type { Facts } from '../../src/adapters/keycloak/doctor/check.ts'
import { flowChecks } from '../../src/adapters/keycloak/doctor/flow-checks.ts'
import { readRealm } from '../../src/adapters/keycloak/setup/found.ts'
import { takeBack } from '../../src/adapters/keycloak/setup/undo.ts'
import { makeOtpUser } from '../support/handmade.ts'
import { codeFor } from '../support/login.ts'
import { withDevice } from '../support/passkey-device.ts'
import { startScenario } from '../support/scenario.ts'
import type { Scenario, Visitor } from '../support/scenario.ts'
import { lastLevel2, LEVELS_FLOW, setUpLevels, takeLevels } from '../support/step-up.ts'

let scenario: Scenario
let original: Awaited<ReturnType<typeof ownFlow>>
beforeAll(async () => {
  scenario = await startScenario({
    change: takeLevels,
    settings: { methods: ['totp', 'passkey', 'backup-codes'], trustedDays: 30 },
  })
  original = await ownFlow()
  await setUpLevels(scenario)
})
afterAll(async () => {
  await scenario.stop()
})

const flowOf = async (alias: string) =>
  (
    await scenario.admin.authenticationManagement.getExecutions({ realm: scenario.realm.name, flow: alias })
  ).map(({ displayName, requirement, level }) => ({ displayName, requirement, level }))

/** The realm's own flow, with what its conditions say, and what is bound. */
async function ownFlow() {
  const { browserFlow, authenticatorConfig = [] } = await scenario.admin.realms.export({
    realm: scenario.realm.name,
  })
  const configs = new Set(authenticatorConfig.map(({ alias = '' }) => alias))
  return { executions: await flowOf(LEVELS_FLOW), browserFlow, configs }
}

/** How often a browser was sent to the sidecar. */
const handOffs = () => scenario.sidecar().requests.filter((line) => line.endsWith('/authorize')).length

const token = () => scenario.application.results.at(-1)?.idToken

const PASSWORD = '#password'
const CODE = 'input[name=code]'
const OTP = '#otp'
const APP = '#app'
const CHOICE = '#method-totp'

/** Opens the application; what is asked first, or the application itself. */
async function opens({ page, application }: Visitor, query = ''): Promise<string> {
  await page.goto(application.url + query)
  // What stands on the same page as the field of a code comes first.
  const what = [PASSWORD, OTP, '#asks-for-passkey', CHOICE, CODE, '#use-passkey', APP]
  await page.waitForSelector(what.join())
  for (const one of what) if ((await page.locator(one).count()) > 0) return one
  return ''
}

/** A session by the password alone, which the policy is content with. */
async function byPassword(visitor: Visitor & { username: string }): Promise<void> {
  expect(await opens(visitor)).toBe(PASSWORD)
  await visitor.givePassword(visitor.username)
  await visitor.page.waitForSelector(APP)
  expect(token()).toMatchObject({ acr: 'silver', amr: ['pwd'] })
}

async function byCode(visitor: Visitor): Promise<void> {
  await visitor.submitCode(await visitor.nextCode())
  await visitor.page.waitForSelector(APP)
}

it('setup puts Latchkey beside the second factor of each level, in a copy, and a second one finds nothing to do', async () => {
  expect((await ownFlow()).executions).toEqual(original.executions)
  const copy = await flowOf(`${LEVELS_FLOW} with Latchkey`)
  const below = (level: number) => {
    const at = copy.findIndex(({ displayName = '' }) => displayName.endsWith(`levels ${level}`))
    return copy.slice(at + 2, at + 4).map(({ requirement }) => requirement)
  }
  expect([below(2), below(3)]).toEqual([
    ['ALTERNATIVE', 'ALTERNATIVE'],
    ['ALTERNATIVE', 'ALTERNATIVE'],
  ])
  expect((await setUpLevels(scenario)).steps).toEqual([])
  const facts = { found: await readRealm(scenario.admin, scenario.realm.name), realm: scenario.realm }
  const found = flowChecks.map(({ id, run }) => [id, run(facts as unknown as Facts)])
  for (const id of ['browser-flow', 'condition', 'step-up']) expect(Object.fromEntries(found)[id]).toEqual([])
})

it('level 2 from a password session asks for the factor alone, and the token says both (B7)', async () => {
  const bob = await scenario.enrolled({}, 'robots')
  await byPassword(bob)
  expect(await opens(bob, '?acr_values=gold')).toBe(CODE)
  const asked = Math.floor(Date.now() / 1000)
  await byCode(bob)
  expect(token()).toMatchObject({ acr: 'gold', amr: ['pwd', 'otp', 'mfa'] })
  expect(token()?.['auth_time']).toBeGreaterThanOrEqual(asked)
  // Within the session it is proven.
  expect(await opens(bob, '?acr_values=gold&prompt=none')).toBe(APP)
  expect(token()).toMatchObject({ acr: 'gold', amr: ['pwd', 'otp', 'mfa'] })
  await bob.close()
})

it('a factor that the policy asked for counts as level 2 from then on, once in a login (B7)', async () => {
  const bob = await scenario.enrolled()
  await bob.signIn(bob.username)
  await byCode(bob)
  expect(token()).toMatchObject({ acr: 'gold', amr: ['pwd', 'otp', 'mfa'] })
  expect(await opens(bob, '?acr_values=gold')).toBe(APP)
  // A fresh login at once: the level asks, and the policy after it does not ask again.
  expect(await opens(bob, '?acr_values=gold&prompt=login')).toBe(PASSWORD)
  await bob.page.fill(PASSWORD, bob.username)
  await bob.page.click('#kc-login')
  await byCode(bob)
  expect(token()).toMatchObject({ acr: 'gold', amr: ['pwd', 'otp', 'mfa'] })
  await bob.close()
})

it('past the age of level 2 the factor is asked for anew, past max_age the password too (B7)', async () => {
  const bob = await scenario.enrolled({}, 'robots')
  await byPassword(bob)
  const passedSince = async (time: unknown) => {
    const over = (Number(time) + 2) * 1000
    await vi.waitUntil(() => Date.now() >= over, { timeout: 10_000 })
  }
  await lastLevel2(scenario, 1)
  try {
    await opens(bob, '?acr_values=gold')
    await byCode(bob)
    const first = token()?.['auth_time']
    await passedSince(first)
    expect(await opens(bob)).toBe(APP)
    expect(token()).toMatchObject({ acr: 'silver', auth_time: first })
    expect(await opens(bob, '?acr_values=gold')).toBe(CODE)
    await byCode(bob)
    expect(token()).toMatchObject({ acr: 'gold', amr: ['pwd', 'otp', 'mfa'] })
    expect(token()?.['auth_time']).toBeGreaterThan(Number(first))
  } finally {
    await lastLevel2(scenario, 300)
  }
  const last = token()?.['auth_time']
  await passedSince(last)
  expect(await opens(bob, '?acr_values=gold&max_age=1')).toBe(PASSWORD)
  await bob.page.fill(PASSWORD, bob.username)
  await bob.page.click('#kc-login')
  await byCode(bob)
  expect(token()).toMatchObject({ acr: 'gold', amr: ['pwd', 'otp', 'mfa'] })
  expect(token()?.['auth_time']).toBeGreaterThan(Number(last))
  await bob.close()
})

it('where level 2 is not remembered, each request for it asks for the factor, once', async () => {
  const bob = await scenario.enrolled()
  await lastLevel2(scenario, 0)
  try {
    await opens(bob, '?acr_values=gold')
    await bob.givePassword(bob.username)
    await byCode(bob)
    expect(token()).toMatchObject({ acr: 'gold' })
    expect(await opens(bob)).toBe(APP)
    expect(token()).toMatchObject({ acr: 'silver' })
    expect(await opens(bob, '?acr_values=gold')).toBe(CODE)
    await byCode(bob)
    expect(token()).toMatchObject({ acr: 'gold' })
  } finally {
    await lastLevel2(scenario, 300)
  }
  await bob.close()
})

it('a trusted device does for silver and says so; gold asks all the same (R27)', async () => {
  const bob = await scenario.enrolled()
  await bob.signIn(bob.username)
  await bob.page.check('#trust')
  await byCode(bob)
  await bob.context.clearCookies({ name: /^(KEYCLOAK|AUTH|KC)_/ })
  await byPassword(bob)
  expect(await opens(bob, '?acr_values=gold')).toBe(CODE)
  expect(await bob.page.locator('#trust').count()).toBe(0)
  await byCode(bob)
  expect(token()).toMatchObject({ acr: 'gold', amr: ['pwd', 'otp', 'mfa'] })
  await bob.close()
})

it('a set-up that was put off does for silver; gold asks for it (R27)', async () => {
  const { admin, realm, sidecar } = scenario
  const { id } = await admin.groups.create({ realm: realm.name, name: 'sales' })
  await sidecar().policy.saveRule(realm.name, {
    groupId: id,
    enforcement: 'required',
    priority: 0,
    grace: { days: 7 },
  })
  const sam = Object.assign(await scenario.visitor(), await scenario.createUser({ group: 'sales' }))
  await sam.signIn(sam.username)
  await sam.page.click('#not-now button')
  await sam.page.waitForSelector(APP)
  expect(token()).toMatchObject({ acr: 'silver', amr: ['pwd'] })
  expect(await opens(sam, '?acr_values=gold')).toBe(CHOICE)
  expect(await sam.page.locator('#not-now').count()).toBe(0)
  await sam.page.check(CHOICE)
  await sam.page.click('button[type=submit]')
  await sam.setUp()
  expect(token()).toMatchObject({ acr: 'gold', amr: ['pwd', 'otp', 'mfa'] })
  await sam.close()
})

it('level 3 takes a passkey only and says so, asks for it once, and is not remembered (B7)', async () => {
  const bob = await scenario.enrolled({}, 'robots')
  await withDevice(bob)
  await byPassword(bob)
  const before = handOffs()
  expect(await opens(bob, '?acr_values=platinum')).toBe('#asks-for-passkey')
  await bob.submitCode(await bob.nextCode())
  await bob.page.click('#use-passkey')
  await bob.page.waitForSelector(APP)
  expect(token()).toMatchObject({ acr: 'platinum', amr: ['pwd', 'hwk', 'mfa'] })
  expect(handOffs()).toBe(before + 1)
  // A passkey is a second factor too.
  expect(await opens(bob, '?acr_values=gold')).toBe(APP)
  expect(token()).toMatchObject({ acr: 'gold' })
  expect(handOffs()).toBe(before + 1)
  // The browser asks for the key by itself.
  await bob.page.goto(`${scenario.application.url}?acr_values=platinum`)
  await bob.page.waitForSelector(APP)
  expect(handOffs()).toBe(before + 2)
  expect(token()).toMatchObject({ acr: 'platinum', amr: ['pwd', 'hwk', 'mfa'] })
  await bob.close()
})

it("the realm's own flow goes on for who has Keycloak's OTP: asked as before, by it alone (S22)", async () => {
  const { username, secret } = await makeOtpUser(scenario)
  const otto = Object.assign(await scenario.visitor(), { username })
  await byPassword(otto)
  expect(await opens(otto, '?acr_values=gold')).toBe(OTP)
  await otto.page.fill(OTP, await codeFor(secret, Date.now()))
  await otto.page.click('#kc-login')
  await otto.page.waitForSelector(APP)
  expect(token()).toMatchObject({ acr: 'gold', amr: ['pwd', 'otp'] })
  expect(await opens(otto, '?acr_values=gold&prompt=none')).toBe(APP)
  expect(token()).toMatchObject({ acr: 'gold', amr: ['pwd', 'otp'] })
  await otto.close()
})

it('with the sidecar away and the realm open, silver goes on and gold does not (B11)', async () => {
  const { admin, realm, application } = scenario
  const now = await admin.realms.findOne({ realm: realm.name })
  await admin.realms.update(
    { realm: realm.name },
    { attributes: { ...now?.attributes, 'latchkey.outage': 'open' } },
  )
  const bob = await scenario.enrolled({}, 'robots')
  await scenario.stopSidecar()
  await byPassword(bob)
  const { length } = application.results
  for (const query of ['?acr_values=gold', '?acr_values=platinum', '?acr_values=2']) {
    await bob.page.goto(application.url + query)
    await bob.page.waitForSelector('#latchkey-retry')
  }
  expect(application.results).toHaveLength(length)
  await scenario.startSidecar()
  await bob.close()
})

it('setup --undo leaves the realm with its own flow, and nothing of the copy', async () => {
  await takeBack(scenario.admin, scenario.realm.name)
  expect(await ownFlow()).toEqual(original)
})
