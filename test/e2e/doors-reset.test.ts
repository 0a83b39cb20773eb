import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { askForReset, newPassword } from '../support/doors-reset.ts'
import { openHouse } from '../support/doors.ts'
import type { House } from '../support/doors.ts'

let house: House
beforeAll(async () => {
  house = await openHouse()
})
afterAll(async () => {
  await house.stop()
})

describe('password reset in another browser (R14, P6)', () => {
  it.each(['reset credentials with Latchkey', 'reset credentials'])(
    'asks for the second factor before the new password: %s',
    async (resetCredentialsFlow) => {
      await house.withRealm({ resetCredentialsFlow }, async () => {
        for (const group of ['finance', 'robots']) {
          const guest = await (group === 'finance' ? house.bob() : house.dave())
          const link = await askForReset(house, guest)
          const elsewhere = Object.assign(await house.visitor(), {
            id: guest.id,
            username: guest.username,
            email: guest.email,
          })
          elsewhere.secret = guest.secret
          await elsewhere.page.goto(link)
          if (group === 'finance') {
            await house.isAsked(elsewhere)
            await elsewhere.submitCode(await elsewhere.nextCode())
          }
          await newPassword(elsewhere)
          await elsewhere.page.waitForSelector('#kc-info-message')
          // The link is spent.
          await guest.page.goto(link)
          expect(await guest.page.locator('#password-new, #app').count()).toBe(0)
          await guest.close()
          await elsewhere.close()
        }
      })
    },
  )

  it('opens nothing with the sidecar down', async () => {
    await house.withRealm({ resetCredentialsFlow: 'reset credentials with Latchkey' }, async () => {
      for (const guest of [await house.bob(), await house.dave()]) {
        const link = await askForReset(house, guest)
        const elsewhere = await house.visitor()
        await house.withSidecarDown(async () => {
          await elsewhere.page.goto(link)
          await elsewhere.page.waitForSelector('#latchkey-retry')
          expect(await elsewhere.page.locator('#password-new, #app').count(), guest.username).toBe(0)
        })
        await guest.close()
        await elsewhere.close()
      }
    })
  })

  it('leaves the methods as they were, whether it is ended or not', async () => {
    await house.withRealm({ resetCredentialsFlow: 'reset credentials with Latchkey' }, async () => {
      const bob = await house.bob()
      const methods = async () =>
        (await house.sidecar().admin.user(house.realm.name, bob.id))?.methods.map(({ id }) => id)
      const before = await methods()
      expect(before).toHaveLength(1)
      await bob.page.goto(await askForReset(house, bob))
      await house.isAsked(bob)
      expect(await methods()).toEqual(before)
      await bob.submitCode(await bob.nextCode())
      await newPassword(bob)
      await bob.page.waitForSelector('#app')
      expect(await methods()).toEqual(before)
      await bob.close()
    })
  })
})
