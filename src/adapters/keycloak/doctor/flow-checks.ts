import { descendants, enabled } from '../setup/flow-tree.ts'
import type { Flow, Node } from '../setup/flow-tree.ts'
import { flowOf } from '../setup/found.ts'
import type { Found } from '../setup/found.ts'
import { AUTHENTICATOR, CONDITION, GATE, LOA_CONDITION } from '../setup/names.ts'
import { unguardedOverrides } from '../setup/overrides.ts'
import { cibaClients } from '../setup/plan-client.ts'
import { assess } from '../setup/place.ts'
import type { Door } from '../setup/place.ts'
import { realmCheck, setupCommandFor } from './check.ts'
import type { Facts, Fault } from './check.ts'
import { stepUp } from './step-up-check.ts'

const FLOWS = 'Authentication → Flows'

/** The checks of the ways into the realm. */
export const flowChecks = [
  realmCheck('browser-flow', 'the browser flow asks Latchkey', (found, facts) =>
    guarded(found, 'browser', found.realm.browserFlow)
      ? openBranches(found)
      : [unguarded(facts, 'browser logins', found.realm.browserFlow)],
  ),
  realmCheck('condition', 'each authenticator has its condition', conditions),
  realmCheck('step-up', 'levels of a step-up ask Latchkey, and tokens can name them', stepUp),
  realmCheck('doors', 'every door has its flow', doors),
  realmCheck('gate', 'the gate is on, and first', gate),
  realmCheck('ciba', 'no client uses CIBA', (found) =>
    cibaClients(found).map((client) => ({
      level: 'fault',
      what: `The client ${client} may sign users in by CIBA.`,
      why: 'CIBA runs neither a flow nor a required action, so nothing asks for a second factor there.',
      mend: `Clients → ${client} → Settings → Capability config: switch "OIDC CIBA Grant" off.`,
    })),
  ),
  realmCheck('implicit', 'no implicit client relies on the gate alone', implicit),
]

function guarded(found: Found, door: Door, alias: string | undefined): boolean {
  const flow = flowOf(found, alias)
  return flow !== undefined && assess(door, flow.children).guarded
}

function openBranches(found: Found): Fault[] {
  const flow = flowOf(found, found.realm.browserFlow)
  if (flow === undefined) return []
  return assess('browser', flow.children).open.map((branch) => ({
    level: 'warning',
    what: `The branch "${branch}" of the flow "${flow.alias}" does not ask Latchkey.`,
    why: 'For logins by it the gate alone stands, which catches most but is no barrier.',
    mend: `${FLOWS} → ${flow.alias}: disable "${branch}", or put it into a subflow with Latchkey.`,
  }))
}

function unguarded(facts: Facts, what: string, alias = ''): Fault {
  return {
    level: 'fault',
    what: `The flow "${alias}" for ${what} does not ask Latchkey.`,
    why: 'Whoever comes this way meets the gate alone, which catches most but is no barrier.',
    mend: setupCommandFor(facts),
  }
}

function doors(found: Found, facts: Facts): Fault[] {
  const { realm, clients, identityProviders } = found
  const direct = clients.some((one) => one.enabled !== false && one.directAccessGrantsEnabled === true)
  const open: [boolean, Door, string, string | undefined][] = [
    [realm.resetPasswordAllowed === true, 'reset', 'password resets', realm.resetCredentialsFlow],
    [realm.registrationAllowed === true, 'registration', 'registrations', realm.registrationFlow],
    [direct, 'direct', 'direct grants', realm.directGrantFlow],
  ]
  const faults = open
    .filter(([used, door, , alias]) => used && !guarded(found, door, alias))
    .map(([, , what, alias]) => unguarded(facts, what, alias))
  for (const { alias = '', enabled: on, postBrokerLoginFlowAlias: flow = '' } of identityProviders) {
    if (on === false || guarded(found, 'broker', flow)) continue
    const what = `logins by the identity provider ${alias}`
    faults.push({
      ...unguarded(facts, what, flow),
      ...(flow === '' ? { what: `No flow asks Latchkey after ${what}.` } : {}),
    })
  }
  for (const { client, flow, kind } of unguardedOverrides(found)) {
    faults.push({
      level: 'warning',
      what: `The client ${client} has a ${kind} flow of its own, "${flow}", which does not ask Latchkey.`,
      why: 'For its logins the gate alone stands, which catches most but is no barrier.',
      mend: `Clients → ${client} → Advanced → Authentication flow overrides: choose none, or a flow with Latchkey.`,
    })
  }
  return faults
}

