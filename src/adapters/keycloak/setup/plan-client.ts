import { clientSteps } from './client-steps.ts'
import type { WantedClient } from './client-steps.ts'
import type { ServiceAccount } from './client-rights.ts'
import type { Found } from './found.ts'
import { CLIENT_ID, managementClient, SERVICE_ROLE } from './names.ts'
import type { ClientRepresentation } from './representations.ts'
import type { Plan, Step, Wanted } from './step.ts'
import { tokenSteps } from './token-steps.ts'

/** By their mappers tokens say who, by which name, in which session, and with which roles. */
const SCOPES = ['basic', 'profile', 'roles']

/**
 * Plans the sidecar's client: it proves itself by its published keys, its account may read users, no more, and people sign
 * in to the sidecar's own pages by it.
 */
export function planClient(found: Found, wanted: Wanted): Plan {
  const { steps, notes } = rights(found)
  const now = found.clients.find(({ clientId }) => clientId === CLIENT_ID)
  const token = tokenSteps(found, now, {
    clientId: CLIENT_ID,
    carries: found.pages,
    scopes: SCOPES,
    audience: false,
    undoCreated: 'client',
  })
  const ciba = cibaClients(found)
  const list = ciba.join(', ')
  const plan: Plan = {
    steps: [...clientSteps(found.clients, sidecarClient(wanted, now)), ...steps, ...token],
    refusals: [],
    open: [],
    notes,
  }
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

/** The sidecar's client as it should be, beside what else it has `now`. */
export function sidecarClient(
  { jwksUrl, issuer }: Pick<Wanted, 'jwksUrl' | 'issuer'>,
  now: ClientRepresentation | undefined,
): WantedClient {
  const reached = jwksUrl.replace(/\/jwks$/, '')
  const pages = issuer ?? reached
  const own = now?.redirectUris ?? []
  const callback = `${pages}/callback`
  return {
    clientId: CLIENT_ID,
    fields: {
      enabled: true,
      publicClient: false,
      bearerOnly: false,
      serviceAccountsEnabled: true,
      standardFlowEnabled: true,
      clientAuthenticatorType: 'client-jwt',
      redirectUris: own.includes(callback) ? own : [...own, callback],
    },
    attributes: {
      'use.jwks.url': 'true',
      'jwks.url': jwksUrl,
      'token.endpoint.auth.signing.alg': 'ES256',
      'pkce.code.challenge.method': 'S256',
      'post.logout.redirect.uris': `${pages}/account`,
      'backchannel.logout.url': `${reached}/backchannel-logout`,
      'backchannel.logout.session.required': 'true',
    },
    begin: {
      name: 'Latchkey',
      description: "The second factor's server; it proves itself by the keys it publishes",
      implicitFlowEnabled: false,
      directAccessGrantsEnabled: false,
      fullScopeAllowed: false,
    },
    purpose: `which proves itself by the keys at ${jwksUrl}`,
    undoCreated: { kind: 'client' },
    undoChanged: (was) => ({ kind: 'client-fields', was }),
  }
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
