import { describe, expect, it } from 'vitest'
import type { Found } from '../../src/adapters/keycloak/setup/found.ts'
import { remember } from '../../src/adapters/keycloak/setup/memory.ts'
import { planClient, sidecarClient } from '../../src/adapters/keycloak/setup/plan-client.ts'
import type { ClientRepresentation } from '../../src/adapters/keycloak/setup/representations.ts'

const ISSUER = 'https://mfa.example.com/realms/acme'
const REACHED = 'http://latchkey:8090/realms/acme'
const wanted = { jwksUrl: `${REACHED}/jwks`, issuer: ISSUER }

/** As much of a realm as the plan of the client looks at. */
function found(change: Partial<Found> = {}): Found {
  return {
    realm: { realm: 'acme' },
    memory: undefined,
    clients: [],
    service: undefined,
    defaultScopes: [{ id: 's', name: 'basic', mappers: [] }],
    scopeNames: ['basic', 'profile', 'roles'],
    ...change,
  } as Found
}

const set = (): ClientRepresentation => {
  const { clientId, fields, attributes } = sidecarClient(wanted, undefined)
  return { clientId, ...fields, attributes, defaultClientScopes: ['basic', 'profile', 'roles'] }
}

describe("the client by which people sign in to the sidecar's own pages", () => {
  it('takes codes at one public address, and logouts where Keycloak reaches the sidecar', () => {
    const { fields, attributes } = sidecarClient(wanted, undefined)
    expect(fields).toMatchObject({ standardFlowEnabled: true, redirectUris: [`${ISSUER}/callback`] })
    expect(attributes).toMatchObject({
      'pkce.code.challenge.method': 'S256',
      'post.logout.redirect.uris': `${ISSUER}/account`,
      'backchannel.logout.url': `${REACHED}/backchannel-logout`,
      'backchannel.logout.session.required': 'true',
    })
  })

  it('keeps addresses that somebody added, and changes nothing where all is there', () => {
    const now = { ...set(), redirectUris: ['https://other.example/', `${ISSUER}/callback`] }
    const there = found({
      clients: [now],
      service: { userId: 'u', roles: { 'realm-management': ['view-users'] } },
      pages: { realmRoles: ['tfa-admin', 'tfa-manager', 'tfa-auditor'], managementRoles: ['manage-users'] },
    })
    expect(planClient(there, wanted).steps).toEqual([])
  })

  it('corrects a client of an earlier version, and remembers how it was', () => {
    const before: ClientRepresentation = { ...set(), standardFlowEnabled: false, redirectUris: [] }
    const [step] = planClient(found({ clients: [before] }), wanted).steps
    expect(step).toMatchObject({
      kind: 'client',
      client: { standardFlowEnabled: true, redirectUris: [`${ISSUER}/callback`] },
      undo: { kind: 'client-fields', was: { standardFlowEnabled: false, redirectUris: [] } },
    })
  })

  it("lets its tokens carry the roles that the pages look at; beside the API's in what is remembered", () => {
    const { steps } = planClient(found({ clients: [set()] }), wanted)
    const token = steps.find(({ kind }) => kind === 'api-token')
    const parts = {
      client: 'latchkey',
      realmRoles: ['tfa-admin', 'tfa-manager', 'tfa-auditor'],
      managementRoles: ['manage-users'],
      scopes: [],
      audience: false,
    }
    expect(token).toMatchObject({ ...parts, undo: { kind: 'api-token', ...parts } })
    const api = {
      kind: 'api-token' as const,
      realmRoles: [],
      managementRoles: [],
      scopes: [],
      audience: true,
    }
    expect(remember(undefined, [api, { kind: 'api-token', ...parts }]).undo).toHaveLength(2)
  })
})