/** Flows that some login may run. */
function inUse({ realm, identityProviders, clients, flows }: Found): Flow[] {
  const aliases = new Set([
    realm.browserFlow,
    realm.resetCredentialsFlow,
    realm.registrationFlow,
    realm.directGrantFlow,
    ...identityProviders.flatMap((one) => [one.postBrokerLoginFlowAlias, one.firstBrokerLoginFlowAlias]),
  ])
  const ids = new Set(
    clients.flatMap((one) => Object.values<string>(one.authenticationFlowBindingOverrides ?? {})),
  )
  return flows.filter(({ id, alias }) => aliases.has(alias) || ids.has(id))
}

function conditions(found: Found): Fault[] {
  return inUse(found).flatMap((flow) =>
    descendants(flow.children)
      .filter((node) => node.flowId !== undefined && enabled(node))
      .flatMap((subflow) => halves(flow, subflow)),
  )
}

function halves(flow: Flow, { name, requirement, children }: Node): Fault[] {
  const parts = children.filter(enabled)
  const condition = parts.find(({ provider }) => provider === CONDITION)
  const authenticator = parts.find(({ provider }) => provider === AUTHENTICATOR)
  const where = `"${name}" of the flow "${flow.alias}"`
  const alone = (present: string, missing: string, why: string): Fault => ({
    level: 'fault',
    what: `The subflow ${where} has ${present} without ${missing}.`,
    why,
    mend: `${FLOWS} → ${flow.alias}: add the missing step to "${name}" and make it REQUIRED.`,
  })
  const faults: Fault[] = []
  const isLevel = parts.some(({ provider }) => provider === LOA_CONDITION)
  if (requirement === 'CONDITIONAL' && authenticator !== undefined && condition === undefined && !isLevel) {
    faults.push(
      alone(
        AUTHENTICATOR,
        CONDITION,
        'Keycloak leaves out a conditional subflow without a condition, or asks everybody.',
      ),
    )
  }
  if (condition !== undefined && authenticator === undefined) {
    faults.push(
      alone(CONDITION, AUTHENTICATOR, 'Where a second factor is needed, the login ends in an error page.'),
    )
  }
  if (condition !== undefined && (requirement !== 'CONDITIONAL' || condition.requirement !== 'REQUIRED')) {
    faults.push({
      level: 'fault',
      what: `The subflow ${where} is ${requirement} and its condition ${condition.requirement}.`,
      why: 'The condition decides only when it is REQUIRED in a CONDITIONAL subflow.',
      mend: `${FLOWS} → ${flow.alias}: set "${name}" to CONDITIONAL and both of its steps to REQUIRED.`,
    })
  }
  return faults
}

function gate({ actions }: Found, facts: Facts): Fault[] {
  const now = actions.find(({ alias }) => alias === GATE)
  const fault = (what: string, why: string): Fault[] => [
    { level: 'fault', what, why, mend: setupCommandFor(facts) },
  ]
  const net =
    'It asks where no flow did: client flow overrides, identity providers added later, older sessions.'
  if (now === undefined) return fault(`The required action ${GATE} is not registered in the realm.`, net)
  if (now.enabled !== true) return fault(`The required action ${GATE} is switched off.`, net)
  const earlier = actions.filter(
    ({ alias, enabled: on, priority = 0 }) =>
      alias !== GATE && on === true && priority <= (now.priority ?? 0),
  )
  if (earlier.length === 0) return []
  const names = earlier.map(({ alias }) => alias).join(', ')
  return fault(
    `Other required actions come before ${GATE}: ${names}.`,
    'They run before the second factor: a password could be changed by somebody who knows only the password.',
  )
}

function implicit(found: Found): Fault[] {
  return found.clients
    .filter(
      ({ enabled: on, implicitFlowEnabled, protocol }) =>
        on !== false && implicitFlowEnabled === true && protocol !== 'saml',
    )
    .flatMap(({ clientId = '', authenticationFlowBindingOverrides: own = {} }): Fault[] => {
      const override = found.flows.find(({ id }) => id === own['browser'])
      const alias = override?.alias ?? found.realm.browserFlow
      if (guarded(found, 'browser', alias)) return []
      return [
        {
          level: 'fault',
          what: `The client ${clientId} takes tokens by the implicit flow, and its flow "${alias}" does not ask Latchkey.`,
          why: 'Where the gate alone stands, an implicit client may get its tokens before the session is ended.',
          mend: `Clients → ${clientId} → Settings → Capability config: switch "Implicit flow" off, or use a flow with Latchkey.`,
        },
      ]
    })
}
