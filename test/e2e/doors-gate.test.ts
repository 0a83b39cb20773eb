import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { askKeycloak, createSamlClient } from '../support/doors-clients.ts'
import { openHouse } from '../support/doors.ts'
import type { Guest, House } from '../support/doors.ts'
import type { Visitor } from '../support/scenario.ts'

let house: House
beforeAll(async () => {
  house = await openHouse()
})
afterAll(async () => {
  await house.stop()
})

const results = () => house.application.results

describe('while the gate waits', () => {
  /** Where Keycloak waits for this step's answer. */
  async function address(guest: Guest & Visitor): Promise<URL> {
    const id = new URL(guest.page.url()).pathname.split('/').at(-1) ?? ''
    const situation = await house.sidecar().store.situation(house.realm.name, { id })
    return new URL(situation?.transaction.question.redirectUri ?? '')
  }

  /** Consents at once, as no page offered. */
  async function consents(bob: Guest & Visitor): Promise<string> {
    const consent = await address(bob)
    consent.pathname = consent.pathname.replace(/[^/]*$/, 'consent')
    for (const name of ['session_code', 'execution']) consent.searchParams.delete(name)
    const response = await bob.context.request.post(String(consent), {
      form: { accept: 'Yes' },
      maxRedirects: 0,
    })
    expect(await house.admin.users.listSessions({ realm: house.realm.name, id: bob.id })).toEqual([])
    return `${response.status()} ${response.headers()['location']} ${await response.text()}`
  }

  it.each(['code', 'id_token token', 'code id_token token'])(
    'consent given at once ends the session: response type %s',
    async (type) => {
      await house.withClient(
        {
          implicitFlowEnabled: true,
          authenticationFlowBindingOverrides: { browser: house.doors.plainBrowserFlow },
        },
        async () => {
          const bob = await house.bob()
          await bob.page.goto(`${bob.application.url}?nonce=n&response_type=${encodeURIComponent(type)}`)
          await bob.givePassword(bob.username)
          await house.isAsked(bob)
          expect(await consents(bob)).not.toMatch(/code=|token=/)
          await bob.page.goto(bob.application.url)
          await bob.page.waitForSelector('#username')
          await bob.close()
        },
      )
    },
  )

  it('consent given at once gives a device no token', async () => {
    await house.admin.clients.create({
      realm: house.realm.name,
      clientId: 'tv-alone',
      secret: 's',
      redirectUris: ['http://127.0.0.1/*'],
      attributes: { 'oauth2.device.authorization.grant.enabled': 'true' },
      authenticationFlowBindingOverrides: { browser: house.doors.plainBrowserFlow },
    })
    const tv = { client_id: 'tv-alone', client_secret: 's' }
    const { body } = await askKeycloak(house, 'auth/device', { ...tv, scope: 'openid' })
    const bob = await house.bob()
    await bob.page.goto(body['verification_uri_complete'] ?? '')
    await bob.givePassword(bob.username)
    await house.isAsked(bob)
    await consents(bob)
    const polled = await askKeycloak(house, 'token', {
      ...tv,
      grant_type: 'urn:ietf:params:oauth:grant-type:device_code',
      device_code: body['device_code'] ?? '',
    })
    expect(polled.body['error']).toBeDefined()
    expect(polled.body['access_token']).toBeUndefined()
    await bob.close()
  })

  it('consent given at once gives a SAML client no assertion', async () => {
    const { url } = await createSamlClient(house, 'saml-alone', true)
    const bob = await house.bob()
    await bob.page.goto(url)
    await bob.givePassword(bob.username)
    await house.isAsked(bob)
    expect(await consents(bob)).not.toMatch(/SAMLResponse/)
    await bob.close()
  })

  it.each(['cancel-aia', 'cancel'])('%s posted to it opens nothing', async (field) => {
    await house.withGateOnly(async () => {
      const bob = await house.bob()
      await bob.page.goto(`${bob.application.url}?kc_action=latchkey-gate`)
      await bob.givePassword(bob.username)
      await house.isAsked(bob)
      const before = results().length
      const response = await bob.context.request.post(String(await address(bob)), {
        form: { [field]: 'true' },
      })
      expect(results().slice(before)).toEqual([])
      expect(response.url()).not.toContain(bob.application.url)
      await bob.close()
    })
  })

  it('another action asked for by its address does not run', async () => {
    await house.withGateOnly(async () => {
      const bob = await house.bob({ actions: ['UPDATE_PASSWORD'] })
      await bob.signIn(bob.username)
      await house.isAsked(bob)
      const action = await address(bob)
      action.searchParams.set('execution', 'UPDATE_PASSWORD')
      const form = { 'password-new': 'stolen password', 'password-confirm': 'stolen password' }
      await bob.context.request.post(String(action), { form, maxRedirects: 0 })
      const user = await house.admin.users.findOne({ realm: house.realm.name, id: bob.id })
      expect(user?.requiredActions).toContain('UPDATE_PASSWORD')
      await bob.close()
    })
  })

  it('giving up there lets nobody in', async () => {
    await house.withGateOnly(async () => {
      const bob = await house.bob()
      await bob.signIn(bob.username)
      await bob.page.goto(`${bob.page.url()}/cancel`)
      await bob.page.waitForSelector('#latchkey-retry')
      await bob.page.click('#latchkey-retry')
      await house.isAsked(bob)
      await bob.submitCode(await bob.nextCode())
      await bob.page.waitForSelector('#app')
      await bob.close()
    })
  })

  it('after an answer wrong codes count and the state is spent', async () => {
    await house.withGateOnly(async () => {
      const bob = await house.bob()
      await bob.signIn(bob.username)
      await bob.submitCode('000000')
      expect(await bob.fieldError()).not.toBe('')
      let answer = ''
      bob.page.on('request', (request) => {
        if (request.url().includes('/login-actions/required-action') && request.url().includes('state='))
          answer = request.url()
      })
      await bob.submitCode(await bob.nextCode())
      await bob.page.waitForSelector('#app')
      const before = results().length
      await bob.page.goto(answer)
      expect(
        results()
          .slice(before)
          .filter(({ idToken }) => idToken !== undefined),
      ).toEqual([])
      await bob.close()
    })
  })
})
