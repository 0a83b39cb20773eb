import type { KcAdminClient } from '../admin-session.ts'
import type { ClientRepresentation } from './representations.ts'
import { CLIENT_ID, managementClient } from './names.ts'

/** Creates a client, or changes the fields and attributes that are given. */
export async function applyClient(
  admin: KcAdminClient,
  realm: string,
  wanted: ClientRepresentation,
): Promise<void> {
  const now = await findClient(admin, realm, wanted.clientId ?? '')
  if (now?.id === undefined) {
    await admin.clients.create({ realm, ...wanted })
    return
  }
  const attributes = { ...now.attributes, ...wanted.attributes }
  await admin.clients.update({ realm, id: now.id }, { ...now, ...wanted, attributes })
}

/** Deletes a client, or puts back the fields and attributes that are given. */
export async function revertClient(
  admin: KcAdminClient,
  realm: string,
  clientId: string,
  was: Record<string, unknown> | undefined,
): Promise<void> {
  const now = await findClient(admin, realm, clientId)
  if (now?.id === undefined) return
  if (was === undefined) await admin.clients.del({ realm, id: now.id })
  else {
    const attributes = { ...now.attributes, ...(was['attributes'] as Record<string, string>) }
    await admin.clients.update({ realm, id: now.id }, { ...now, ...was, attributes })
  }
}

/** Gives the service account a role of the realm's management, and lets its token carry it. */
export async function applyServiceRole(
  admin: KcAdminClient,
  realm: string,
  { role: name, alone }: { role: string; alone: boolean },
): Promise<void> {
  const { client, management, role, userId } = await parties(admin, realm, name)
  await admin.clients.addClientScopeMappings({ realm, id: client, client: management }, [role])
  await admin.users.addClientRoleMappings({ realm, id: userId, clientUniqueId: management, roles: [role] })
  if (!alone) return
  // Keycloak gives a new service account what it gives each new user.
  const { realmMappings = [], clientMappings = {} } = await admin.users.listRoleMappings({
    realm,
    id: userId,
  })
  if (realmMappings.length > 0) {
    await admin.users.delRealmRoleMappings({ realm, id: userId, roles: realmMappings.map(payloadOf) })
  }
  for (const { id = '', mappings = [] } of Object.values(clientMappings as Record<string, ClientMapping>)) {
    const roles = mappings.map(payloadOf).filter((one) => one.id !== role.id)
    if (roles.length === 0) continue
    await admin.users.delClientRoleMappings({ realm, id: userId, clientUniqueId: id, roles })
  }
}

interface ClientMapping {
  id?: string
  mappings?: { id?: string; name?: string }[]
}

function payloadOf({ id = '', name = '' }: { id?: string; name?: string }): { id: string; name: string } {
  return { id, name }
}

/** Takes the role away again. */
export async function removeServiceRole(admin: KcAdminClient, realm: string, name: string): Promise<void> {
  const { client, management, role, userId } = await parties(admin, realm, name)
  await admin.clients.delClientScopeMappings({ realm, id: client, client: management }, [role])
  await admin.users.delClientRoleMappings({ realm, id: userId, clientUniqueId: management, roles: [role] })
}

/** The client of that client id; undefined where there is none. */
export async function findClient(
  admin: KcAdminClient,
  realm: string,
  clientId: string,
): Promise<ClientRepresentation | undefined> {
  const [client] = await admin.clients.find({ realm, clientId })
  return client
}

async function parties(admin: KcAdminClient, realm: string, name: string) {
  const client = (await findClient(admin, realm, CLIENT_ID))?.id
  const management = (await findClient(admin, realm, managementClient(realm)))?.id
  if (client === undefined || management === undefined) throw new Error('a client of the realm is gone')
  const role = await admin.clients.findRole({ realm, id: management, roleName: name })
  const { id: userId = '' } = await admin.clients.getServiceAccountUser({ realm, id: client })
  return { client, management, role: { id: role?.id ?? '', name }, userId }
}
