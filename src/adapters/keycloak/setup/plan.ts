import type { Found } from './found.ts'
import { planApiClient } from './plan-api-client.ts'
import { planClient } from './plan-client.ts'
import { planFlows } from './plan-flows.ts'
import { planRealm } from './plan-realm.ts'
import { AUTHENTICATOR, CREDENTIAL, CONDITION, DIRECT, EVENTS, GATE, MANAGE } from './names.ts'
import type { Plan, Wanted } from './step.ts'

/** Compares a realm with what Latchkey needs. Pure: the same realm gives the same plan, a finished one an empty one. */
export function plan(found: Found, wanted: Wanted): Plan {
  const parts = [
    lacking(found, wanted),
    planRealm(found, wanted),
    planClient(found, wanted),
    planApiClient(found),
    planFlows(found, wanted),
  ]
  return {
    steps: parts.flatMap(({ steps }) => steps),
    refusals: parts.flatMap(({ refusals }) => refusals),
    open: parts.flatMap(({ open }) => open),
    notes: parts.flatMap(({ notes }) => notes),
  }
}

/** Of the bridge's providers those that this server lacks; none where they can't be seen. */
export function lackingProviders({ providers }: Pick<Found, 'providers'>): string[] {
  if (providers === undefined) return []
  const { authenticators, actions, listeners, credentials } = providers
  return [
    ...[CONDITION, AUTHENTICATOR, DIRECT].filter((id) => !authenticators.has(id)),
    ...[GATE, MANAGE].filter((id) => !actions.has(id)),
    ...[EVENTS].filter((id) => !listeners.has(id)),
    ...(credentials.has(CREDENTIAL) ? [] : [`${CREDENTIAL} (credential)`]),
  ]
}

function lacking(found: Found, { force = false }: Wanted): Plan {
  const missing = lackingProviders(found)
  const empty: Plan = { steps: [], refusals: [], open: [], notes: [] }
  if (missing.length === 0) return empty
  const sentence = `The Keycloak server lacks ${missing.join(', ')}. Put this version's latchkey-bridge.jar into its providers folder, run kc.sh build and restart it.`
  const core = missing.includes(CONDITION) || missing.includes(AUTHENTICATOR)
  if (force && !core) return { ...empty, notes: [`${sentence} What needs them is left out.`] }
  return { ...empty, refusals: [sentence] }
}
