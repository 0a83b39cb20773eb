import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import { dateIn } from '../../src/core/policy/time-zone.ts'
import { adminPage, enterAdmin } from '../support/admin-visit.ts'
import { startMailServer } from '../support/mail.ts'
import type { MailServerDouble } from '../support/mail.ts'
import { startScenario } from '../support/scenario.ts'
import type { Scenario } from '../support/scenario.ts'

const DAY = 24 * 60 * 60_000
const TIME_ZONE = 'Pacific/Kiritimati'

let server: MailServerDouble
let scenario: Scenario
let salesId = ''

beforeAll(async () => {
  server = await startMailServer()
  scenario = await startScenario({ environment: { LATCHKEY_PRIVATE_HOSTS: '127.0.0.1' } })
  const { admin, realm, sidecar } = scenario
  await sidecar().policy.saveSettings(realm.name, {
    timeZone: TIME_ZONE,
    reminderDays: [14, 7, 1],
    mail: { host: '127.0.0.1', port: server.port, security: 'none', from: 'sso@example.com' },
  })
  salesId = (await admin.groups.create({ realm: realm.name, name: 'sales' })).id
  sidecar().start()
  sidecar().startWorker()
  await synced()
})
afterAll(async () => {
  await scenario.stop()
  await server.stop()
})

async function synced(): Promise<void> {
  const { sidecar, realm } = scenario
  const before = Date.now()
  await sidecar().sync.run(realm.name)
  await vi.waitUntil(async () => ((await sidecar().sync.state(realm.name)).completedAt ?? 0) > before, {
    timeout: 60_000,
    interval: 200,
  })
}

describe('a campaign, on a real Keycloak (B2)', () => {
  it('/sales is Required from a date: before it a countdown with skip, mails, a list and a picture of who is left', async () => {
    const sam = await scenario.createUser({ group: 'sales' })
    const sue = await scenario.createUser({ group: 'sales' })
    const erin = await enterAdmin(scenario, 'erin', '/rules')
    const until = dateIn(TIME_ZONE, Date.now() + 7 * DAY)
    await erin.page.goto(adminPage(scenario, `/rules/${salesId}`))
    await erin.page.selectOption('select[name=enforcement]', 'required')
    await erin.page.selectOption('select[name=grace]', 'until')
    await erin.page.fill('input[name="grace.until"]', until)
    await erin.page.click('#rule button[type=submit]')
    await erin.page.waitForSelector('#save')
    await erin.page.click('#save button[type=submit]')
    await erin.page.waitForSelector('#done')
    expect(await erin.page.textContent('main')).toContain(TIME_ZONE)

    // The first login of the day shows it; "Not now" is the end of it for today (R27).
    const visitor = await scenario.visitor()
    await visitor.signIn(sam.username)
    await visitor.page.waitForSelector('#countdown')
    expect(await visitor.page.textContent('#countdown')).toContain('7 days left')
    await visitor.page.click('#not-now button')
    await visitor.page.waitForSelector('#app')
    expect(scenario.application.results.at(-1)?.idToken).toMatchObject({ amr: ['pwd'] })
    await visitor.close()
    const again = await scenario.visitor()
    await again.signIn(sam.username)
    await again.page.waitForSelector('#app')
    expect(scenario.application.results.at(-1)?.idToken).toMatchObject({ amr: ['pwd'] })
    await again.close()

    const other = await scenario.visitor()
    await other.signIn(sue.username)
    await other.page.click('#set-up button')
    await other.page.waitForSelector('#secret')
    await other.page.click('#cancel')
    await other.page.waitForSelector('#countdown')
    await other.page.click('#set-up button')
    await other.setUp()
    expect(scenario.application.results.at(-1)?.idToken).toMatchObject({ amr: ['pwd', 'otp', 'mfa'] })
    await other.close()

    await synced()
    await erin.page.goto(adminPage(scenario, `/rules/${salesId}`))
    expect(await erin.page.textContent('#share')).toContain('50 %')
    await erin.page.click('#left')
    await erin.page.waitForSelector('main')
    const list = await erin.page.textContent('main')
    expect(list).toContain(sam.username)
    expect(list).not.toContain(sue.username)
    await erin.close()

    const { email = '' } =
      (await scenario.admin.users.findOne({ realm: scenario.realm.name, id: sam.id })) ?? {}
    const reminder = await server.mailTo(email, /set up a second factor/)
    expect(reminder.text).toContain('asks for a second factor from')
  })

  it('after it there is no skip', async () => {
    const { sidecar, realm } = scenario
    await sidecar().policy.saveRule(realm.name, {
      groupId: salesId,
      enforcement: 'required',
      priority: 0,
      // Where the realm's clock is today already, and that of UTC may be not.
      grace: { until: dateIn(TIME_ZONE, Date.now()) },
    })
    const late = await scenario.createUser({ group: 'sales' })
    const visitor = await scenario.visitor()
    await visitor.signIn(late.username)
    await visitor.page.waitForSelector('#secret')
    expect(await visitor.page.locator('#not-now, #cancel').count()).toBe(0)
    await visitor.close()
  })
})
