import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { firstSync, onlyTextMessages } from '../support/first-sync.ts'
import { startMailServer } from '../support/mail.ts'
import type { MailServerDouble } from '../support/mail.ts'
import { startRelyingParty } from '../support/relying-party.ts'
import { adminPage, enterAdmin } from '../support/admin-visit.ts'
import { startScenario } from '../support/scenario.ts'
import type { Scenario, Visitor } from '../support/scenario.ts'

const NUMBER = '+31623232323'
const TYPED = '06 2323 2323'

let mail: MailServerDouble
let scenario: Scenario

beforeAll(async () => {
  mail = await startMailServer()
  scenario = await startScenario({
    environment: { LATCHKEY_DELIVERY: 'inbox' },
    settings: { methods: ['totp', 'sms', 'backup-codes'], smsCountries: ['NL', 'DE'] },
    change(realm) {
      realm.smtpServer = { host: '127.0.0.1', port: String(mail.port), from: 'sso@example.com' }
    },
  })
  await onlyTextMessages(scenario)
  scenario.sidecar().start()
  scenario.sidecar().startWorker()
  await firstSync(scenario)
})
afterAll(async () => {
  await scenario.stop()
  await mail.stop()
})

const pages = (path = '') => adminPage(scenario, path)
const enter = async (username: string, path = '/users') => await enterAdmin(scenario, username, path)

async function submit({ page }: Visitor): Promise<void> {
  const arrived = page.waitForEvent('load')
  await page.click('#new-user button[type=submit]')
  await arrived
}

