import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import { firstSync } from '../support/first-sync.ts'
import { adminPage, enterAdmin } from '../support/admin-visit.ts'
import { startMailServer } from '../support/mail.ts'
import type { MailServerDouble } from '../support/mail.ts'
import { startScenario } from '../support/scenario.ts'
import type { Scenario, Visitor } from '../support/scenario.ts'

let server: MailServerDouble
let scenario: Scenario
const ids: Record<string, string> = {}

beforeAll(async () => {
  server = await startMailServer()
  scenario = await startScenario({ environment: { LATCHKEY_PRIVATE_HOSTS: '127.0.0.1' } })
  const { admin, realm, sidecar } = scenario
  await sidecar().policy.saveSettings(realm.name, {
    mail: { host: '127.0.0.1', port: server.port, security: 'none', from: 'sso@example.com' },
  })
  sidecar().start()
  sidecar().startWorker()
  for (const { username = '', id = '' } of await admin.users.find({ realm: realm.name })) ids[username] = id
  await firstSync(scenario)
})
afterAll(async () => {
  await scenario.stop()
  await server.stop()
})

const pages = (path = '') => adminPage(scenario, path)
const enter = async (username: string, path = '') => await enterAdmin(scenario, username, path)

async function afterPassword(username: string): Promise<'application' | 'set-up' | 'challenge'> {
  const visitor = await scenario.visitor()
  await visitor.signIn(username)
  await visitor.page.waitForSelector('#app, #secret, input[name=code]')
  const has = async (selector: string) => (await visitor.page.locator(selector).count()) > 0
  const found = (await has('#app')) ? 'application' : (await has('#secret')) ? 'set-up' : 'challenge'
  await visitor.close()
  return found
}

