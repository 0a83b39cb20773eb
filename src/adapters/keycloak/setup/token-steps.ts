import type { TokenRoles } from './client-rights.ts'
import type { Found } from './found.ts'
import { ACTING_ROLE, API_CLIENT_ID, managementClient, ROLES } from './names.ts'
import type { ClientRepresentation, ProtocolMapper } from './representations.ts'
import type { Step, TokenParts } from './step.ts'

/**
 * Lets the tokens of a client say who, in which session, and with the roles that the sidecar looks at; nothing where they
 * do. `audience`: whether they have to name the API.
 */
export function tokenSteps(
  { memory, realm, scopeNames, defaultScopes }: Found,
  now: ClientRepresentation | undefined,
  wanted: {
    clientId: string
    carries: TokenRoles | undefined
    scopes: readonly string[]
    audience: boolean
    undoCreated: 'client' | 'api-client'
  },
): Step[] {
  const { clientId, carries } = wanted
  const without = (all: readonly string[], has: readonly string[] = []) =>
    all.filter((name) => !has.includes(name))
  const known = wanted.scopes.filter((name) => scopeNames.includes(name))
  const parts: TokenParts = {
    ...(clientId === API_CLIENT_ID ? {} : { client: clientId }),
    realmRoles: without(Object.keys(ROLES), carries?.realmRoles),
    managementRoles: without([ACTING_ROLE], carries?.managementRoles),
    scopes: without(
      known,
      now === undefined ? defaultScopes.map(({ name }) => name) : now.defaultClientScopes,
    ),
    audience: wanted.audience && !(now?.protocolMappers ?? []).some(namesAudience),
  }
  const told = tellParts(parts, managementClient(realm.realm))
  if (told.length === 0) return []
  const ours = now === undefined || (memory?.undo.some(({ kind }) => kind === wanted.undoCreated) ?? false)
  return [
    {
      kind: 'api-token',
      ...parts,
      sentence: `let tokens of the client ${clientId} carry ${told.join('; ')}`,
      ...(ours ? {} : { undo: { kind: 'api-token', ...parts } }),
    },
  ]
}

function tellParts(
  { realmRoles, managementRoles, scopes, audience }: TokenParts,
  management: string,
): string[] {
  const told = (what: string, names: string[], why = '') =>
    names.length === 0 ? [] : [`the ${what}${names.length === 1 ? '' : 's'} ${names.join(', ')}${why}`]
  return [
    ...told('role', realmRoles),
    ...told('role', managementRoles, ` of ${management}, by which a reset ends the user's sessions`),
    ...told('client scope', scopes),
    ...(audience ? [`the audience ${API_CLIENT_ID}`] : []),
  ]
}

function namesAudience({ protocolMapper, config }: ProtocolMapper): boolean {
  const { 'included.custom.audience': audience, 'access.token.claim': access } = (config ?? {}) as Record<
    string,
    string
  >
  return protocolMapper === 'oidc-audience-mapper' && audience === API_CLIENT_ID && access === 'true'
}
