import type { KcAdminClient } from '../admin-session.ts'

const MAPPER = 'amr (Latchkey)'

/** Adds the mapper that puts what was proven into the tokens' `amr`. */
export async function ensureMapper(admin: KcAdminClient, realm: string, scope: string): Promise<void> {
  const id = (await admin.clientScopes.findOneByName({ realm, name: scope }))?.id
  if (id === undefined) throw new Error(`the client scope ${scope} is gone`)
  const mappers = await admin.clientScopes.listProtocolMappers({ realm, id })
  if (mappers.some(({ name }) => name === MAPPER)) return
  await admin.clientScopes.addProtocolMapper(
    { realm, id },
    {
      name: MAPPER,
      protocol: 'openid-connect',
      protocolMapper: 'oidc-usersessionmodel-note-mapper',
      config: {
        'user.session.note': 'latchkey.amr',
        'claim.name': 'amr',
        'jsonType.label': 'JSON',
        'id.token.claim': 'true',
        'access.token.claim': 'true',
        'introspection.token.claim': 'true',
        'userinfo.token.claim': 'false',
      },
    },
  )
}

/** Removes that mapper. */
export async function removeMapper(admin: KcAdminClient, realm: string, scope: string): Promise<void> {
  const id = (await admin.clientScopes.findOneByName({ realm, name: scope }))?.id
  if (id === undefined) return
  const mapper = (await admin.clientScopes.listProtocolMappers({ realm, id })).find(
    ({ name }) => name === MAPPER,
  )
  if (mapper?.id !== undefined) await admin.clientScopes.delProtocolMapper({ realm, id, mapperId: mapper.id })
}

/** Creates a default client scope and gives it to each client of OpenID Connect that exists. */
export async function ensureScope(admin: KcAdminClient, realm: string, name: string): Promise<void> {
  let id = (await admin.clientScopes.findOneByName({ realm, name }))?.id
  if (id === undefined) {
    await admin.clientScopes.create({
      realm,
      name,
      description: 'Says in amr what a login proved',
      protocol: 'openid-connect',
      attributes: { 'include.in.token.scope': 'false', 'display.on.consent.screen': 'false' },
    })
    id = (await admin.clientScopes.findOneByName({ realm, name }))?.id ?? ''
  }
  await admin.clientScopes.addDefaultClientScope({ realm, id })
  for (let first = 0; ; first += 100) {
    const clients = await admin.clients.find({ realm, first, max: 100 })
    for (const client of clients) {
      if (client.protocol !== 'openid-connect' || client.bearerOnly === true) continue
      await admin.clients.addDefaultClientScope({ realm, id: client.id ?? '', clientScopeId: id })
    }
    if (clients.length < 100) return
  }
}
