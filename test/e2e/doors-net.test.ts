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

const results = () => house.application.results

describe('single sign-on', () => {
  it('asks once the policy became stricter, and goes on in the same session', async () => {
    const guest = await house.bob()
    await house.move(guest, 'robots')
    await guest.signIn(guest.username)
    await guest.page.waitForSelector('#app')
    const { sid } = results().at(-1)?.idToken ?? {}
    await guest.page.goto(guest.application.url)
    await guest.page.waitForSelector('#app')
    expect(results().at(-1)?.idToken).toMatchObject({ sid, amr: ['pwd'] })

    await house.move(guest, 'finance')
    await guest.page.goto(`${guest.application.url}?prompt=none`)
    expect(results().at(-1)?.error).toBe('interaction_required')
    await guest.page.goto(guest.application.url)
    await house.isAsked(guest)
    await guest.submitCode(await guest.nextCode())
    await guest.page.waitForSelector('#app')
    expect(results().at(-1)?.idToken).toMatchObject({ sid, amr: ['pwd', 'otp', 'mfa'] })

    // The session has it now: no application asks again.
    const before = house.sidecar().requests.length
    for (const query of ['', '?prompt=none']) {
      await guest.page.goto(`${guest.application.url}${query}`)
      await guest.page.waitForSelector('#app')
      expect(results().at(-1)?.idToken).toMatchObject({ sid, amr: ['pwd', 'otp', 'mfa'] })
    }
    expect(house.sidecar().requests.slice(before)).toEqual([])
    await guest.close()
  })

  it('lets nobody on with the sidecar down who gave no second factor', async () => {
    const dave = await house.dave()
    await dave.signIn(dave.username)
    await dave.page.waitForSelector('#app')
    await house.withSidecarDown(async () => {
      await dave.page.goto(`${dave.application.url}?prompt=none`)
      expect(results().at(-1)?.error).toBe('interaction_required')
      await dave.page.goto(dave.application.url)
      await dave.page.waitForSelector('#latchkey-retry')
    })
    await dave.page.click('#latchkey-retry')
    await dave.page.waitForSelector('#app')
    await dave.close()
  })

  it('a login with a password in an old session asks again', async () => {
    await house.withGateOnly(async () => {
      const bob = await house.bob()
      await bob.signIn(bob.username)
      await bob.submitCode(await bob.nextCode())
      await bob.page.waitForSelector('#app')
      await bob.page.goto(`${bob.application.url}?prompt=login`)
      await bob.page.fill('#password', bob.username)
      await bob.page.click('#kc-login')
      await house.isAsked(bob)
      await bob.close()
    })
  })
})

describe('a mail that asks for actions', () => {
  for (const client of ['and leads to an application', 'and to nowhere else']) {
    it(`asks before the action ${client}`, async () => {
      for (const guest of [await house.bob(), await house.dave()]) {
        await house.admin.users.executeActionsEmail({
          realm: house.realm.name,
          id: guest.id,
          actions: ['UPDATE_PASSWORD'],
          ...(client.includes('application')
            ? { clientId: 'latchkey-demo', redirectUri: `${guest.application.url}done` }
            : {}),
        })
        await guest.page.goto(await house.mail.linkTo(guest.email))
        await guest.page.click('#kc-info-message a')
        if (guest.secret !== '') {
          await house.isAsked(guest)
          await guest.submitCode(await guest.nextCode())
        }
        await guest.page.fill('#password-new', 'another password')
        await guest.page.fill('#password-confirm', 'another password')
        await guest.page.click('[type=submit]')
        await guest.page.waitForSelector('#kc-info-message')
        await guest.close()
      }
    })

    it(`changes nothing with the sidecar down ${client}`, async () => {
      const dave = await house.dave()
      await house.admin.users.executeActionsEmail({
        realm: house.realm.name,
        id: dave.id,
        actions: ['UPDATE_PASSWORD'],
      })
      const link = await house.mail.linkTo(dave.email)
      await house.withSidecarDown(async () => {
        await dave.page.goto(link)
        await dave.page.click('#kc-info-message a')
        await dave.page.waitForSelector('#latchkey-retry')
      })
      await dave.close()
    })
  }
})
