import { randomUUID } from 'node:crypto'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { openHouse } from '../support/doors.ts'
import { askForReset, newPassword } from '../support/doors-reset.ts'
import type { Guest, House } from '../support/doors.ts'
import type { Visitor } from '../support/scenario.ts'

type Person = Visitor & Guest

/** A way into the realm for somebody who has no session yet. */
interface Door {
  name: string
  /** Which parts of Keycloak are in place while it is tried. */
  place?: (work: () => Promise<void>) => Promise<void>
  /** Required actions that an administrator set on the user. */
  actions?: string[]
  /** From the street to where the second factor is asked, or to what comes after it. */
  enter(person: Person): Promise<void>
  /** From there to the application. */
  leave?(person: Person): Promise<void>
  /** What the token says of the first factor. */
  amr: string[]
}

const UNAVAILABLE = "can't be reached at the moment"

let house: House
beforeAll(async () => {
  house = await openHouse()
})
afterAll(async () => {
  await house.stop()
})

const gateOnly = async (work: () => Promise<void>) => await house.withGateOnly(work)

const doors: Door[] = [
  { name: 'password', enter: password, amr: ['pwd'] },
  { name: 'password, after a restart of the login', enter: restarted, amr: ['pwd'] },
  {
    name: 'password, with another required action first',
    actions: ['UPDATE_PASSWORD'],
    enter: password,
    leave: newPassword,
    amr: ['pwd'],
  },
  { name: "a client's own flow", place: gateOnly, enter: password, amr: ['pwd'] },
  {
    name: "a client's own flow, after a restart of the login",
    place: gateOnly,
    enter: restarted,
    amr: ['pwd'],
  },
  {
    name: "a client's own flow, with another required action",
    place: gateOnly,
    actions: ['UPDATE_PASSWORD'],
    enter: password,
    leave: newPassword,
    amr: ['pwd'],
  },
  {
    name: "a client's own flow, asked to start the gate itself",
    place: gateOnly,
    enter: async (person) => await password(person, '?kc_action=latchkey-gate'),
    amr: ['pwd'],
  },
  {
    name: "a client's own flow, with an action of the application that is cancelled",
    place: gateOnly,
    enter: async (person) => await password(person, '?kc_action=UPDATE_PASSWORD'),
    leave: async ({ page }) => await page.click('[name=cancel-aia]'),
    amr: ['pwd'],
  },
  {
    name: 'an identity provider',
    enter: async (person) => await broker(person, house.provider.guarded),
    amr: [],
  },
  {
    name: 'an identity provider added later',
    enter: async (person) => await broker(person, house.provider.bare),
    amr: [],
  },
  {
    name: 'password reset in the same browser',
    enter: async (person) => await reset(person),
    leave: newPassword,
    amr: [],
  },
  {
    name: 'password reset with the flow of Keycloak',
    place: async (work) => await house.withRealm({ resetCredentialsFlow: 'reset credentials' }, work),
    enter: async (person) => await reset(person),
    leave: newPassword,
    amr: [],
  },
]

async function password(person: Person, query = ''): Promise<void> {
  await person.page.goto(`${person.application.url}${query}`)
  await person.givePassword(person.username)
}

async function restarted(person: Person): Promise<void> {
  await password(person)
  if ((await person.page.locator('#app').count()) > 0) return
  await person.page.waitForSelector('#reset-login, #latchkey-restart')
  await person.page.click('#reset-login, #latchkey-restart')
  await person.givePassword(person.username)
}

async function broker(person: Person, alias: string): Promise<void> {
  await person.page.goto(`${person.application.url}?kc_idp_hint=${alias}`)
  await person.givePassword(person.username)
}

async function reset(person: Person): Promise<void> {
  await person.page.goto(await askForReset(house, person))
}

const through = async (door: Door, work: () => Promise<void>) => await (door.place ?? ((go) => go()))(work)

describe('a user whose second factor is required is asked (R14, P14)', () => {
  it.each(doors)('$name', async (door) => {
    await through(door, async () => {
      const bob = await house.bob(door.actions === undefined ? {} : { actions: door.actions })
      const before = house.application.results.length
      await door.enter(bob)
      await house.isAsked(bob)
      expect(house.application.results.length).toBe(before)
      await bob.submitCode(await bob.nextCode())
      await door.leave?.(bob)
      await bob.page.waitForSelector('#app')
      expect(house.application.results.at(-1)?.idToken).toMatchObject({
        preferred_username: bob.username,
        amr: door.amr.length > 0 ? [...door.amr, 'otp', 'mfa'] : ['otp'],
      })
      await bob.close()
    })
  })
})

