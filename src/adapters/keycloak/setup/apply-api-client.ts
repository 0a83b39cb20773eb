import type { KcAdminClient } from '../admin-session.ts'
import { findClient } from './apply-client.ts'
import { API_CLIENT_ID, managementClient } from './names.ts'
import type { TokenParts } from './step.ts'

const MAPPER = 'audience (Latchkey)'

/** Lets a client's tokens carry these parts. Safe to repeat. */
export async function applyApiToken(admin: KcAdminClient, realm: string, parts: TokenParts): Promise<void> {
  const { id, management, realmRoles, managementRoles } = await resolve(admin, realm, parts)
  if (realmRoles.length > 0) await admin.clients.addRealmScopeMappings({ realm, id }, realmRoles)
  if (managementRoles.length > 0) {
    await admin.clients.addClientScopeMappings({ realm, id, client: management }, managementRoles)
  }
  for (const name of parts.scopes) {
    const clientScopeId = (await admin.clientScopes.findOneByName({ realm, name }))?.id
    if (clientScopeId !== undefined) await admin.clients.addDefaultClientScope({ realm, id, clientScopeId })
  }
  if (!parts.audience || (await mapperOf(admin, realm, id)) !== undefined) return
  await admin.clients.addProtocolMapper(
    { realm, id },
    {
      name: MAPPER,
      protocol: 'openid-connect',
      protocolMapper: 'oidc-audience-mapper',
      config: {
        'included.custom.audience': API_CLIENT_ID,
        'access.token.claim': 'true',
        'introspection.token.claim': 'true',
        'id.token.claim': 'false',
      },
    },
  )
}

/** Takes these parts away again. */
export async function removeApiToken(admin: KcAdminClient, realm: string, parts: TokenParts): Promise<void> {
  if ((await findClient(admin, realm, parts.client ?? API_CLIENT_ID)) === undefined) return
  const { id, management, realmRoles, managementRoles } = await resolve(admin, realm, parts)
  if (realmRoles.length > 0) await admin.clients.delRealmScopeMappings({ realm, id }, realmRoles)
  if (managementRoles.length > 0) {
    await admin.clients.delClientScopeMappings({ realm, id, client: management }, managementRoles)
  }
  for (const name of parts.scopes) {
    const clientScopeId = (await admin.clientScopes.findOneByName({ realm, name }))?.id
    if (clientScopeId !== undefined) await admin.clients.delDefaultClientScope({ realm, id, clientScopeId })
  }
  const mapperId = parts.audience ? await mapperOf(admin, realm, id) : undefined
  if (mapperId !== undefined) await admin.clients.delProtocolMapper({ realm, id, mapperId })
}

async function mapperOf(admin: KcAdminClient, realm: string, id: string): Promise<string | undefined> {
  const mappers = await admin.clients.listProtocolMappers({ realm, id })
  return mappers.find(({ name }) => name === MAPPER)?.id
}

interface Role {
  id: string
  name: string
}

async function resolve(
  admin: KcAdminClient,
  realm: string,
  parts: TokenParts,
): Promise<{ id: string; management: string; realmRoles: Role[]; managementRoles: Role[] }> {
  const id = (await findClient(admin, realm, parts.client ?? API_CLIENT_ID))?.id
  const management = (await findClient(admin, realm, managementClient(realm)))?.id
  if (id === undefined || management === undefined) throw new Error('a client of the realm is gone')
  const payload = (roles: ({ id?: string; name?: string } | undefined | null)[]) =>
    roles.flatMap((role) => (role?.id === undefined ? [] : [{ id: role.id, name: role.name ?? '' }]))
  const realmRoles = parts.realmRoles.map(async (name) => await admin.roles.findOneByName({ realm, name }))
  const managementRoles = parts.managementRoles.map(
    async (roleName) => await admin.clients.findRole({ realm, id: management, roleName }),
  )
  return {
    id,
    management,
    realmRoles: payload(await Promise.all(realmRoles)),
    managementRoles: payload(await Promise.all(managementRoles)),
  }
}