describe('in the administrator’s pages, on a real Keycloak', () => {
  let erin: Visitor
  beforeAll(async () => {
    erin = await enter('erin', '/users')
  })

  it('erin sets the realm to Required, after a page that says whom it asks: alice must set up (S2, B1)', async () => {
    expect(await afterPassword('alice')).toBe('application')
    const { page } = erin
    await page.goto(pages('/settings'))
    await page.selectOption('select[name=enforcement]', 'required')
    await page.click('#settings button[type=submit]')
    await page.waitForSelector('#save')
    expect(await page.textContent('#changes')).toContain('Required')
    expect(await page.textContent('main')).toContain('alice')
    await page.click('#save button[type=submit]')
    await page.waitForSelector('#settings')
    expect(await afterPassword('alice')).toBe('set-up')
  })

  it('she overrides alice to Disabled: not asked, and the page says why; and back to the default (S3)', async () => {
    const { page } = erin
    await page.goto(pages(`/users/${ids['alice']}`))
    expect(await page.textContent('#sentence')).toContain("Required, because it is the realm's default")
    await page.selectOption('#enforcement', 'disabled')
    await page.fill('#reason', 'a robot for a day')
    await page.click('#override button[type=submit]')
    await page.click('#save button[type=submit]')
    await page.waitForSelector('#sentence')
    expect(await page.textContent('#sentence')).toContain(
      "Disabled, because an administrator set it for this user; without that: Required, because it is the realm's default",
    )
    expect(await afterPassword('alice')).toBe('application')
    await page.selectOption('#enforcement', 'default')
    await page.click('#override button[type=submit]')
    await page.click('#save button[type=submit]')
    await page.waitForSelector('#sentence')
    expect(await afterPassword('alice')).toBe('set-up')
  })

  it('the users page names what bob has, on hover and on focus, and finds who is required and not set up (S4)', async () => {
    const bob = await scenario.visitor()
    await bob.signIn('bob')
    await bob.setUp()
    await bob.close()
    const { page } = erin
    await page.goto(pages('/users?search=bob'))
    const tip = page.locator('.tip')
    const text = page.locator('.tip-text')
    // Only what is evaluated in the page knows its styles; here there is no document.
    const isShown = async () =>
      (await page.evaluate("getComputedStyle(document.querySelector('.tip-text')).opacity")) === '1'
    expect(await isShown()).toBe(false)
    await tip.hover()
    await vi.waitUntil(isShown)
    expect((await text.textContent())?.replaceAll(/\s+/g, ' ').trim()).toBe('App, Backup codes')
    await page.mouse.move(0, 0)
    await vi.waitUntil(async () => !(await isShown()))
    await page.focus('#users tbody th a')
    await page.keyboard.press('Tab')
    await vi.waitUntil(isShown)
    await page.selectOption('select[name=status]', 'required-not-enrolled')
    await page.fill('#search', '')
    await page.click('#filter button[type=submit]')
    await page.waitForSelector('#users')
    const names = await page.locator('#users tbody th').allTextContents()
    expect(names.map((name) => name.trim())).toContain('carol')
    expect(names.map((name) => name.trim())).not.toContain('bob')
  })

  it('frank revokes bob’s app after a question, bob is told by mail and sets up anew; no enforcement for frank (S11, S14, S21)', async () => {
    const frank = await enter('frank', `/users/${ids['bob']}`)
    const { page } = frank
    expect(await page.locator('#override').count()).toBe(0)
    await page.goto(pages(`/users/${ids['erin']}`))
    expect(await page.locator('#reset').count()).toBe(0)
    expect(await page.locator('#may-not').count()).toBe(1)
    await page.goto(pages(`/users/${ids['bob']}`))
    await page.click('a[href*="/revoke"] >> nth=0')
    await page.waitForSelector('#confirm')
    await page.click('#confirm button[type=submit]')
    await page.waitForSelector('#methods')
    const [user] = await scenario.admin.users.find({
      realm: scenario.realm.name,
      username: 'bob',
      exact: true,
    })
    const mail = await server.mailTo(user?.email ?? '', /was removed/)
    expect(mail.text).toContain('An administrator removed it')
    expect(await afterPassword('bob')).toBe('set-up')
    await frank.close()
  })

  it('heidi resets carol and sees nobody else; grace reads only (S13, S14)', async () => {
    const heidi = await enter('heidi', '/users')
    const names = async (visitor: Visitor) =>
      (await visitor.page.locator('#users tbody th').allTextContents()).map((name) => name.trim())
    expect(await names(heidi)).toEqual(['carol'])
    await heidi.page.goto(pages(`/users/${ids['bob']}`))
    expect(await heidi.page.content()).not.toContain('bob@example.com')
    await heidi.close()
    const grace = await enter('grace', '/users')
    expect(await names(grace)).toContain('bob')
    await grace.page.goto(pages(`/users/${ids['bob']}`))
    expect(await grace.page.locator('#reset, #override, a[href*="/revoke"]').count()).toBe(0)
    await grace.close()
  })

  it('a thief with a password and a single sign-on session is challenged, not in (R17)', async () => {
    const thief = await scenario.visitor()
    await scenario.sidecar().policy.saveRule(scenario.realm.name, {
      groupId: scenario.realm.groups['finance'] ?? '',
      enforcement: 'disabled',
      priority: 10,
    })
    const bob = await scenario.enrolled()
    await thief.signIn(bob.username)
    await thief.page.waitForSelector('#app')
    // Without a role there is nothing to see; with one the password is not enough.
    await thief.page.goto(pages('/users'))
    await thief.page.waitForSelector('h1')
    expect(await thief.page.locator('#users').count()).toBe(0)
    const { admin, realm } = scenario
    const role = await admin.roles.findOneByName({ realm: realm.name, name: 'tfa-admin' })
    await admin.users.addRealmRoleMappings({
      realm: realm.name,
      id: bob.id,
      roles: [{ id: role?.id ?? '', name: 'tfa-admin' }],
    })
    await thief.page.context().clearCookies({ name: /^lk-session/ })
    await thief.page.goto(pages('/users'))
    await thief.page.waitForSelector('input[name=code]')
    expect(await thief.page.locator('#users').count()).toBe(0)
    await thief.close()
    await bob.close()
  })

  it('shows the second of two who save the same setting both values, and loses nothing', async () => {
    const { page } = erin
    await page.goto(pages('/settings'))
    await page.fill('input[name=maxFailures]', '9')
    const { sidecar, realm } = scenario
    const before = await sidecar().admin.policy(realm.name)
    await sidecar().admin.commit({
      realm: realm.name,
      settings: { next: { ...before.set, maxFailures: 4 }, version: before.version },
      audit: [
        {
          event: 'settings.changed',
          realm: realm.name,
          userId: '',
          actor: ids['frank'] ?? '',
          at: Date.now(),
          detail: { version: before.version + 1, changes: { maxFailures: { from: 5, to: 4 } } },
        },
      ],
    })
    await page.click('#settings button[type=submit]')
    await page.waitForSelector('main form')
    const text = (await page.textContent('main')) ?? ''
    expect(text).toContain('9')
    expect(text).toContain('4')
    expect((await sidecar().admin.policy(realm.name)).settings.maxFailures).toBe(4)
  })
})
