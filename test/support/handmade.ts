import { randomUUID } from 'node:crypto'
import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import { generateSecret } from 'otplib'
import { inject } from 'vitest'
import type { Config } from '../../src/config.ts'
import type { RealmRepresentation } from './keycloak.ts'
import { startScenario } from './scenario.ts'
import type { Scenario } from './scenario.ts'

/** The names of what the handmade realm has of its own. */
export const OWN_FLOW = 'our login'
export const PARTNER = 'partner'
export const OVERRIDING_CLIENT = 'legacy'
/** The clients that setup makes. */
const SETUP_CLIENTS = ['latchkey', 'latchkey-api']

/** A realm that an administrator made without knowing of Latchkey, with a sidecar, a browser and an application. */
export interface Handmade extends Scenario {
  /** The realm behind the identity provider. */
  partner: string
  /** A user of no group with an authenticator app at Keycloak. */
  otpUser: { username: string; secret: string }
  /** What an export shows of the realm. */
  exported(): Promise<RealmRepresentation>
  /** Runs the command line with the server's settings. */
  latchkey(...parameters: string[]): Promise<{ code: number; output: string }>
}

/** Makes the realm: a browser flow of its own, a broker, a client override and a user with Keycloak's OTP. */
export async function startHandmade(): Promise<Handmade> {
  const scenario = await startScenario({ change: forget })
  const { admin, realm } = scenario
  const partner = `partner-${randomUUID().slice(0, 8)}`
  const { url, sidecarUrl } = inject('keycloak')
  await makePartner(scenario, partner, url)
  const flows = await admin.authenticationManagement.getFlows({ realm: realm.name })
  await admin.clients.create({
    realm: realm.name,
    clientId: OVERRIDING_CLIENT,
    publicClient: true,
    redirectUris: ['http://127.0.0.1/*'],
    authenticationFlowBindingOverrides: { browser: flows.find(({ alias }) => alias === 'browser')?.id ?? '' },
  })
  const otpUser = await makeOtpUser(scenario)
  const { config } = scenario.sidecar()
  return {
    ...scenario,
    partner,
    otpUser,
    exported: async () =>
      inOrder(
        await admin.realms.export({ realm: realm.name, exportClients: true, exportGroupsAndRoles: true }),
      ),
    latchkey: async (...parameters) =>
      await run(parameters, {
        LATCHKEY_HOSTNAME: sidecarUrl,
        LATCHKEY_KEYCLOAK_URL: url,
        LATCHKEY_REALMS: realm.name,
        LATCHKEY_DB_URL: config.dbUrl,
        LATCHKEY_ENCRYPTION_KEYS: keysOf(config),
        LATCHKEY_SETUP_USERNAME: 'admin',
        LATCHKEY_SETUP_PASSWORD: 'admin',
      }),
    async stop() {
      await scenario.stop()
      await admin.realms.del({ realm: partner })
    },
  }
}

/**
 * Keycloak keeps the client scopes of a client as a set. Two names of the same hash bucket (service_account and
 * web-origins are) come in the order in which the database gave them, which differs from one export to the next.
 */
function inOrder(realm: RealmRepresentation): RealmRepresentation {
  for (const client of realm.clients ?? []) {
    client.defaultClientScopes?.sort()
    client.optionalClientScopes?.sort()
  }
  return realm
}

function keysOf({ encryptionKeys }: Config): string {
  return encryptionKeys.map(({ id, key }) => `${id}:${key.toString('base64')}`).join(',')
}

