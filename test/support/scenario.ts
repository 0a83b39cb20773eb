import { randomUUID } from 'node:crypto'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type KcAdminClient from '@keycloak/keycloak-admin-client'
import type { Browser, BrowserContext, BrowserContextOptions, Page } from 'playwright-core'
import { generateSecret } from 'otplib'
import { inject } from 'vitest'
import type { RealmSettings } from '../../src/core/settings.ts'
import { startApp } from './app.ts'
import type { RunningApp } from './app.ts'
import { launchBrowser } from './browser.ts'
import { adminOf, createRealm } from './keycloak.ts'
import type { RealmRepresentation, TestRealm } from './keycloak.ts'
import { codeFor, codesOn } from './login.ts'
import { startRelyingParty } from './relying-party.ts'
import type { RelyingParty } from './relying-party.ts'

/** A real Keycloak with a realm of its own, a sidecar, a real browser and an application. */
export interface Scenario {
  admin: KcAdminClient
  realm: TestRealm
  /** The realm's issuer. */
  realmUrl: string
  application: RelyingParty
  sidecar(): RunningApp
  stopSidecar(): Promise<void>
  /** Starts it again on the same database. */
  startSidecar(environment?: NodeJS.ProcessEnv): Promise<void>
  /** A user of /finance, where a second factor is required; the password is the name. */
  createUser(change?: {
    username?: string
    group?: string | undefined
  }): Promise<{ id: string; username: string }>
  /** A user, of /finance unless it is said, who has an app already, in a browser that knows its secret. */
  enrolled(
    options?: BrowserContextOptions,
    group?: string,
  ): Promise<Visitor & { username: string; id: string }>
  /** A browser of its own, without a history. */
  visitor(options?: BrowserContextOptions): Promise<Visitor>
  stop(): Promise<void>
}

export async function startScenario(
  options: {
    realm?: string
    change?: (realm: RealmRepresentation) => void
    settings?: Partial<RealmSettings>
    environment?: NodeJS.ProcessEnv
  } = {},
): Promise<Scenario> {
  const keycloak = inject('keycloak')
  const admin = adminOf(keycloak.url)
  const name = options.realm ?? `test-${randomUUID().slice(0, 8)}`
  const realm = await createRealm(admin, name, options.change, keycloak.sidecarUrl)
  const realmUrl = `${keycloak.url}/realms/${encodeURIComponent(realm.name)}`
  const folder = mkdtempSync(join(tmpdir(), 'latchkey-scenario-'))
  const start = async (environment = options.environment) =>
    await startApp({
      keycloakUrl: keycloak.url,
      realms: [realm.name],
      hostname: 'localhost',
      port: keycloak.sidecarPort,
      dbUrl: `sqlite:${join(folder, 'sidecar.db')}`,
      ...(environment === undefined ? {} : { environment }),
    })
  let app: RunningApp | undefined = await start()
  await app.policy.saveSettings(realm.name, options.settings ?? {})
  await app.policy.saveRule(realm.name, {
    groupId: realm.groups['finance'] ?? '',
    enforcement: 'required',
    priority: 0,
  })
  await app.policy.saveRule(realm.name, {
    groupId: realm.groups['robots'] ?? '',
    enforcement: 'disabled',
    priority: 0,
  })
  const application = await startRelyingParty(realmUrl)
  const browser: Browser = await launchBrowser()

  const scenario: Scenario = {
    admin,
    realm,
    realmUrl,
    application,
    sidecar() {
      if (app === undefined) throw new Error('the sidecar is stopped')
      return app
    },
    async stopSidecar() {
      await app?.stop()
      app = undefined
    },
    async startSidecar(environment) {
      app = await start(environment)
    },
    async createUser({ username = `user-${randomUUID().slice(0, 8)}`, group = 'finance' } = {}) {
      const { id } = await admin.users.create({
        realm: realm.name,
        username,
        enabled: true,
        emailVerified: true,
        firstName: 'Test',
        lastName: 'User',
        email: `${randomUUID()}@example.com`,
        credentials: [{ type: 'password', value: username, temporary: false }],
        groups: group === '' ? [] : [`/${group}`],
      })
      return { id, username }
    },
    async enrolled(context = {}, group = 'finance') {
      const user = await scenario.createUser({ group })
      const visitor = await scenario.visitor(context)
      visitor.secret = generateSecret({ length: 20 })
      await scenario.sidecar().store.commit({
        realm: realm.name,
        userId: user.id,
        enrol: [
          {
            id: randomUUID(),
            method: 'totp',
            label: undefined,
            data: { secret: visitor.secret, lastStep: 0 },
            at: Date.now(),
          },
        ],
      })
      return Object.assign(visitor, user)
    },
    visitor: async (context = {}) => await openVisitor(browser, application, context),
    async stop() {
      await browser.close()
      await application.stop()
      await app?.stop()
      rmSync(folder, { recursive: true, force: true })
      await admin.realms.del({ realm: realm.name })
    },
  }
  return scenario
}

