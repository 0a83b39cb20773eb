import { decodeJwt } from 'jose'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { createReminderStore } from '../../src/adapters/store/reminder-store.ts'
import { createOutboxStore } from '../../src/adapters/store/outbox-store.ts'
import { openDatabase } from '../../src/adapters/store/database.ts'
import type { ReminderStore } from '../../src/core/notices/reminders.ts'
import { createReminders } from '../../src/worker/reminders.ts'
import { NOW, startApi } from '../support/api.ts'
import type { ApiWorld } from '../support/api.ts'
import { kitAt } from '../support/kit.ts'
import { Login } from '../support/login.ts'
import { PLACES, newKey } from '../support/stores.ts'
import type { Place } from '../support/stores.ts'
import { createSealer } from '../../src/adapters/secrets/sealer.ts'

const DAY = 24 * 60 * 60_000
const SALES = [{ id: 'g-sales', path: '/sales' }]
const seller = (id: string, change = {}) => ({
  id,
  roles: [],
  email: `${id}@example.com`,
  groups: ['g-sales'],
  enforcement: 'required',
  ...change,
})

describe.each(PLACES)('a campaign on %s (B2)', (_, make) => {
  let place: Place
  let world: ApiWorld
  // 2027-01-15T08:00:15Z by the test's clock.
  const end = Date.UTC(2027, 0, 23, 23)

  beforeAll(async () => {
    place = await make()
    const people = [seller('sam'), seller('sue'), seller('set'), seller('off', { email: undefined })]
    world = await startApi({
      groups: SALES,
      users: [{ id: 'erin', roles: ['tfa-admin'] }, ...people],
      dbUrl: place.url,
    })
    await world.app.policy.saveSettings('demo', {
      timeZone: 'Europe/Berlin',
      mail: { host: 'mail.example.com', port: 25, security: 'none', from: 'sso@example.com' },
    })
    await world.app.policy.saveRule('demo', {
      groupId: 'g-sales',
      enforcement: 'required',
      priority: 0,
      grace: { until: '2027-01-24' },
    })
    await world.enrol('set')
  })
  afterAll(async () => {
    await world.stop()
    await place.drop()
  })

  const login = (sub: string, change: Record<string, unknown> = {}) =>
    new Login(world.app, world.realm, { sub, amr: ['pwd'], groups: SALES, ...change }, () => world.clock.now)

  it('shows the date and the days left; "Not now" lets the login go on with its first factor alone (R27)', async () => {
    const visit = await login('sam').begin()
    expect(visit.decision).toMatchObject({ needed: true, because: { rule: 'group', grace: end } })
    const page = (await visit.page()).text
    expect(page).toContain('January 24, 2027')
    expect(page).toContain('9 days left')
    const done = await visit.post('not-now', {})
    const claims = decodeJwt((await visit.redeem(String(done.headers['location']))).body.id_token)
    expect(claims).toMatchObject({ acr: '1', amr: ['pwd'], exempt: 'grace' })
    expect(claims).not.toHaveProperty('auth_time')
    const sid = String(visit.question['sid'])
    expect(await world.app.admin.verifiedAt('demo', sid, 'sam')).toBeUndefined()

    expect((await login('sam').push()).status).toBe(200)
    world.clock.now += DAY
    expect((await login('sam').push()).status).toBe(201)
    world.clock.now = NOW
  })

  it('"Set up now" leads to the set-up, and back while there is time', async () => {
    const visit = await login('sue').begin()
    await visit.post('set-up', {})
    const page = (await visit.page()).text
    expect(page).toContain('id="secret"')
    expect(page).not.toContain('You need to set up')
    expect(page).toContain('id="cancel"')
    const back = await visit.page('/cancel')
    expect(back.headers['location']).toBe(visit.step)
    expect((await visit.page()).text).toContain('id="not-now"')
    await visit.post('set-up', {})
    const made = await visit.enrol()
    const claims = decodeJwt((await visit.redeem(made.location)).body.id_token)
    expect(claims).toMatchObject({ acr: '2', amr: ['pwd', 'otp', 'mfa'] })
    expect(claims).not.toHaveProperty('exempt')
  })

  it('has no "Not now" from the day on, by the clock of the realm, on a page that was left open neither', async () => {
    world.clock.now = end - 60_000
    const visit = await login('off').begin()
    expect((await visit.page()).text).toContain('id="not-now"')
    world.clock.now = end
    await visit.post('not-now', {})
    const page = (await visit.page()).text
    expect(page).toContain('id="secret"')
    expect(page).not.toContain('id="cancel"')
    const late = await login('sam').begin()
    expect((await late.page()).text).toContain('id="secret"')
    expect((await late.post('not-now', {})).headers['location']).toBe(late.step)
    expect((await late.page()).text).toContain('id="secret"')
    world.clock.now = NOW
  })

  it('reminds each user once a day that is set, by one of two servers, and nobody who has a method', async () => {
    // The file of SQLite is the server's own: what was told is kept in another place of the same kind.
    const own = await make()
    const database = await openDatabase(own.url)
    const sealed = createReminderStore(database, createSealer([newKey()]))
    const told: string[] = []
    const store: ReminderStore = {
      async remind(realm, reminder) {
        const isNew = await sealed.remind(realm, reminder)
        if (isNew) told.push(`${reminder.userId} ${reminder.days}`)
        return isNew
      },
    }
    const servers = [1, 2].map(() =>
      createReminders({
        admin: world.app.admin,
        store,
        realms: ['demo'],
        kit: () => kitAt(world.clock.now),
      }),
    )
    const round = async () => {
      told.length = 0
      await Promise.all(servers.map((remind) => remind()))
      return told.toSorted()
    }
    expect(await round()).toEqual(['sam 14'])
    expect(await round()).toEqual([])
    world.clock.now = end - 7 * DAY
    expect(await round()).toEqual(['sam 7'])
    world.clock.now = end - 1
    expect(await round()).toEqual(['sam 1'])
    world.clock.now = end
    expect(await round()).toEqual([])
    world.clock.now = NOW
    expect(await createOutboxStore(database, createSealer([newKey()])).waiting()).toBe(3)
    await database.close()
    await own.drop()
  })
})
