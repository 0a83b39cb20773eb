import { clientSteps } from './client-steps.ts'
import type { WantedClient } from './client-steps.ts'
import type { Found } from './found.ts'
import { API_CLIENT_ID } from './names.ts'
import type { ClientRepresentation } from './representations.ts'
import type { Plan } from './step.ts'
import { tokenSteps } from './token-steps.ts'

/** By their mappers an access token says who, in which session, and with which roles. */
const SCOPES = ['basic', 'roles']
/** Loopback addresses: a command-line tool listens on any port of its own machine (RFC 8252, section 7.3). */
const REDIRECTS = ['http://127.0.0.1/*', 'http://localhost/*']

/**
 * Plans the client that tools get tokens for the REST API by: public, with a code flow by PKCE or the device grant. Its
 * tokens carry the roles that the API looks at and the one by which a reset ends sessions in Keycloak, no more.
 */
export function planApiClient(found: Found): Plan {
  const now = found.clients.find(({ clientId }) => clientId === API_CLIENT_ID)
  const absent = SCOPES.filter((name) => !found.scopeNames.includes(name))
  const notes = absent.map(
    (name) =>
      `The realm has no client scope ${name}: see that access tokens of ${API_CLIENT_ID} say sub, sid and realm_access.roles.`,
  )
  const token = tokenSteps(found, now, {
    clientId: API_CLIENT_ID,
    carries: found.api,
    scopes: SCOPES,
    audience: true,
    undoCreated: 'api-client',
  })
  const steps = [...clientSteps(found.clients, apiClient(now)), ...token]
  return { steps, refusals: [], open: [], notes }
}

function apiClient(now: ClientRepresentation | undefined): WantedClient {
  const own = now?.redirectUris ?? []
  const missing = REDIRECTS.filter((uri) => !own.includes(uri))
  return {
    clientId: API_CLIENT_ID,
    fields: {
      enabled: true,
      bearerOnly: false,
      standardFlowEnabled: true,
      implicitFlowEnabled: false,
      directAccessGrantsEnabled: false,
      fullScopeAllowed: false,
      redirectUris: missing.length === 0 ? own : [...own, ...missing],
    },
    attributes: {
      'oauth2.device.authorization.grant.enabled': 'true',
      'pkce.code.challenge.method': 'S256',
    },
    begin: {
      name: 'Latchkey API',
      description: 'Gives command-line tools tokens for the REST API of the second factor',
      webOrigins: [],
      // Of a client that is there Keycloak would throw away the secret, and the service account.
      publicClient: true,
      serviceAccountsEnabled: false,
    },
    purpose: 'by which tools get tokens for the REST API',
    undoCreated: { kind: 'api-client' },
    undoChanged: (was) => ({ kind: 'api-client-fields', was }),
  }
}
