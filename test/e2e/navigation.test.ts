import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { Page } from 'playwright-core'
import { startScenario } from '../support/scenario.ts'
import type { Scenario } from '../support/scenario.ts'

let scenario: Scenario
beforeAll(async () => {
  scenario = await startScenario()
})
afterAll(async () => {
  await scenario.stop()
})

/** How many wrong tries are held against the user: none must come from going to and fro. */
async function failures(userId: string): Promise<number> {
  return (await scenario.sidecar().store.background(scenario.realm.name, userId, 'none')).attempts.failures
}

const atCode = async (page: Page) => await page.waitForSelector('input[name=code]')

describe('going to and fro leads on, lets nobody in and eats no tries (P4, P5)', () => {
  it('back and reload on the step', async () => {
    const bob = await scenario.enrolled()
    const { page } = bob
    await bob.signIn(bob.username)
    await bob.submitCode('000000')
    await page.reload()
    await atCode(page)
    await page.goBack()
    await page.goForward()
    await atCode(page)
    expect(await failures(bob.id)).toBe(1)
    await bob.submitCode(await bob.nextCode())
    await page.waitForSelector('#app')
    await bob.close()
  })

  it('back from the step to the password, and forward again', async () => {
    const bob = await scenario.enrolled()
    const { page } = bob
    await bob.signIn(bob.username)
    await atCode(page)
    await page.goBack()
    await page.waitForLoadState()
    expect(await page.locator('#app').count()).toBe(0)
    await page.goto(scenario.application.url)
    if ((await page.locator('#username').count()) > 0) await bob.givePassword(bob.username)
    await atCode(page)
    expect(await failures(bob.id)).toBe(0)
    await bob.submitCode(await bob.nextCode())
    await page.waitForSelector('#app')
    await bob.close()
  })

  it.each(['first', 'second'] as const)('two tabs, the %s one finished first', async (order) => {
    const bob = await scenario.enrolled()
    const one = bob.page
    await bob.signIn(bob.username, one)
    await atCode(one)
    const two = await bob.context.newPage()
    await two.goto(scenario.application.url)
    if ((await two.locator('#username').count()) > 0) await bob.givePassword(bob.username, two)
    await atCode(two)
    const [early, late] = order === 'first' ? [one, two] : [two, one]
    await bob.submitCode(await bob.nextCode(), early)
    await early.waitForSelector('#app')
    await bob.submitCode(await bob.nextCode(), late)
    await late.waitForLoadState()
    await leadsOn(late)
    expect(await failures(bob.id)).toBe(0)
    await bob.close()
  })

  it('restart login', async () => {
    const bob = await scenario.enrolled()
    const { page } = bob
    await bob.signIn(bob.username)
    await page.click('#reset-login')
    await page.waitForSelector('#username')
    await bob.givePassword(bob.username)
    await atCode(page)
    await bob.submitCode(await bob.nextCode())
    await page.waitForSelector('#app')
    await bob.close()
  })

  it('the returned address replayed, after the login and in another browser', async () => {
    const bob = await scenario.enrolled()
    const { page } = bob
    const returned: string[] = []
    page.on('request', (request) => {
      if (
        request.url().includes('/login-actions/') &&
        request.url().includes('code=') &&
        request.url().includes('state=')
      ) {
        returned.push(request.url())
      }
    })
    await bob.signIn(bob.username)
    await bob.submitCode(await bob.nextCode())
    await page.waitForSelector('#app')
    const address = returned.find((url) => new URL(url).searchParams.has('code')) ?? ''
    expect(address).toContain('/login-actions/authenticate')
    const signedIn = scenario.application.results.length

    const thief = await scenario.visitor()
    await thief.page.goto(address)
    expect(await thief.page.locator('#app').count()).toBe(0)
    await thief.page.goto(scenario.application.url)
    await thief.page.waitForSelector('#username')
    await thief.close()
    await page.goto(address)
    await leadsOn(page)
    expect(
      scenario.application.results.slice(signedIn).filter(({ idToken }) => idToken !== undefined),
    ).toEqual([])
    // The session of the real login stands.
    await page.goto(scenario.application.url)
    await page.waitForSelector('#app')
    await bob.close()
  })

  it("the returned address of another tab's login", async () => {
    const alice = await scenario.enrolled()
    const mallory = await scenario.enrolled()
    await alice.signIn(alice.username)
    await atCode(alice.page)
    await mallory.signIn(mallory.username)
    await atCode(mallory.page)
    // Mallory's own answer, taken to the other's browser before it is redeemed.
    const step = mallory.page.url()
    const answer = await mallory.context.request.post(`${step}/challenge/totp`, {
      form: { code: await mallory.nextCode() },
      headers: { origin: scenario.sidecar().url },
      maxRedirects: 0,
    })
    const address = answer.headers()['location'] ?? ''
    expect(address).toContain('code=')
    const query = new URL(address).searchParams
    const pushed = new URL(await keycloakAddressOf(alice.page))
    for (const name of ['code', 'state', 'iss']) pushed.searchParams.set(name, query.get(name) ?? '')
    await alice.page.goto(String(pushed))
    expect(await alice.page.locator('#app').count()).toBe(0)
    expect(await failures(alice.id)).toBe(0)
    await alice.page.goto(scenario.application.url)
    if ((await alice.page.locator('#username').count()) > 0) await alice.givePassword(alice.username)
    await atCode(alice.page)
    await alice.submitCode(await alice.nextCode())
    await alice.page.waitForSelector('#app')
    await alice.close()
    await mallory.close()
  })

  it('the authorize address opened in a second browser', async () => {
    const bob = await scenario.enrolled()
    let authorize = ''
    bob.page.on('request', (request) => {
      if (request.url().includes('/authorize?')) authorize = request.url()
    })
    await bob.signIn(bob.username)
    await atCode(bob.page)
    const thief = await scenario.visitor()
    const response = await thief.page.goto(authorize)
    expect(response?.status()).toBe(403)
    expect(await thief.page.textContent('main')).toContain('begun in another browser')
    await thief.page.goto(bob.page.url())
    expect(await thief.page.locator('input[name=code]').count()).toBe(0)
    await thief.page.click('#continue')
    await thief.page.waitForSelector('#username')
    await thief.close()
    await bob.submitCode(await bob.nextCode())
    await bob.page.waitForSelector('#app')
    await bob.close()
  })
})

