import { decodeJwt } from 'jose'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { askKeycloak, createSamlClient } from '../support/doors-clients.ts'
import { openHouse } from '../support/doors.ts'
import type { Guest, House } from '../support/doors.ts'

let house: House
beforeAll(async () => {
  house = await openHouse()
})
afterAll(async () => {
  await house.stop()
})

it.each(['id_token token', 'code id_token token'])(
  'tokens come only after the second factor: response type %s',
  async (type) => {
    await house.withClient({ implicitFlowEnabled: true }, async () => {
      const bob = await house.bob()
      const locations: string[] = []
      bob.page.on('response', (response) => locations.push(response.headers()['location'] ?? ''))
      await bob.page.goto(`${bob.application.url}?nonce=n&response_type=${encodeURIComponent(type)}`)
      await bob.givePassword(bob.username)
      await house.isAsked(bob)
      expect(
        locations.filter(
          (location) => location.includes('id_token=') && !location.includes('openid-connect/auth'),
        ),
      ).toEqual([])
      await bob.submitCode(await bob.nextCode())
      await bob.page.waitForSelector('#app')
      const fragment = locations
        .map((location) => new URLSearchParams(location.split('#')[1]))
        .find((part) => part.has('id_token'))
      expect(decodeJwt(fragment?.get('id_token') ?? '')).toMatchObject({ amr: ['pwd', 'otp', 'mfa'] })
      await bob.close()
    })
  },
)

it.each(['id_token token', 'code id_token token'])(
  'tokens come at once where no second factor is needed, and never with the sidecar down: response type %s',
  async (type) => {
    await house.withClient({ implicitFlowEnabled: true }, async () => {
      const enter = async (guest: Awaited<ReturnType<House['bob']>>) => {
        const tokens: string[] = []
        guest.page.on('response', (response) => {
          const part = new URLSearchParams((response.headers()['location'] ?? '').split('#')[1])
          if (part.has('id_token')) tokens.push(part.get('id_token') ?? '')
        })
        await guest.page.goto(`${guest.application.url}?nonce=n&response_type=${encodeURIComponent(type)}`)
        await guest.givePassword(guest.username)
        return tokens
      }
      const dave = await house.dave()
      const given = await enter(dave)
      await dave.page.waitForSelector('#app')
      expect(decodeJwt(given[0] ?? '')).toMatchObject({ amr: ['pwd'] })
      await dave.close()
      const guests = [await house.bob(), await house.dave()]
      await house.withSidecarDown(async () => {
        for (const guest of guests) {
          const none = await enter(guest)
          await guest.page.waitForSelector('#latchkey-retry')
          expect(none, guest.username).toEqual([])
          await guest.close()
        }
      })
    })
  },
)

