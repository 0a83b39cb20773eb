import { afterAll, beforeAll, expect, it, vi } from 'vitest'
import type { Page } from 'playwright-core'
import { firstSync } from '../support/first-sync.ts'
import { startMailServer } from '../support/mail.ts'
import type { MailServerDouble } from '../support/mail.ts'
import { startScenario } from '../support/scenario.ts'
import type { Scenario, Visitor } from '../support/scenario.ts'

let server: MailServerDouble
let scenario: Scenario

beforeAll(async () => {
  server = await startMailServer()
  scenario = await startScenario({ environment: { LATCHKEY_PRIVATE_HOSTS: '127.0.0.1' } })
  await scenario.sidecar().policy.saveSettings(scenario.realm.name, {
    mail: { host: '127.0.0.1', port: server.port, security: 'none', from: 'sso@example.com' },
  })
  await startWork()
})
afterAll(async () => {
  await scenario.stop()
  await server.stop()
})

async function startWork(): Promise<void> {
  scenario.sidecar().start()
  scenario.sidecar().startWorker()
  await firstSync(scenario)
}

/** A new user of /finance who has set an app up at a login, in a browser that is signed in. */
async function newcomer(): Promise<Visitor & { id: string; username: string }> {
  const user = await scenario.createUser()
  const visitor = await scenario.visitor()
  await visitor.signIn(user.username)
  await visitor.setUp()
  return Object.assign(visitor, user)
}

async function listed(id: string) {
  const all = await scenario.admin.users.getCredentials({ realm: scenario.realm.name, id })
  return all.filter(({ type }) => type === 'latchkey')
}

async function idOf(user: string, label: string): Promise<string> {
  return (await listed(user)).find(({ userLabel }) => userLabel === label)?.id ?? ''
}

const methods = async (id: string) =>
  (await scenario.sidecar().admin.user(scenario.realm.name, id))?.methods.map(({ method }) => method)

async function entries(userId: string, event: 'method.revoked' | 'deletion.refused') {
  const { entries: found } = await scenario
    .sidecar()
    .audit.list(scenario.realm.name, { userId, event }, { max: 10 })
  return found
}

const deleteThere = async (id: string, credentialId: string) =>
  await scenario.admin.users.deleteCredential({ realm: scenario.realm.name, id, credentialId })

async function openAdminConsole(page: Page, userId: string): Promise<void> {
  const origin = new URL(scenario.realmUrl).origin
  await page.goto(`${origin}/admin/master/console/#/${scenario.realm.name}/users/${userId}/credentials`)
  await page.fill('#username', 'admin')
  await page.fill('#password', 'admin')
  await page.click('#kc-login')
}