it('a user signs in after the step was left open past its time', async () => {
  const short = await startShortLogins()
  try {
    const bob = await short.enrolled()
    const { page } = bob
    await bob.signIn(bob.username)
    await atCode(page)
    await expect
      .poll(
        async () => {
          await page.reload()
          return await page.locator('[data-page=expired]').count()
        },
        { timeout: 30_000, interval: 500 },
      )
      .toBe(1)
    await page.click('#continue')
    await page.waitForLoadState()
    if ((await page.locator('#username').count()) === 0) await page.goto(short.application.url)
    await bob.givePassword(bob.username)
    await atCode(page)
    await bob.submitCode(await bob.nextCode())
    await page.waitForSelector('#app')
    await bob.close()
  } finally {
    await short.stop()
    await scenario.startSidecar()
  }
})

async function startShortLogins(): Promise<Scenario> {
  await scenario.stopSidecar()
  return await startScenario({
    change(realm) {
      realm.accessCodeLifespanLogin = 8
    },
  })
}

/** Keycloak's page that the step would go back to, as "restart login" on the step's page knows it. */
async function keycloakAddressOf(page: Page): Promise<string> {
  const restart = new URL((await page.getAttribute('#reset-login', 'href')) ?? '')
  restart.pathname = restart.pathname.replace(/restart$/, 'authenticate')
  return String(restart)
}

/** A page that is neither blank nor a dead end. */
async function leadsOn(page: Page): Promise<void> {
  const ways = await page
    .locator('#app, #username, input[name=code], main a[href], #kc-content a[href], button')
    .count()
  expect(ways).toBeGreaterThan(0)
}
