import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { AxeBuilder } from '@axe-core/playwright'
import { startMailServer } from '../support/mail.ts'
import type { MailServerDouble } from '../support/mail.ts'
import { startScenario } from '../support/scenario.ts'
import type { Scenario, Visitor } from '../support/scenario.ts'

let server: MailServerDouble
let scenario: Scenario
beforeAll(async () => {
  server = await startMailServer()
  scenario = await startScenario({
    environment: { LATCHKEY_PRIVATE_HOSTS: '127.0.0.1' },
    change: (realm) => {
      // Keycloak's own mail, for invitations.
      realm.smtpServer = { host: '127.0.0.1', port: String(server.port), from: 'sso@example.com' }
    },
  })
  scenario.sidecar().start()
  await firstSetUp('email-link')
})
afterAll(async () => {
  await scenario.stop()
  await server.stop()
})

const firstSetUp = async (needs: 'email-link' | 'invitation') =>
  await scenario.sidecar().policy.saveSettings(scenario.realm.name, {
    firstSetUp: needs,
    mail: { host: '127.0.0.1', port: server.port, security: 'none', from: 'sso@example.com' },
  })

async function person() {
  const user = await scenario.createUser()
  const known = await scenario.admin.users.findOne({ realm: scenario.realm.name, id: user.id })
  return { ...user, email: known?.email ?? '' }
}

const linkTo = async (email: string, count = 1) => {
  const { text } = await server.mailTo(email, /second step/, count)
  return /https?:\/\/\S+\/link\?token=\S+/.exec(text ?? '')?.[0] ?? ''
}

/** Opens the link and presses its button. */
async function openLink({ page }: Visitor, link: string): Promise<void> {
  await page.goto(link)
  await page.click('#link button')
}

/** From the set-up page to the end of the set-up, whatever comes then. */
async function setUp(visitor: Visitor): Promise<void> {
  const { page } = visitor
  await page.waitForSelector('.qr svg')
  visitor.secret = ((await page.textContent('#secret')) ?? '').replaceAll(/\s/g, '')
  await visitor.submitCode(await visitor.nextCode())
  await page.waitForSelector('#backup-codes')
  await page.check('#saved')
  await page.click('button[type=submit]')
}

const isAxeClean = async ({ page }: Visitor) => {
  const { violations } = await new AxeBuilder({ page }).analyze()
  expect(violations.map(({ id, nodes }) => `${id}: ${nodes[0]?.html}`)).toEqual([])
}

