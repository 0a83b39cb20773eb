import type { KcAdminClient } from '../admin-session.ts'
import { CLIENT_ID, managementClient } from './names.ts'
import type { ClientRepresentation } from './representations.ts'

/** The service account and what it may do. */
export interface ServiceAccount {
  userId: string
  /** Names of roles given to it directly, by client; realm roles under the empty name. */
  roles: Record<string, string[]>
}

/** Reads the sidecar's service account; undefined where its client has none. */
export async function readServiceAccount(
  admin: KcAdminClient,
  realm: string,
  clients: readonly ClientRepresentation[],
): Promise<ServiceAccount | undefined> {
  const client = clients.find(({ clientId }) => clientId === CLIENT_ID)
  if (client?.id === undefined || client.serviceAccountsEnabled !== true) return undefined
  const user = await admin.clients.getServiceAccountUser({ realm, id: client.id })
  const userId = user.id ?? ''
  const { realmMappings = [], clientMappings = {} } = await admin.users.listRoleMappings({
    realm,
    id: userId,
  })
  const roles: Record<string, string[]> = { '': realmMappings.map(({ name }) => name ?? '') }
  for (const [name, { mappings = [] }] of Object.entries(
    clientMappings as Record<string, { mappings?: { name?: string }[] }>,
  )) {
    roles[name] = mappings.map((role) => role.name ?? '')
  }
  return { userId, roles }
}

/** The roles that tokens of a client may carry. */
export interface TokenRoles {
  realmRoles: string[]
  /** Those of the realm's management. */
  managementRoles: string[]
}

/** Reads which roles the tokens of a client may carry; undefined where there is no such client. */
export async function readTokenRoles(
  admin: KcAdminClient,
  realm: string,
  clients: readonly ClientRepresentation[],
  wanted: string,
): Promise<TokenRoles | undefined> {
  const id = clients.find(({ clientId }) => clientId === wanted)?.id
  if (id === undefined) return undefined
  const { realmMappings = [], clientMappings = {} } = await admin.clients.listScopeMappings({ realm, id })
  const ofManagement = (clientMappings as Record<string, { mappings?: { name?: string }[] }>)[
    managementClient(realm)
  ]
  const names = (roles: { name?: string }[]) => roles.map(({ name = '' }) => name)
  return { realmRoles: names(realmMappings), managementRoles: names(ofManagement?.mappings ?? []) }
}
