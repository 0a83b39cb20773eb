import { isDeepStrictEqual } from 'node:util'
import type { Found, ServiceAccount } from './found.ts'
import type { ClientRepresentation } from './representations.ts'
import { CLIENT_ID, managementClient, SERVICE_ROLE } from './names.ts'
import type { Plan, Step, Wanted } from './step.ts'

/** Plans the sidecar's client: it proves itself by its published keys, and its account may read users, no more. */
export function planClient(found: Found, wanted: Wanted): Plan {
  const { steps, notes } = rights(found)
  const ciba = cibaClients(found)
  const list = ciba.join(', ')
  const plan: Plan = { steps: [...clientSteps(found, wanted), ...steps], refusals: [], open: [], notes }
  if (ciba.length > 0 && wanted.allowCiba !== true) {
    plan.refusals.push(
      `CIBA runs neither a flow nor the gate, so these clients sign users in without Latchkey: ${list}. Switch CIBA off for them, or give --allow-ciba.`,
    )
  } else if (ciba.length > 0) plan.open.push(`CIBA of the clients ${list}: nothing asks there`)
  return plan
}

/** The client ids that may start a login by CIBA. */
export function cibaClients({ clients }: Pick<Found, 'clients'>): string[] {
  return clients
    .filter(
      ({ enabled, attributes }) => enabled !== false && attributes?.['oidc.ciba.grant.enabled'] === 'true',
    )
    .map(({ clientId = '' }) => clientId)
}

function clientSteps({ clients }: Found, { jwksUrl }: Wanted): Step[] {
  const now = clients.find(({ clientId }) => clientId === CLIENT_ID)
  const wanted: ClientRepresentation = {
    enabled: true,
    publicClient: false,
    bearerOnly: false,
    serviceAccountsEnabled: true,
    clientAuthenticatorType: 'client-jwt',
  }
  const attributes = {
    'use.jwks.url': 'true',
    'jwks.url': jwksUrl,
    'token.endpoint.auth.signing.alg': 'ES256',
  }
  if (now === undefined) {
    return [
      {
        kind: 'client',
        client: {
          clientId: CLIENT_ID,
          name: 'Latchkey',
          description: "The second factor's server; it proves itself by the keys it publishes",
          protocol: 'openid-connect',
          ...wanted,
          attributes,
          standardFlowEnabled: false,
          implicitFlowEnabled: false,
          directAccessGrantsEnabled: false,
          fullScopeAllowed: false,
        },
        sentence: `create the client ${CLIENT_ID}, which proves itself by the keys at ${jwksUrl}`,
        undo: { kind: 'client' },
      },
    ]
  }
  const fields = Object.fromEntries(
    Object.entries(wanted).filter(
      ([key, value]) => !isDeepStrictEqual(now[key as keyof ClientRepresentation], value),
    ),
  )
  const changed = Object.entries(attributes).filter(([key, value]) => now.attributes?.[key] !== value)
  if (Object.keys(fields).length === 0 && changed.length === 0) return []
  const was = Object.fromEntries(
    Object.keys(fields).map((key) => [key, now[key as keyof ClientRepresentation]]),
  )
  const wasAttributes = Object.fromEntries(
    changed.map(([key]) => [key, (now.attributes?.[key] as string | undefined) ?? '']),
  )
  return [
    {
      kind: 'client',
      client: { ...fields, clientId: CLIENT_ID, attributes: Object.fromEntries(changed) },
      sentence: `correct the client ${CLIENT_ID}: ${[...Object.keys(fields), ...changed.map(([key]) => key)].join(', ')}`,
      undo: { kind: 'client-fields', was: { ...was, attributes: wasAttributes } },
    },
  ]
}

function rights({ service, realm, memory, clients }: Found): Pick<Plan, 'steps' | 'notes'> {
  const management = managementClient(realm.realm)
  const others = surplusRoles(service, management)
  const foreign = clients.some(({ clientId }) => clientId === CLIENT_ID)
  const ours = !foreign || (memory?.undo.some(({ kind }) => kind === 'client') ?? false)
  const notes =
    ours || others.length === 0
      ? []
      : [
          `The service account of ${CLIENT_ID} has more roles than it needs: ${others.join(', ')}. Take them away.`,
        ]
  const has = service?.roles[management]?.includes(SERVICE_ROLE) ?? false
  if (has && (!ours || others.length === 0)) return { steps: [], notes }
  const step: Step = {
    kind: 'service-role',
    role: SERVICE_ROLE,
    alone: ours,
    sentence: `give its service account the role ${SERVICE_ROLE} of ${management}${ours ? ', and no other' : ''}`,
    ...(ours ? {} : { undo: { kind: 'service-role' } }),
  }
  return { steps: [step], notes }
}

/** The roles of the service account beyond the one that it needs. */
export function surplusRoles(service: ServiceAccount | undefined, management: string): string[] {
  return Object.entries(service?.roles ?? {}).flatMap(([client, roles]) =>
    roles
      .filter((role) => !(client === management && role === SERVICE_ROLE))
      .map((role) => (client === '' ? role : `${role} of ${client}`)),
  )
}