async function codesTo(number: string): Promise<string[]> {
  const response = await fetch(`${scenario.sidecar().url}/dev/inbox.json?to=${encodeURIComponent(number)}`)
  const messages = (await response.json()) as { text: string }[]
  return messages.map(({ text }) => /^@localhost #(\d{6})$/m.exec(text)?.[1] ?? 'no code')
}

/** The names that a search finds. */
async function search({ page }: Visitor, words: string): Promise<string[]> {
  await page.goto(pages('/users'))
  await page.fill('#search', words)
  const arrived = page.waitForEvent('load')
  await page.click('#filter button[type=submit]')
  await arrived
  const names = await page.locator('#users tbody th').allTextContents()
  return names.map((name) => name.trim())
}

describe('adding users in the administrator’s pages, on a real Keycloak', () => {
  let erin: Visitor
  const addresses: string[] = []

  beforeAll(async () => {
    erin = await enter('erin')
    erin.page.on('request', (request) => addresses.push(request.url()))
  })

  it('a user of a group where only text messages are allowed is not added without a phone, and the page says why (S6)', async () => {
    const { page } = erin
    await page.click('#add-user')
    await page.waitForSelector('#new-user')
    await page.fill('input[name=username]', 'wanda')
    await page.fill('input[name=email]', 'wanda@example.com')
    await page.fill('input[name=firstName]', 'Wanda')
    await page.fill('input[name=lastName]', 'West')
    await page.getByLabel('/field').check()
    await submit(erin)
    expect(await erin.fieldError()).toBe(
      'Enter a phone number: codes by text message are the only method allowed by the rule for the group /field.',
    )
    expect(await page.inputValue('input[name=username]')).toBe('wanda')
    expect(await page.getByLabel('/field').isChecked()).toBe(true)
    const { admin, realm } = scenario
    expect(await admin.users.find({ realm: realm.name, username: 'wanda' })).toEqual([])

    await page.selectOption('select[name=country]', 'NL')
    await page.fill('input[name=phone]', '020 6241111')
    await submit(erin)
    expect(await erin.fieldError()).toContain('can’t receive text messages'.replace('’', "'"))
    expect(await page.inputValue('input[name=phone]')).toBe('020 6241111')
  })

  it('with one she is added with the attribute that only administrators change, and listed at once', async () => {
    const { page } = erin
    await page.fill('input[name=phone]', TYPED)
    await submit(erin)
    expect(await page.textContent('#done')).toContain('was added in Keycloak')
    expect(await page.textContent('h1')).toBe('wanda')
    expect(await page.textContent('main')).not.toContain('2323')
    const { admin, realm } = scenario
    const [user] = await admin.users.find({ realm: realm.name, username: 'wanda', exact: true })
    expect(user).toMatchObject({ firstName: 'Wanda', attributes: { phoneNumber: [NUMBER] } })
    const groups = await admin.users.listGroups({ realm: realm.name, id: user?.id ?? '' })
    expect(groups.map(({ path }) => path)).toEqual(['/field'])
    // The way back to Keycloak's console leads to the same user.
    expect(await page.getAttribute('a.outside', 'href')).toContain(`/users/${user?.id}/settings`)
  })

  it('a search by the whole number, however written, finds exactly her, before and after she signs in (S4)', async () => {
    for (const words of ['+31 6 2323 2323', '0031623232323', TYPED]) {
      expect(await search(erin, words), words).toEqual(['wanda'])
    }
    expect(await erin.page.textContent('#searched-number')).toContain('+31 ••• ••23')
    expect(await search(erin, '+31 6 2323 2324')).toEqual([])
    expect(await search(erin, '2323 2323')).toEqual([])
    expect(await search(erin, 'wan')).toEqual(['wanda'])
  })

  it('her first login sends the code to the stored number at once (R25)', async () => {
    const { admin, realm } = scenario
    const [user] = await admin.users.find({ realm: realm.name, username: 'wanda', exact: true })
    await admin.users.resetPassword({
      realm: realm.name,
      id: user?.id ?? '',
      credential: { type: 'password', value: 'wanda', temporary: false },
    })
    const wanda = await scenario.visitor()
    await wanda.signIn('wanda')
    await wanda.page.waitForSelector('input[name=code]')
    expect(await wanda.page.locator('input[name=phone]').count()).toBe(0)
    expect(await wanda.page.textContent('main')).toContain('+31 ••• ••23')
    const codes = await codesTo(NUMBER)
    expect(codes).toHaveLength(1)
    await wanda.submitCode(codes[0] ?? '')
    await wanda.page.waitForSelector('#app')
    await wanda.close()
    expect(await search(erin, NUMBER)).toEqual(['wanda'])
  })

  it('a number that carol set up herself finds her, and not after it was taken from her', async () => {
    const number = '+31645454545'
    const carol = await scenario.visitor()
    await carol.signIn('carol')
    await carol.page.selectOption('select[name=country]', 'NL')
    await carol.page.fill('input[name=phone]', number)
    await carol.page.press('input[name=phone]', 'Enter')
    await carol.page.waitForSelector('input[name=code]')
    await carol.submitCode((await codesTo(number))[0] ?? '')
    await carol.page.waitForSelector('#app')
    await carol.close()
    expect(await search(erin, number)).toEqual(['carol'])
    await erin.page.click('#users tbody th a')
    await erin.page.click('#reset')
    await erin.page.click('#confirm button[type=submit]')
    await erin.page.waitForSelector('#done')
    expect(await search(erin, number)).toEqual([])
  })

  it('the same name twice is refused by Keycloak, in words that fit a form sent twice, and what was typed stays', async () => {
    const { page } = erin
    await page.goto(pages('/users/new'))
    await page.fill('input[name=username]', 'wanda')
    await page.fill('input[name=lastName]', 'Other')
    await submit(erin)
    expect(await page.textContent('#refused')).toContain('If you have just sent this form twice')
    expect(await erin.fieldError()).toBe('This is taken already.')
    expect(await page.inputValue('input[name=lastName]')).toBe('Other')
    await page.fill('input[name=username]', 'w')
    await submit(erin)
    expect(await erin.fieldError()).toBe('Keycloak takes another length here.')
  })

  it('an invitation goes out by Keycloak’s mail, and leads to a password and a second factor', async () => {
    const { page } = erin
    await page.goto(pages('/users/new'))
    await page.fill('input[name=username]', 'willem')
    await page.check('input[name=invite]')
    await submit(erin)
    expect(await erin.fieldError()).toBe('Enter an e-mail address to send the invitation to.')
    await page.fill('input[name=email]', 'willem@example.com')
    await submit(erin)
    expect(await page.textContent('#done')).toContain('the invitation was sent')
    const { text } = await mail.mailTo('willem@example.com', /./)
    expect(text).toContain('/login-actions/action-token?key=')
  })

  it('no address that her browser asked for had a number in it (R23)', () => {
    expect(addresses.length).toBeGreaterThan(20)
    for (const url of addresses)
      expect(decodeURIComponent(url).replaceAll(/[\s+]/g, '')).not.toMatch(/23232323|45454545/)
  })

  it('an administrator whom Keycloak does not let manage users is told so, and nothing is added', async () => {
    const { admin, realm } = scenario
    const { id } = await scenario.createUser({ username: 'ursula', group: '' })
    const role = await admin.roles.findOneByName({ realm: realm.name, name: 'tfa-admin' })
    await admin.users.addRealmRoleMappings({
      realm: realm.name,
      id,
      roles: [{ id: role?.id ?? '', name: 'tfa-admin' }],
    })
    const ursula = await enter('ursula', '/users/new')
    await ursula.page.fill('input[name=username]', 'xaver')
    await submit(ursula)
    expect(await ursula.page.textContent('#refused')).toContain('manage-users')
    expect(await ursula.page.inputValue('input[name=username]')).toBe('xaver')
    expect(await admin.users.find({ realm: realm.name, username: 'xaver' })).toEqual([])
    await ursula.close()
  })

  it.each(['frank', 'grace'])('%s sees no way to add a user, and the API refuses them', async (username) => {
    const visitor = await enter(username)
    const { page } = visitor
    expect(await page.locator('#users').count()).toBe(1)
    expect(await page.locator('#add-user').count()).toBe(0)
    await page.goto(pages('/users/new'))
    expect(await page.locator('#new-user').count()).toBe(0)
    expect(await page.textContent('main')).toContain('tfa-admin')
    const tool = await startRelyingParty(scenario.realmUrl, 'latchkey-api')
    await page.goto(tool.url)
    await page.waitForSelector('#app')
    const { sidecar, realm, admin } = scenario
    const response = await fetch(`${sidecar().url}/realms/${realm.name}/api/v1/users`, {
      method: 'POST',
      headers: {
        authorization: `Bearer ${tool.results.at(-1)?.accessToken ?? ''}`,
        'content-type': 'application/json',
      },
      body: JSON.stringify({ username: 'sneaked' }),
    })
    expect(response.status).toBe(403)
    expect(await response.json()).toMatchObject({ type: 'urn:latchkey:problem:forbidden' })
    expect(await admin.users.find({ realm: realm.name, username: 'sneaked' })).toEqual([])
    await tool.stop()
    await visitor.close()
  })
})
