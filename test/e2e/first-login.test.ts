import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { startScenario } from '../support/scenario.ts'
import type { Scenario } from '../support/scenario.ts'

const NOT_ACCEPTED = /This code was not accepted/

describe.each([
  { way: 'with JavaScript', javaScriptEnabled: true },
  { way: 'without JavaScript', javaScriptEnabled: false },
])('a first login where a second factor is required, $way', ({ javaScriptEnabled }) => {
  let scenario: Scenario
  beforeAll(async () => {
    scenario = await startScenario()
  })
  afterAll(async () => {
    await scenario.stop()
  })

  it('leads from the password through the set-up into the application, and asks for the app from then on', async () => {
    const bob = await scenario.visitor({ javaScriptEnabled })
    const { page } = bob
    await bob.signIn('bob')
    expect(new URL(page.url()).origin).toBe(scenario.sidecar().url)
    await page.waitForSelector('[role=img] svg')
    expect(await page.textContent('#secret')).toMatch(/^\s*[A-Z2-7]{4}( [A-Z2-7]{4}){7}\s*$/)

    await bob.submitCode('000000')
    expect(await bob.fieldError()).toMatch(NOT_ACCEPTED)
    expect(await page.title()).toMatch(/^Error: /)
    bob.secret = ((await page.textContent('#secret')) ?? '').replaceAll(/\s/g, '')
    const used = await bob.nextCode()
    await bob.submitCode(used)
    await page.waitForSelector('#backup-codes')
    const codes =
      ((await page.textContent('#backup-codes')) ?? '').match(/[0-9A-Z]{4}(-[0-9A-Z]{4}){3}/g) ?? []
    expect(new Set(codes).size).toBe(10)

    // Without the box there is no way on, and nothing is enabled.
    await page.click('button[type=submit]')
    await page.waitForURL(/error=saved-missing/)
    expect(await bob.fieldError()).not.toBe('')
    await page.check('input[name=saved]')
    await page.click('button[type=submit]')
    await page.waitForSelector('#app')
    expect(scenario.application.results.at(-1)?.idToken).toMatchObject({
      preferred_username: 'bob',
      amr: ['pwd', 'otp', 'mfa'],
    })
    await bob.close()

    const again = await scenario.visitor({ javaScriptEnabled })
    again.secret = bob.secret
    await again.signIn('bob')
    await again.submitCode(used)
    const usedSays = await again.fieldError()
    await again.submitCode('000000')
    expect(await again.fieldError()).toBe(usedSays)
    expect(usedSays).toMatch(NOT_ACCEPTED)
    await again.submitCode(await bob.nextCode())
    await again.page.waitForSelector('#app')
    expect(scenario.application.results.at(-1)?.idToken).toMatchObject({ amr: ['pwd', 'otp', 'mfa'] })
    await again.close()

    const spends = async (code: string) => {
      const visitor = await scenario.visitor({ javaScriptEnabled })
      await visitor.signIn('bob')
      await visitor.page.click('#try-another-way')
      await visitor.page.check('input[name=method][value=backup-codes]')
      await visitor.page.click('button[type=submit]')
      await visitor.page.waitForSelector('input[name=code]')
      const left = /(\d+) unused/.exec((await visitor.page.textContent('main')) ?? '')?.[1]
      await visitor.submitCode(code)
      return { visitor, left }
    }
    const [spent = ''] = codes
    const once = await spends(spent)
    expect(once.left).toBe('10')
    await once.visitor.page.waitForSelector('#app')
    expect(scenario.application.results.at(-1)?.idToken).toMatchObject({ amr: ['pwd', 'mfa'] })
    await once.visitor.close()
    const twice = await spends(spent)
    expect(twice.left).toBe('9')
    expect(await twice.visitor.fieldError()).toMatch(NOT_ACCEPTED)
    await twice.visitor.close()
  })

  it('never leaves Keycloak where the policy asks for nothing', async () => {
    const before = scenario.sidecar().requests.length
    for (const username of ['alice', 'dave']) {
      const visitor = await scenario.visitor({ javaScriptEnabled })
      const hosts: string[] = []
      visitor.page.on('framenavigated', (frame) => hosts.push(new URL(frame.url()).origin))
      await visitor.signIn(username)
      await visitor.page.waitForSelector('#app')
      expect(hosts).not.toContain(scenario.sidecar().url)
      expect(scenario.application.results.at(-1)?.idToken).toMatchObject({ amr: ['pwd'] })
      await visitor.close()
    }
    const path = `/realms/${scenario.realm.name}`
    expect(
      scenario
        .sidecar()
        .requests.slice(before)
        .filter((line) => line.startsWith('POST')),
    ).toEqual([`POST ${path}/par`, `POST ${path}/par`])
  })
})