describe('a user whose second factor is disabled is let through, and the sidecar asked once', () => {
  it.each(doors)('$name', async (door) => {
    await through(door, async () => {
      const dave = await house.dave(door.actions === undefined ? {} : { actions: door.actions })
      const before = house.sidecar().requests.length
      await door.enter(dave)
      await door.leave?.(dave)
      await dave.page.waitForSelector('#app')
      expect(house.application.results.at(-1)?.idToken).toMatchObject({
        preferred_username: dave.username,
        amr: door.amr,
      })
      expect(
        house
          .sidecar()
          .requests.slice(before)
          .filter((line) => line.endsWith('/par')),
      ).toHaveLength(1)
      await dave.close()
    })
  })
})

describe('with the sidecar down nobody gets in (R31)', () => {
  it.each(doors)('$name', async (door) => {
    await through(door, async () => {
      const guests = [
        await house.bob(door.actions === undefined ? {} : { actions: door.actions }),
        await house.dave(),
      ]
      await house.withSidecarDown(async () => {
        for (const guest of guests) {
          await door.enter(guest)
          await guest.page.waitForSelector('#latchkey-retry')
          expect(await guest.page.textContent('body'), guest.username).toContain(UNAVAILABLE)
          await guest.page.goto(guest.application.url)
          expect(await guest.page.locator('#app').count(), guest.username).toBe(0)
          await guest.close()
        }
      })
    })
  })
})

describe('registration', () => {
  async function register(group: string | undefined): Promise<Person> {
    const { admin, realm } = house
    const id = realm.groups[group ?? ''] ?? ''
    if (group !== undefined) await admin.realms.addDefaultGroup({ realm: realm.name, id })
    const visitor = await house.visitor()
    const username = `new-${randomUUID().slice(0, 8)}`
    const { page } = visitor
    await page.goto(house.application.url)
    await page.click('a[href*="registration"]')
    const email = `${username}@example.com`
    for (const [field, value] of Object.entries({
      username,
      password: username,
      'password-confirm': username,
      email,
      firstName: 'New',
      lastName: 'User',
    })) {
      await page.fill(`#${field}`, value)
    }
    await page.click('[type=submit]')
    if (group !== undefined) await admin.realms.removeDefaultGroup({ realm: realm.name, id })
    return Object.assign(visitor, { id: '', username, email })
  }

  it.each(['registration with Latchkey', 'registration'])(
    'asks who lands in a group where it is required: %s',
    async (registrationFlow) => {
      await house.withRealm({ registrationFlow }, async () => {
        const bob = await register('finance')
        await house.isAsked(bob)
        await bob.setUp()
        expect(house.application.results.at(-1)?.idToken).toMatchObject({
          preferred_username: bob.username,
          amr: ['pwd', 'otp', 'mfa'],
        })
        await bob.close()
        const dave = await register('robots')
        await dave.page.waitForSelector('#app')
        expect(house.application.results.at(-1)?.idToken).toMatchObject({
          preferred_username: dave.username,
          amr: ['pwd'],
        })
        await dave.close()
      })
    },
  )

  it('lets nobody in with the sidecar down', async () => {
    await house.withSidecarDown(async () => {
      const alice = await register(undefined)
      await alice.page.waitForSelector('#latchkey-retry')
      await alice.page.goto(house.application.url)
      expect(await alice.page.locator('#app').count()).toBe(0)
      await alice.close()
    })
  })
})

it('a user without any credential at Keycloak comes by an identity provider, sets up, and is asked (P20)', async () => {
  const { admin, realm, provider } = house
  const guest = await house.dave()
  await house.move(guest, 'finance')
  const user = { realm: realm.name, id: guest.id }
  for (const { id } of await admin.users.getCredentials(user)) {
    await admin.users.deleteCredential({ ...user, credentialId: id ?? '' })
  }
  await broker(guest, provider.guarded)
  await guest.page.waitForSelector('#secret')
  await guest.setUp()
  await guest.context.clearCookies()
  await broker(guest, provider.guarded)
  await guest.submitCode(await guest.nextCode())
  await guest.page.waitForSelector('#app')
  expect(house.application.results.at(-1)?.idToken).toMatchObject({ amr: ['otp'] })
  await guest.close()
})