it('B8: the account console lists the methods, and sends the user to our page to change them (R17)', async () => {
  const bob = await newcomer()
  const { page } = bob
  page.setDefaultTimeout(60_000)
  await page.goto(`${scenario.realmUrl}/account/account-security/signing-in`)
  await page.waitForSelector('text=Two-factor authentication')
  await page.waitForSelector('text=Authenticator app')
  await page.waitForSelector('text=Backup codes: 10 left')
  // Whoever asks for it without the console's buttons is refused by Keycloak too.
  const app = await idOf(bob.id, 'Authenticator app')
  await page.goto(`${scenario.application.url}?kc_action=delete_credential:${app}`)
  await page.waitForLoadState('load')
  expect((await listed(bob.id)).map(({ userLabel }) => userLabel)).toContain('Authenticator app')

  await page.goto(`${scenario.realmUrl}/account/account-security/signing-in`)
  await page.click('text=Set up Second step')
  await page.waitForURL(/\/step\//)
  await bob.close()
})

it('B8: what an administrator deletes in Keycloak’s console is revoked within seconds, and the user sets up anew', async () => {
  const bob = await newcomer()
  await bob.close()
  const admin = await scenario.visitor({ viewport: { width: 1280, height: 900 } })
  const { page } = admin
  page.setDefaultTimeout(60_000)
  await openAdminConsole(page, bob.id)
  // The console folds several credentials of one type into one row.
  const group = page.getByRole('row').filter({ hasText: 'Latchkey' })
  await group.getByRole('button', { name: 'Details' }).click()
  const row = page.getByRole('row').filter({ hasText: 'Authenticator app' })
  await row.waitFor()
  await page.waitForSelector('text=Backup codes: 10 left')
  await row.getByRole('button', { name: 'Kebab toggle' }).click()
  await page.getByRole('menuitem', { name: 'Delete' }).click()
  await page.getByRole('button', { name: 'Delete' }).click()
  await vi.waitUntil(async () => (await methods(bob.id))?.length === 0, { timeout: 10_000, interval: 100 })
  expect(await entries(bob.id, 'method.revoked')).toMatchObject([
    { actor: 'keycloak:console', detail: { method: 'totp', alongWith: [{ method: 'backup-codes' }] } },
  ])
  const { email = '' } =
    (await scenario.admin.users.findOne({ realm: scenario.realm.name, id: bob.id })) ?? {}
  const told = await server.mailTo(email, /was removed/)
  expect(told.text).toContain('An administrator removed it')
  await admin.close()

  const again = await scenario.visitor()
  await again.signIn(bob.username)
  await again.setUp()
  expect((await listed(bob.id)).map(({ userLabel }) => userLabel)).toEqual([
    'Authenticator app',
    'Backup codes: 10 left',
  ])
  await again.close()
})

it('B8: what was deleted while nobody told of it is revoked at the next login', async () => {
  const bob = await newcomer()
  await bob.close()
  const { realm, admin } = scenario
  await admin.realms.update({ realm: realm.name }, { eventsListeners: [] })
  await deleteThere(bob.id, await idOf(bob.id, 'Authenticator app'))
  await admin.realms.update({ realm: realm.name }, { eventsListeners: ['latchkey-events'] })
  expect(await methods(bob.id)).toHaveLength(2)

  const again = await scenario.visitor()
  await again.signIn(bob.username)
  await again.setUp()
  expect(await entries(bob.id, 'method.revoked')).toHaveLength(1)
  await again.close()
})

it('B8: a user of whom Keycloak lists nothing any more keeps everything, and it is listed again (R32)', async () => {
  const bob = await newcomer()
  const { realm, admin } = scenario
  await admin.realms.update({ realm: realm.name }, { eventsListeners: [] })
  for (const { id = '' } of await listed(bob.id)) await deleteThere(bob.id, id)
  await admin.realms.update({ realm: realm.name }, { eventsListeners: ['latchkey-events'] })

  const again = await scenario.visitor()
  again.secret = bob.secret
  await again.signIn(bob.username)
  await again.submitCode(await bob.nextCode())
  await again.page.waitForSelector('#app')
  expect(await listed(bob.id)).toHaveLength(2)
  await bob.close()
  await again.close()
})

it('R28: what is deleted there of who administers stays, is listed again at the next login, and audited', async () => {
  const frank = await newcomer()
  const { realm, admin } = scenario
  const role = await admin.roles.findOneByName({ realm: realm.name, name: 'tfa-auditor' })
  await admin.users.addRealmRoleMappings({
    realm: realm.name,
    id: frank.id,
    roles: [{ id: role?.id ?? '', name: 'tfa-auditor' }],
  })
  await deleteThere(frank.id, await idOf(frank.id, 'Authenticator app'))
  await expect
    .poll(async () => await entries(frank.id, 'deletion.refused'), { timeout: 10_000 })
    .toMatchObject([{ actor: 'keycloak:console', detail: { method: 'totp' } }])
  expect(await methods(frank.id)).toHaveLength(2)

  const again = await scenario.visitor()
  again.secret = frank.secret
  await again.signIn(frank.username)
  await again.submitCode(await frank.nextCode())
  await again.page.waitForSelector('#app')
  expect((await listed(frank.id)).map(({ userLabel }) => userLabel)).toContain('Authenticator app')
  await frank.close()
  await again.close()
})
