import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, inject, it } from 'vitest'
import { openHouse } from '../support/doors.ts'
import type { Guest, House } from '../support/doors.ts'
import { startImpostor } from '../support/impostor.ts'
import type { Answer } from '../support/impostor.ts'
import type { Visitor } from '../support/scenario.ts'

let house: House
beforeAll(async () => {
  house = await openHouse()
  await policy('open')
})
afterAll(async () => {
  await house.stop()
})

async function policy(outage: string): Promise<void> {
  const realm = await house.admin.realms.findOne({ realm: house.realm.name })
  await house.admin.realms.update(
    { realm: house.realm.name },
    { ...realm, attributes: { ...realm?.attributes, 'latchkey.outage': outage } },
  )
}

async function start(): Promise<void> {
  await house.stopSidecar()
  await house.startSidecar()
  await new Promise((resolve) => setTimeout(resolve, 1100))
}

async function loginEvent({ id }: Guest): Promise<Record<string, unknown> | undefined> {
  const events = await house.admin.realms.findEvents({ realm: house.realm.name, user: id, type: 'LOGIN' })
  return events[0]?.details
}

async function isIn(guest: Guest & Visitor): Promise<void> {
  await guest.page.waitForSelector('#app')
  expect(house.application.results.at(-1)?.idToken).toMatchObject({
    preferred_username: guest.username,
    amr: ['pwd'],
  })
  expect(await loginEvent(guest)).toMatchObject({ latchkey: 'outage_open' })
}

async function isOut({ page, application }: Visitor, what?: string): Promise<void> {
  await page.waitForSelector('#latchkey-retry')
  await page.goto(application.url)
  expect(await page.locator('#app').count(), what).toBe(0)
}

describe('a realm that stays open in an outage (B11)', () => {
  beforeEach(async () => {
    await house.stopSidecar()
  })
  afterEach(async () => {
    await start()
  })

  it('lets users in by the flow and by the gate, and the event and the token tell', async () => {
    for (const place of [async (work: () => Promise<void>) => await work(), house.withGateOnly]) {
      await place(async () => {
        for (const guest of [await dormant(house.bob), await dormant(house.dave)]) {
          await guest.signIn(guest.username)
          await isIn(guest)
          await guest.close()
        }
      })
    }
  })

  it('tells the event too where another action comes before the end', async () => {
    const guest = await dormant(async () => await house.dave({ actions: ['UPDATE_PASSWORD'] }))
    await guest.signIn(guest.username)
    await guest.page.fill('#password-new', 'another password')
    await guest.page.fill('#password-confirm', 'another password')
    await guest.page.click('[type=submit]')
    await isIn(guest)
    await guest.close()
  })

  it('asks in the same session as soon as the sidecar is back', async () => {
    const bob = await dormant(house.bob)
    await bob.signIn(bob.username)
    await isIn(bob)
    await start()
    await bob.page.goto(bob.application.url)
    await bob.submitCode(await bob.nextCode())
    await bob.page.waitForSelector('#app')
    expect(house.application.results.at(-1)?.idToken).toMatchObject({ amr: ['pwd', 'otp', 'mfa'] })
    await bob.close()
  })

  it('gives a token to a grant without a browser', async () => {
    const bob = await dormant(house.bob)
    const form = {
      client_id: 'admin-cli',
      grant_type: 'password',
      username: bob.username,
      password: bob.username,
    }
    const response = await fetch(`${house.realmUrl}/protocol/openid-connect/token`, {
      method: 'POST',
      body: new URLSearchParams(form),
    })
    expect(response.status).toBe(200)
    expect(await loginEvent(bob)).toMatchObject({ latchkey: 'outage_open' })
    await bob.close()
  })

  it.each(['?acr_values=2', '?acr_values=3'])(
    'stays closed where a level is asked for: %s',
    async (query) => {
      const dave = await dormant(house.dave)
      await dave.page.goto(`${dave.application.url}${query}`)
      await dave.givePassword(dave.username)
      await isOut(dave)
      await dave.close()
    },
  )

  it('stays closed for a change of methods', async () => {
    const dave = await dormant(house.dave)
    await dave.page.goto(`${dave.application.url}?kc_action=latchkey-manage`)
    await dave.givePassword(dave.username)
    await dave.page.waitForSelector('#latchkey-retry')
    expect(await dave.page.locator('#app').count()).toBe(0)
    await dave.close()
  })

  it.each(['closed', 'OPEN', 'true'])('is closed where the realm says %s', async (value) => {
    await policy(value)
    const dave = await dormant(house.dave)
    await dave.signIn(dave.username)
    await isOut(dave)
    await dave.close()
    await policy('open')
  })

  /** Made while the sidecar is up, since a guest's app is kept there. */
  async function dormant(make: () => Promise<Visitor & Guest>): Promise<Visitor & Guest> {
    await house.startSidecar()
    const guest = await make()
    await house.stopSidecar()
    return guest
  }
})

it('stays closed after a second factor was asked for once, over restart and a second tab', async () => {
  const bob = await house.bob()
  await bob.signIn(bob.username)
  await bob.page.waitForSelector('input[name=code]')
  const restart = (await bob.page.getAttribute('#reset-login', 'href')) ?? ''
  await house.stopSidecar()
  try {
    const tab = await bob.context.newPage()
    await tab.goto(bob.application.url)
    await bob.givePassword(bob.username, tab)
    await tab.waitForSelector('#latchkey-retry')
    await bob.page.goto(restart)
    await bob.givePassword(bob.username)
    await isOut(bob)
    await bob.close()
  } finally {
    await start()
  }
})

describe('what a sidecar answers is never an outage, but for a server error and silence', () => {
  const opening: Answer[] = ['server-error', 'hangs']
  const answers: Answer[] = [
    'nothing',
    'unsigned',
    'alg-none',
    'stranger-key',
    'false-as-text',
    'verified-in-an-error',
    'client-error',
    'redirect',
    'not-json',
    'too-large',
  ]
  let impostor: Awaited<ReturnType<typeof startImpostor>>
  beforeEach(async () => {
    await house.stopSidecar()
    impostor = await startImpostor(inject('keycloak').sidecarPort)
  })
  afterEach(async () => {
    await impostor.stop()
    await start()
  })

  it.each([...opening, ...answers])('%s', async (answer) => {
    impostor.answers(answer)
    const alice = await house.visitor()
    await alice.signIn('alice')
    await alice.page.waitForSelector('#app, #latchkey-retry')
    expect(await alice.page.locator('#app').count()).toBe(opening.includes(answer) ? 1 : 0)
    await alice.close()
  })
})

it('a sidecar that hangs costs five logins its time-out, and the others next to nothing (B11)', async () => {
  await house.stopSidecar()
  const impostor = await startImpostor(inject('keycloak').sidecarPort)
  try {
    impostor.answers('hangs')
    const form = { client_id: 'admin-cli', grant_type: 'password', username: 'alice', password: 'alice' }
    const times: number[] = []
    for (let i = 0; i < 12; i++) {
      const begin = Date.now()
      await fetch(`${house.realmUrl}/protocol/openid-connect/token`, {
        method: 'POST',
        body: new URLSearchParams(form),
      })
      times.push(Date.now() - begin)
    }
    expect(times.filter((time) => time >= 1500).length).toBeLessThanOrEqual(7)
    expect(times.slice(0, 5).every((time) => time >= 1400)).toBe(true)
    expect(times.slice(5).filter((time) => time < 1000).length).toBeGreaterThanOrEqual(5)
    expect(impostor.pushes()).toBeLessThanOrEqual(7)
  } finally {
    await impostor.stop()
    await start()
  }
})
