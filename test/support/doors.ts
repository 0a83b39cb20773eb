import { randomUUID } from 'node:crypto'
import type KcAdminClient from '@keycloak/keycloak-admin-client'
import { shutDoors } from './doors-flows.ts'
import type { Doors } from './doors-flows.ts'
import { startMailServer } from './doors-mail.ts'
import type { MailServer } from './doors-mail.ts'
import { startScenario } from './scenario.ts'
import type { Scenario, Visitor } from './scenario.ts'

type Client = NonNullable<Parameters<KcAdminClient['clients']['create']>[0]>

/** A user of the table: the password is the name. */
export interface Guest {
  id: string
  username: string
  email: string
}

/** A scenario whose realm has Latchkey at every door, and what lies behind them. */
export interface House extends Scenario {
  doors: Doors
  mail: MailServer
  /** A second realm of the same Keycloak, an identity provider under these two names: with a post-broker flow and without. */
  provider: { guarded: string; bare: string }
  /** A guest whose second factor is required and set up, with a browser. */
  bob: (change?: { actions?: string[] }) => Promise<Visitor & Guest>
  /** A guest for whom it is disabled, with a browser. */
  dave: (change?: { actions?: string[] }) => Promise<Visitor & Guest>
  /** Moves a guest to a group and out of the others, so that the policy changes. */
  move(guest: Guest, group: string): Promise<void>
  /** What `latchkey-demo` is for a while. */
  withClient(change: Client, work: () => Promise<void>): Promise<void>
  /** The same with a browser flow that never heard of Latchkey: the gate alone stands there. */
  withGateOnly: (work: () => Promise<void>) => Promise<void>
  withRealm(
    change: Parameters<KcAdminClient['realms']['update']>[1],
    work: () => Promise<void>,
  ): Promise<void>
  withSidecarDown(work: () => Promise<void>): Promise<void>
  /** Fails unless the browser stands where the sidecar asks for the second factor. */
  isAsked(visitor: Visitor): Promise<void>
}

export async function openHouse(): Promise<House> {
  const mail = await startMailServer()
  const scenario = await startScenario({
    change(realm) {
      realm.resetPasswordAllowed = true
      realm.registrationAllowed = true
      realm.loginWithEmailAllowed = true
      realm.eventsEnabled = true
      realm.smtpServer = { host: '127.0.0.1', port: String(mail.port), from: 'sso@example.com' }
    },
  })
  const { admin, realm } = scenario
  const doors = await shutDoors(admin, realm.name)
  const provider = await startProvider(scenario, doors)
  const demo = async () =>
    (await admin.clients.find({ realm: realm.name, clientId: 'latchkey-demo' }))[0] ?? {}

  const welcome = async (visitor: Visitor & { id: string; username: string }, actions: string[] = []) => {
    const { id, username } = visitor
    const email = `${username}@example.com`
    await admin.users.update(
      { realm: realm.name, id },
      { email, emailVerified: true, requiredActions: actions },
    )
    const outside = await admin.users.create({
      realm: provider.realm,
      username,
      enabled: true,
      email,
      emailVerified: true,
      firstName: 'Test',
      lastName: 'User',
      credentials: [{ type: 'password', value: username, temporary: false }],
    })
    for (const alias of [provider.guarded, provider.bare]) {
      await admin.users.addToFederatedIdentity({
        realm: realm.name,
        id,
        federatedIdentityId: alias,
        federatedIdentity: { identityProvider: alias, userId: outside.id, userName: username },
      })
    }
    return Object.assign(visitor, { email })
  }

  const house: House = {
    ...scenario,
    doors,
    mail,
    provider,
    bob: async ({ actions } = {}) => await welcome(await scenario.enrolled(), actions),
    dave: async ({ actions } = {}) => {
      const user = await scenario.createUser({ group: 'robots' })
      return await welcome(Object.assign(await scenario.visitor(), user), actions)
    },
    async move({ id }, group) {
      for (const old of await admin.users.listGroups({ realm: realm.name, id })) {
        await admin.users.delFromGroup({ realm: realm.name, id, groupId: old.id ?? '' })
      }
      await admin.users.addToGroup({ realm: realm.name, id, groupId: realm.groups[group] ?? '' })
    },
    async withClient(change, work) {
      const before = await demo()
      await admin.clients.update({ realm: realm.name, id: before.id ?? '' }, { ...before, ...change })
      try {
        await work()
      } finally {
        await admin.clients.update(
          { realm: realm.name, id: before.id ?? '' },
          { ...before, authenticationFlowBindingOverrides: { browser: '' } },
        )
      }
    },
    withGateOnly: async (work) => {
      await house.withClient(
        { authenticationFlowBindingOverrides: { browser: doors.plainBrowserFlow } },
        work,
      )
    },
    async withRealm(change, work) {
      const before = await admin.realms.findOne({ realm: realm.name })
      await admin.realms.update({ realm: realm.name }, { ...before, ...change })
      try {
        await work()
      } finally {
        await admin.realms.update({ realm: realm.name }, before ?? {})
      }
    },
    async withSidecarDown(work) {
      await scenario.stopSidecar()
      try {
        await work()
      } finally {
        await scenario.startSidecar()
        // The bridge tries once a second after five calls in a row have missed.
        await new Promise((resolve) => setTimeout(resolve, 1100))
      }
    },
    async isAsked({ page }) {
      await page.waitForSelector('input[name=code], #secret')
      const { origin } = new URL(page.url())
      if (origin !== scenario.sidecar().url) throw new Error(`the second factor is asked at ${origin}`)
    },
    async stop() {
      await admin.realms.del({ realm: provider.realm })
      await scenario.stop()
      await mail.stop()
    },
  }
  return house
}

async function startProvider({ admin, realm, realmUrl }: Scenario, doors: Doors) {
  const name = `provider-${randomUUID().slice(0, 8)}`
  const secret = randomUUID()
  const url = realmUrl.replace(/[^/]*$/, name)
  await admin.realms.create({ realm: name, enabled: true })
  await admin.clients.create({ realm: name, clientId: 'house', secret, redirectUris: [`${realmUrl}/*`] })
  const endpoint = `${url}/protocol/openid-connect`
  const config = {
    clientId: 'house',
    clientSecret: secret,
    clientAuthMethod: 'client_secret_post',
    issuer: url,
    authorizationUrl: `${endpoint}/auth`,
    tokenUrl: `${endpoint}/token`,
    jwksUrl: `${endpoint}/certs`,
    useJwksUrl: 'true',
    validateSignature: 'true',
  }
  for (const alias of ['guarded', 'bare']) {
    await admin.identityProviders.create({
      realm: realm.name,
      alias,
      providerId: 'oidc',
      enabled: true,
      trustEmail: true,
      config,
      ...(alias === 'guarded' ? { postBrokerLoginFlowAlias: doors.postBrokerFlow } : {}),
    })
  }
  return { realm: name, guarded: 'guarded', bare: 'bare' }
}