/** Takes all of Latchkey out of the demo realm, and gives it a browser flow of its own. */
export function forget(realm: RealmRepresentation): void {
  realm.browserFlow = OWN_FLOW
  realm.authenticationFlows = [
    ...(realm.authenticationFlows ?? []).filter(({ builtIn }) => builtIn === true),
    flow(OWN_FLOW, true, [step('auth-cookie', 'ALTERNATIVE'), subflow(`${OWN_FLOW} forms`, 'ALTERNATIVE')]),
    flow(`${OWN_FLOW} forms`, false, [
      step('auth-username-form', 'REQUIRED'),
      step('auth-password-form', 'REQUIRED'),
      subflow(`${OWN_FLOW} otp`, 'CONDITIONAL'),
    ]),
    flow(`${OWN_FLOW} otp`, false, [
      step('conditional-user-configured', 'REQUIRED'),
      step('auth-otp-form', 'REQUIRED'),
    ]),
  ]
  realm.requiredActions = (realm.requiredActions ?? []).filter(
    ({ alias = '' }) => !alias.startsWith('latchkey'),
  )
  realm.eventsListeners = ['jboss-logging']
  realm.accessCodeLifespanUserAction = 300
  realm.resetPasswordAllowed = true
  realm.registrationAllowed = true
  // The client's types don't know of it.
  Object.assign(realm, { localizationTexts: {} })
  delete realm.components
  const roles = realm.roles as { realm: { name: string }[] }
  roles.realm = roles.realm.filter(({ name }) => !name.startsWith('tfa-'))
  const ofOurs = ({ client = '' }: { client?: string }) => client.startsWith('latchkey')
  realm.clients = (realm.clients ?? []).filter(({ clientId = '' }) => !SETUP_CLIENTS.includes(clientId))
  realm.scopeMappings = realm.scopeMappings?.filter((mapping) => !ofOurs(mapping)) ?? []
  for (const [client, mappings] of Object.entries(realm.clientScopeMappings ?? {})) {
    realm.clientScopeMappings = {
      ...realm.clientScopeMappings,
      [client]: (mappings as { client?: string }[]).filter((mapping) => !ofOurs(mapping)),
    }
  }
  realm.users =
    realm.users?.filter(({ serviceAccountClientId }) => serviceAccountClientId === undefined) ?? []
  for (const user of realm.users ?? [])
    user.realmRoles = user.realmRoles?.filter((name) => !name.startsWith('tfa-')) ?? []
  for (const scope of realm.clientScopes ?? []) {
    const mappers = (scope.protocolMappers ?? []) as { name: string }[]
    scope.protocolMappers = mappers.filter(({ name }) => !name.includes('Latchkey'))
  }
}

const step = (authenticator: string, requirement: string) => ({
  authenticator,
  requirement,
  authenticatorFlow: false,
})
const subflow = (flowAlias: string, requirement: string) => ({
  flowAlias,
  requirement,
  authenticatorFlow: true,
})

function flow(alias: string, topLevel: boolean, executions: object[]) {
  const authenticationExecutions = executions.map((one, index) => ({ ...one, priority: (index + 1) * 10 }))
  return { alias, providerId: 'basic-flow', topLevel, builtIn: false, authenticationExecutions }
}

async function makePartner({ admin, realm }: Scenario, partner: string, url: string): Promise<void> {
  const issuer = `${url}/realms/${partner}`
  const secret = randomUUID()
  await admin.realms.create({ realm: partner, enabled: true })
  await admin.clients.create({ realm: partner, clientId: 'our-broker', secret, redirectUris: [`${url}/*`] })
  const endpoint = `${issuer}/protocol/openid-connect`
  await admin.identityProviders.create({
    realm: realm.name,
    alias: PARTNER,
    providerId: 'oidc',
    enabled: true,
    trustEmail: true,
    firstBrokerLoginFlowAlias: 'first broker login',
    config: {
      issuer,
      clientId: 'our-broker',
      clientSecret: secret,
      clientAuthMethod: 'client_secret_post',
      authorizationUrl: `${endpoint}/auth`,
      tokenUrl: `${endpoint}/token`,
      jwksUrl: `${endpoint}/certs`,
      useJwksUrl: 'true',
      validateSignature: 'true',
      defaultScope: 'openid profile email',
      syncMode: 'IMPORT',
    },
  })
}

/** A user of no group with an authenticator app at Keycloak. */
export async function makeOtpUser({ admin, realm }: Scenario): Promise<{ username: string; secret: string }> {
  const username = `otp-${randomUUID().slice(0, 8)}`
  const secret = generateSecret({ length: 20 })
  const data = {
    subType: 'totp',
    digits: 6,
    counter: 0,
    period: 30,
    algorithm: 'HmacSHA1',
    secretEncoding: 'BASE32',
  }
  await admin.users.create({
    realm: realm.name,
    username,
    enabled: true,
    emailVerified: true,
    firstName: 'Test',
    lastName: 'User',
    email: `${username}@example.com`,
    credentials: [
      { type: 'password', value: username, temporary: false },
      { type: 'otp', secretData: JSON.stringify({ value: secret }), credentialData: JSON.stringify(data) },
    ],
  })
  return { username, secret }
}

/** Runs `latchkey` as a process of its own. */
async function run(
  parameters: string[],
  environment: Record<string, string>,
): Promise<{ code: number; output: string }> {
  const options = { env: { ...process.env, ...environment } }
  try {
    const { stdout, stderr } = await promisify(execFile)(
      process.execPath,
      ['src/cli.ts', ...parameters],
      options,
    )
    return { code: 0, output: stdout + stderr }
  } catch (error) {
    const { code, stdout, stderr } = error as { code: number; stdout: string; stderr: string }
    return { code, output: stdout + stderr }
  }
}