/** A person with a browser, and an authenticator app once it is set up. */
export class Visitor {
  readonly context: BrowserContext
  readonly application: RelyingParty
  readonly javaScriptEnabled: boolean
  page: Page
  secret = ''
  codes: string[] = []
  #lastStep = 0

  constructor(context: BrowserContext, application: RelyingParty, page: Page, javaScriptEnabled: boolean) {
    this.javaScriptEnabled = javaScriptEnabled
    this.context = context
    this.application = application
    this.page = page
  }

  /** Opens the application and gives the password at Keycloak. */
  async signIn(username: string, page = this.page): Promise<void> {
    await page.goto(this.application.url)
    await this.givePassword(username, page)
  }

  async givePassword(username: string, page = this.page): Promise<void> {
    await page.fill('#username', username)
    await page.fill('#password', username)
    await page.click('#kc-login')
  }

  /** From the set-up page to the application. */
  async setUp(): Promise<void> {
    this.secret = ((await this.page.textContent('#secret')) ?? '').replaceAll(/\s/g, '')
    await this.submitCode(await this.nextCode())
    await this.page.waitForSelector('#backup-codes')
    this.codes = codesOn(await this.page.content())
    await this.page.check('input[name=saved]')
    await this.page.click('button[type=submit]')
    await this.page.waitForSelector('#app')
  }

  /** The app's next code that was not used yet; waits for it where it is not shown yet. */
  async nextCode(): Promise<string> {
    const step = () => Math.floor(Date.now() / 30_000)
    const wanted = Math.max(step(), this.#lastStep + 1)
    while (wanted > step() + 1) await new Promise((resolve) => setTimeout(resolve, 100))
    this.#lastStep = wanted
    return await codeFor(this.secret, wanted * 30_000)
  }

  /** Types a code, and submits it where the page does not by itself: it does once, with a script and at full length. */
  async submitCode(code: string, page = this.page): Promise<void> {
    // Before its load a page has no script yet, and its load would be taken for the answer's.
    await page.waitForLoadState('load')
    const length = await page.getAttribute('input[name=code]', 'data-submit-at')
    const submitsItself = this.javaScriptEnabled && String(code.length) === length
    const arrived = page.waitForEvent('load')
    await page.fill('input[name=code]', code)
    if (!submitsItself) await page.press('input[name=code]', 'Enter')
    await arrived
  }

  /** What the page's field says is wrong; empty where nothing is. */
  async fieldError(page = this.page): Promise<string> {
    const field = page.locator('[aria-invalid=true]')
    if ((await field.count()) === 0) return ''
    const ids = ((await field.getAttribute('aria-describedby')) ?? '').split(' ')
    const texts = await Promise.all(
      ids.filter((id) => id.endsWith('error')).map((id) => page.textContent(`#${id}`)),
    )
    return texts.join(' ').trim()
  }

  async close(): Promise<void> {
    await this.context.close()
  }
}

async function openVisitor(
  browser: Browser,
  application: RelyingParty,
  options: BrowserContextOptions,
): Promise<Visitor> {
  const context = await browser.newContext({ locale: 'en', ...options })
  context.setDefaultTimeout(15_000)
  return new Visitor(context, application, await context.newPage(), options.javaScriptEnabled ?? true)
}
