import { setUp } from '../../src/adapters/keycloak/setup/apply.ts'
import type { RealmRepresentation } from './keycloak.ts'
import type { Scenario } from './scenario.ts'

/** The realm's own flow, of Keycloak's documentation: a password for silver, an app for gold; and a key for platinum. */
export const LEVELS_FLOW = 'our levels'
const FORMS = `${LEVELS_FLOW} forms`

const step = (authenticator: string, requirement = 'REQUIRED', authenticatorConfig?: string) => ({
  authenticator,
  requirement,
  authenticatorFlow: false,
  ...(authenticatorConfig === undefined ? {} : { authenticatorConfig }),
})
const subflow = (flowAlias: string, requirement = 'CONDITIONAL') => ({
  flowAlias,
  requirement,
  authenticatorFlow: true,
})
const flow = (alias: string, ...executions: object[]) => ({
  alias,
  providerId: 'basic-flow',
  topLevel: alias === LEVELS_FLOW,
  builtIn: false,
  authenticationExecutions: executions.map((one, index) => ({ ...one, priority: (index + 1) * 10 })),
})
const level = (number: number, provider: string) =>
  flow(
    `${LEVELS_FLOW} ${number}`,
    step('conditional-level-of-authentication', 'REQUIRED', `level ${number}`),
    step(provider),
  )

/** Puts the flow into a realm in place of the one with Latchkey. */
export function takeLevels(realm: RealmRepresentation): void {
  realm.browserFlow = LEVELS_FLOW
  realm.attributes = {
    ...realm.attributes,
    'acr.loa.map': JSON.stringify({ silver: 1, gold: 2, platinum: 3 }),
  }
  realm.authenticationFlows = [
    ...(realm.authenticationFlows ?? []),
    flow(LEVELS_FLOW, step('auth-cookie', 'ALTERNATIVE'), subflow(FORMS, 'ALTERNATIVE')),
    flow(FORMS, ...[1, 2, 3].map((number) => subflow(`${LEVELS_FLOW} ${number}`))),
    level(1, 'auth-username-password-form'),
    level(2, 'auth-otp-form'),
    level(3, 'webauthn-authenticator'),
  ]
  const ages = { 1: 36_000, 2: 300, 3: 0 }
  realm.authenticatorConfig = [
    ...(realm.authenticatorConfig ?? []),
    ...Object.entries(ages).map(([number, age]) => ({
      alias: `level ${number}`,
      config: { 'loa-condition-level': number, 'loa-max-age': String(age) },
    })),
  ]
}

/** Runs setup as its command does. */
export async function setUpLevels({ admin, realm, sidecar }: Scenario) {
  return await setUp(admin, realm.name, { jwksUrl: `${sidecar().config.realms[0]?.issuer}/jwks` })
}

/** Says how long level 2 lasts within a session, seconds. */
export async function lastLevel2({ admin, realm }: Scenario, seconds: number): Promise<void> {
  const flows = admin.authenticationManagement
  const executions = await flows.getExecutions({
    realm: realm.name,
    flow: `${LEVELS_FLOW} with Latchkey`,
  })
  for (const { authenticationConfig: id } of executions) {
    if (id === undefined) continue
    const now = await flows.getConfig({ realm: realm.name, id })
    if (now.config?.['loa-condition-level'] !== '2') continue
    await flows.updateConfig({
      ...now,
      id,
      realm: realm.name,
      config: { ...now.config, 'loa-max-age': String(seconds) },
    })
  }
}