describe('a first set-up by e-mail link (S10)', () => {
  it('on another device: password there, set-up there, and the first browser is challenged and in (R30)', async () => {
    const user = await person()
    const desk = await scenario.visitor()
    await desk.signIn(user.username)
    await desk.page.waitForSelector('#go-on')
    expect(await desk.page.textContent('main')).toContain('•••@example.com')
    await isAxeClean(desk)
    const link = await linkTo(user.email)

    const phone = await scenario.visitor()
    await phone.page.goto(link)
    await isAxeClean(phone)
    await phone.page.click('#link button')
    await phone.givePassword(user.username)
    await setUp(phone)
    await phone.page.waitForSelector('#done')
    await isAxeClean(phone)

    // Without a word to it the first browser has not moved; the link let nobody in.
    expect(await desk.page.locator('#go-on').count()).toBe(1)
    await desk.page.click('#go-on')
    await desk.page.waitForSelector('input[name=code]')
    await desk.submitCode('000000')
    expect(await desk.fieldError()).toContain('not accepted')
    await desk.submitCode(await phone.nextCode())
    await desk.page.waitForSelector('#app')
    expect(scenario.application.results.at(-1)?.idToken).toMatchObject({ amr: ['pwd', 'otp', 'mfa'] })
    expect((await server.mailTo(user.email, /was added/)).text).toContain('Method: Authenticator app')

    // The link is spent, whoever comes.
    await phone.page.goto(link)
    expect(await phone.page.textContent('main')).toContain('was used already')
    await isAxeClean(phone)
    await phone.page.click('#continue')
    await phone.page.waitForURL(/\/account\//)
    await desk.close()
    await phone.close()
  })

  it('in the first browser, without JavaScript: straight to the set-up and in', async () => {
    const user = await person()
    const visitor = await scenario.visitor({ javaScriptEnabled: false })
    await visitor.signIn(user.username)
    await visitor.page.waitForSelector('#go-on')
    const link = await linkTo(user.email)
    // "Go on" before anything happened leads to the same page and sends nothing.
    await visitor.page.click('#go-on')
    await visitor.page.waitForSelector('#go-on')
    await openLink(visitor, link)
    await setUp(visitor)
    await visitor.page.waitForSelector('#app')
    expect(scenario.application.results.at(-1)?.idToken).toMatchObject({ amr: ['pwd', 'otp', 'mfa'] })
    await visitor.close()
  })

  it('by a user whom no rule asks: the account page waits for the link, and another device sets up', async () => {
    const user = await scenario.createUser({ group: '' })
    const email =
      (await scenario.admin.users.findOne({ realm: scenario.realm.name, id: user.id }))?.email ?? ''
    const desk = await scenario.visitor()
    await desk.page.goto(`${scenario.sidecar().url}/realms/${scenario.realm.name}/account`)
    await desk.givePassword(user.username)
    await desk.page.click('#turn')
    await desk.page.waitForSelector('#go-on')
    const phone = await scenario.visitor()
    await openLink(phone, await linkTo(email))
    await phone.givePassword(user.username)
    await setUp(phone)
    await phone.page.waitForSelector('#done')
    await desk.page.click('#go-on')
    await desk.submitCode(await phone.nextCode())
    await desk.page.waitForSelector('#turn[aria-checked=true]')
    await desk.close()
    await phone.close()
  })

  it('after 24 hours, and for another user: refused, with a way on (R19, P8)', async () => {
    const user = await person()
    const desk = await scenario.visitor()
    await desk.signIn(user.username)
    await desk.page.waitForSelector('#go-on')
    const link = await linkTo(user.email)

    const other = await scenario.enrolled()
    await openLink(other, link)
    await other.givePassword(other.username)
    await other.submitCode(await other.nextCode())
    await other.page.waitForSelector('#logout')
    expect(await other.page.textContent('main')).toContain('sent to another user')
    await isAxeClean(other)
    await other.page.click('#logout button')
    await other.page.click('#kc-logout')
    await other.page.waitForLoadState('load')
    await openLink(other, link)
    await other.page.waitForSelector('#username')
    await other.close()

    await age(link)
    await desk.page.goto(link)
    expect(await desk.page.textContent('main')).toContain('older than 24 hours')
    await desk.page.goBack()
    await desk.page.waitForSelector('#go-on')
    await desk.page.waitForSelector('#resend:not([disabled])', { timeout: 60_000 })
    await desk.page.click('#resend')
    await openLink(desk, await linkTo(user.email, 2))
    await setUp(desk)
    await desk.page.waitForSelector('#app')
    await desk.close()
  })
})

describe('a first set-up by invitation (S9)', () => {
  beforeAll(async () => {
    await firstSetUp('invitation')
  })

  const invite = async (id: string, actions = ['UPDATE_PASSWORD', 'latchkey-manage']) =>
    await scenario.admin.users.executeActionsEmail({ realm: scenario.realm.name, id, actions })

  /** Follows an invitation to Keycloak's page and from there on. */
  async function accept(visitor: Visitor, email: string): Promise<void> {
    const { text } = await server.mailTo(email, /Update Your Account/)
    const link = /https?:\/\/\S+action-token\S+/.exec(text ?? '')?.[0] ?? ''
    await visitor.page.goto(link)
    await visitor.page.click('#kc-info-message a')
  }

  it('an invited user: mail, link, password, set-up, and in', async () => {
    const user = await person()
    await invite(user.id)
    const visitor = await scenario.visitor()
    await accept(visitor, user.email)
    await visitor.page.fill('#password-new', 'a password of my own')
    await visitor.page.fill('#password-confirm', 'a password of my own')
    await visitor.page.click('[type=submit]')
    await setUp(visitor)
    await visitor.page.waitForSelector('#kc-info-message')
    expect(await visitor.page.textContent('#kc-info-message')).toContain('updated')

    await visitor.page.goto(visitor.application.url)
    await visitor.page.fill('#username', user.username)
    await visitor.page.fill('#password', 'a password of my own')
    await visitor.page.click('#kc-login')
    await visitor.submitCode(await visitor.nextCode())
    await visitor.page.waitForSelector('#app')
    expect(scenario.application.results.at(-1)?.idToken).toMatchObject({ amr: ['pwd', 'otp', 'mfa'] })
    await visitor.close()
  })

  it('an invited user whom no rule asks sets up too', async () => {
    const { id } = await scenario.createUser({ group: '' })
    const email = (await scenario.admin.users.findOne({ realm: scenario.realm.name, id }))?.email ?? ''
    await invite(id, ['latchkey-manage'])
    const visitor = await scenario.visitor()
    await accept(visitor, email)
    await setUp(visitor)
    await visitor.page.waitForSelector('#kc-info-message')
    await visitor.close()
  })

  it('a user whom nobody invited reads whom to ask, and a mere demand at the user is no invitation (R26)', async () => {
    const user = await person()
    const visitor = await scenario.visitor()
    await visitor.signIn(user.username)
    await visitor.page.waitForSelector('#cancel')
    expect(await visitor.page.textContent('main')).toContain('ask your administrator to invite you')
    await isAxeClean(visitor)
    await visitor.close()

    const free = await scenario.createUser({ group: '' })
    await scenario.admin.users.update(
      { realm: scenario.realm.name, id: free.id },
      { requiredActions: ['latchkey-manage'] },
    )
    const thief = await scenario.visitor()
    await thief.signIn(free.username)
    await thief.page.waitForSelector('#cancel')
    expect(await thief.page.textContent('main')).toContain('ask your administrator to invite you')
    await thief.close()
  })
})

/** As though the link had been sent a day ago: the clock of Keycloak can't be moved. */
async function age(link: string): Promise<void> {
  const { store } = scenario.sidecar()
  const { name } = scenario.realm
  const id = new URL(link).searchParams.get('token')?.split('.')[0] ?? ''
  const found = await store.link(name, id)
  if (found === undefined) throw new Error('there is no such link')
  await store.commit({ realm: name, userId: found.userId, link: { ...found, expiresAt: Date.now() - 1 } })
}