describe('grants without a browser', () => {
  const failures = async (id: string) =>
    Number((await house.admin.attackDetection.findOne({ realm: house.realm.name, id }))?.['numFailures'])

  beforeAll(async () => {
    const common = {
      realm: house.realm.name,
      publicClient: false,
      secret: 's',
      redirectUris: ['http://127.0.0.1/*'],
    }
    await house.admin.clients.create({ ...common, clientId: 'batch', directAccessGrantsEnabled: true })
    await house.admin.clients.create({
      ...common,
      clientId: 'tv',
      attributes: { 'oauth2.device.authorization.grant.enabled': 'true' },
    })
  })

  const grants = [
    { name: 'a confidential client', client: { client_id: 'batch', client_secret: 's' } },
    { name: 'admin-cli', client: { client_id: 'admin-cli' } },
  ]
  describe.each(grants)('the password grant of $name', ({ client }) => {
    const grant = async ({ username }: Guest) =>
      await askKeycloak(house, 'token', {
        ...client,
        grant_type: 'password',
        username,
        password: username,
        scope: 'openid',
      })

    it.each([
      { flow: 'direct grant with Latchkey', says: /second factor/ },
      { flow: 'direct grant', says: /not fully set up/ },
    ])('refuses who needs a second factor, and nobody else: $flow', async ({ flow, says }) => {
      await house.withRealm({ directGrantFlow: flow }, async () => {
        const bob = await house.bob()
        const dave = await house.dave()
        const refused = await grant(bob)
        expect(refused).toMatchObject({
          status: 400,
          body: { error: 'invalid_grant', error_description: expect.stringMatching(says) },
        })
        expect(await failures(bob.id)).toBe(0)
        const before = house.sidecar().requests.length
        const given = await grant(dave)
        expect(given.body['access_token']).toBeDefined()
        expect(
          house
            .sidecar()
            .requests.slice(before)
            .filter((line) => line.endsWith('/par')),
        ).toHaveLength(1)
        expect(
          decodeJwt(given.body['id_token'] ?? given.body['access_token'] ?? '')['amr'] ?? ['pwd'],
        ).toEqual(['pwd'])
        await house.withSidecarDown(async () => {
          for (const guest of [bob, dave]) {
            const { status, body } = await grant(guest)
            expect(body['access_token']).toBeUndefined()
            expect([status, body['error']]).toEqual(
              flow === 'direct grant' ? [400, 'invalid_grant'] : [503, 'temporarily_unavailable'],
            )
            expect(await failures(guest.id)).toBe(0)
          }
        })
        for (const guest of [bob, dave]) await guest.close()
      })
    })
  })

  /** A device that asks for a token, and the address that its user opens. */
  async function startDevice() {
    const tv = { client_id: 'tv', client_secret: 's' }
    const { body } = await askKeycloak(house, 'auth/device', { ...tv, scope: 'openid' })
    const poll = async () =>
      await askKeycloak(house, 'token', {
        ...tv,
        grant_type: 'urn:ietf:params:oauth:grant-type:device_code',
        device_code: body['device_code'] ?? '',
      })
    return { url: body['verification_uri_complete'] ?? '', poll }
  }

  it('the device grant gives no token with the sidecar down', async () => {
    const guests = [await house.bob(), await house.dave()]
    await house.withSidecarDown(async () => {
      for (const guest of guests) {
        const { url, poll } = await startDevice()
        await guest.page.goto(url)
        await guest.givePassword(guest.username)
        await guest.page.waitForSelector('#latchkey-retry')
        expect((await poll()).body, guest.username).toMatchObject({ error: 'authorization_pending' })
        await guest.close()
      }
    })
  })

  it('the device grant asks in the browser', async () => {
    for (const guest of [await house.bob(), await house.dave()]) {
      const { url, poll } = await startDevice()
      await guest.page.goto(url)
      await guest.givePassword(guest.username)
      if (guest.secret !== '') {
        await house.isAsked(guest)
        expect((await poll()).body['error']).toBe('authorization_pending')
        await guest.submitCode(await guest.nextCode())
      }
      await guest.page.click('[name=accept]')
      await guest.page.waitForLoadState()
      // Keycloak wants five seconds between two questions of a device.
      let token = ''
      const ask = async () => (token = (await poll()).body['id_token'] ?? '')
      await expect.poll(ask, { interval: 5_200, timeout: 30_000 }).not.toBe('')
      expect(decodeJwt(token)).toMatchObject({
        preferred_username: guest.username,
        amr: guest.secret === '' ? ['pwd'] : ['pwd', 'otp', 'mfa'],
      })
      await guest.close()
    }
  })
})

describe('a SAML client', () => {
  it('gets nothing with the sidecar down', async () => {
    const { url, acs } = await createSamlClient(house, 'saml-down', false)
    const guests = [await house.bob(), await house.dave()]
    await house.withSidecarDown(async () => {
      for (const guest of guests) {
        const posted: string[] = []
        guest.page.on('request', (sent) => {
          if (sent.url() === acs) posted.push(sent.url())
        })
        await guest.page.goto(url)
        await guest.givePassword(guest.username)
        await guest.page.waitForSelector('#latchkey-retry')
        expect(posted, guest.username).toEqual([])
        await guest.close()
      }
    })
  })

  it.each([{ flow: 'the flow with Latchkey' }, { flow: 'its own flow' }])(
    'gets its assertion only after the second factor: $flow',
    async ({ flow }) => {
      const { url, acs } = await createSamlClient(house, `saml-${flow.length}`, flow === 'its own flow')
      for (const guest of [await house.bob(), await house.dave()]) {
        const posted: string[] = []
        guest.page.on('request', (sent) => {
          if (sent.url() === acs) posted.push(sent.postData() ?? '')
        })
        await guest.page.goto(url)
        await guest.givePassword(guest.username)
        if (guest.secret !== '') {
          await house.isAsked(guest)
          expect(posted).toEqual([])
          await guest.submitCode(await guest.nextCode())
        }
        await expect.poll(() => posted.length, { timeout: 10_000 }).toBe(1)
        const response = Buffer.from(
          new URLSearchParams(posted[0]).get('SAMLResponse') ?? '',
          'base64',
        ).toString()
        expect(response).toContain(guest.username)
        await guest.close()
      }
    },
  )
})
