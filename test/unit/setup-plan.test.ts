import { describe, expect, it } from 'vitest'
import { fromEnvironment } from '../../src/cli/target.ts'
import type { Flow, Node } from '../../src/adapters/keycloak/setup/flow-tree.ts'
import type { Found } from '../../src/adapters/keycloak/setup/found.ts'
import { readMemory, remember } from '../../src/adapters/keycloak/setup/memory.ts'
import { editableByUsers, phoneAttribute } from '../../src/adapters/keycloak/setup/phone.ts'
import { plan } from '../../src/adapters/keycloak/setup/plan.ts'
import { planUndo } from '../../src/adapters/keycloak/setup/undo.ts'
import { realmSettings } from '../../src/core/settings.ts'

const step = (provider: string, requirement = 'REQUIRED'): Node => ({
  id: provider,
  name: provider,
  provider,
  flowId: undefined,
  requirement,
  children: [],
})
const flow = (alias: string, ...children: Node[]): Flow => ({ id: alias, alias, builtIn: true, children })

const PROVIDERS = {
  authenticators: new Set(['latchkey', 'latchkey-condition', 'latchkey-direct']),
  actions: new Set(['latchkey-gate', 'latchkey-manage']),
  listeners: new Set(['latchkey-events']),
  credentials: new Set(['latchkey']),
}

/** A realm as Keycloak makes it, in short. */
function realm(change: Partial<Found> = {}): Found {
  return {
    realm: {
      realm: 'acme',
      browserFlow: 'browser',
      resetCredentialsFlow: 'reset',
      registrationFlow: 'registration',
      directGrantFlow: 'direct',
      accessCodeLifespanUserAction: 300,
      eventsListeners: ['jboss-logging'],
    },
    memory: undefined,
    providers: PROVIDERS,
    bridge: undefined,
    misconfigured: false,
    version: undefined,
    flows: [
      flow('browser', step('auth-username-password-form')),
      flow('reset', step('reset-credential-email')),
      flow('registration', step('registration-page-form')),
      flow('direct', step('direct-grant-validate-password')),
    ],
    actions: [{ alias: 'UPDATE_PASSWORD', priority: 57, enabled: true }],
    clients: [],
    identityProviders: [],
    roles: [],
    service: undefined,
    api: undefined,
    profile: { attributes: [] },
    profileStored: false,
    defaultScopes: [{ id: 's', name: 'basic', mappers: [] }],
    scopeNames: ['basic', 'roles'],
    texts: {},
    ...change,
  }
}

const wanted = { jwksUrl: 'https://mfa.example.com/realms/acme/jwks' }
const kinds = (found: Found, more: object = {}) =>
  plan(found, { ...wanted, ...more }).steps.map(({ kind }) => kind)

describe('a plan', () => {
  it('writes a way back for all that it creates or changes', () => {
    const { steps } = plan(realm(), wanted)
    const without = steps.filter(({ undo }) => undo === undefined).map(({ kind }) => kind)
    // A guard goes with its flow, the role and what tokens carry with their client.
    expect(new Set(without)).toEqual(new Set(['guard', 'service-role', 'api-token']))
  })

  it('binds a flow only after it was copied and guarded', () => {
    const order = plan(realm(), wanted).steps.filter(({ kind }) =>
      ['copy-flow', 'guard', 'bind'].includes(kind),
    )
    expect(order.map(({ kind }) => kind)).toEqual(
      Array.from({ length: 4 }, () => ['copy-flow', 'guard', 'bind']).flat(),
    )
  })

  it('puts the gate before whatever stands at the front', () => {
    const found = realm({ actions: [{ alias: 'OURS', priority: 0, enabled: true }] })
    expect(plan(found, wanted).steps).toContainEqual(
      expect.objectContaining({ name: 'latchkey-gate', priority: -1 }),
    )
  })

  it('takes a free name where the obvious one is taken by somebody else', () => {
    const found = realm()
    found.flows.push(flow('browser with Latchkey', step('auth-cookie')))
    expect(plan(found, wanted).steps).toContainEqual(
      expect.objectContaining({ to: 'browser with Latchkey 2' }),
    )
  })

  it('goes on with the copy of an interrupted run', () => {
    const found = realm({
      memory: { version: 1, undo: [{ kind: 'flow', name: 'browser with Latchkey', door: 'browser' }] },
    })
    found.flows.push(flow('browser with Latchkey', step('auth-username-password-form')))
    const steps = plan(found, wanted).steps.filter(
      (one) => 'flow' in one && one.flow === 'browser with Latchkey',
    )
    expect(steps.map(({ kind }) => kind)).toEqual(['guard', 'bind'])
  })

  describe('of a flow with levels (B7)', () => {
    const sub = (name: string, requirement: string, ...children: Node[]): Node => ({
      ...step(name, requirement),
      provider: undefined,
      flowId: name,
      children,
    })
    const condition = { ...step('conditional-level-of-authentication'), loa: 2 }
    const guard = sub('g', 'CONDITIONAL', step('latchkey-condition'), step('latchkey'))
    const levels = (...gold: Node[]) => [
      step('auth-username-password-form'),
      sub('gold', 'CONDITIONAL', condition, ...gold),
    ]
    const sentences = (found: Found) =>
      plan(found, wanted).steps.flatMap((one) =>
        'flow' in one && one.flow.startsWith('browser') ? [one.sentence] : [],
      )

    it('puts Latchkey into them, too, in the copy', () => {
      const found = realm({ flows: [flow('browser', ...levels(step('auth-otp-form')))] })
      expect(sentences(found)[0]).toContain('beside the second factor of its level 2')
    })

    it('says which it can not', () => {
      const found = realm({ flows: [flow('browser', ...levels(step('their-own-factor')))] })
      expect(plan(found, wanted).notes.join()).toContain('Level 2 of the flow "browser" ("gold") keeps')
      expect(sentences(found)[0]).not.toContain('level 2')
    })

    it("finishes a copy of its own that an earlier version made, and leaves an administrator's", () => {
      const alias = 'browser with Latchkey'
      const found = realm({ flows: [flow(alias, ...levels(step('auth-otp-form')), guard)] })
      found.realm.browserFlow = alias
      expect(sentences(found)).toEqual([])
      found.memory = { version: 1, undo: [{ kind: 'flow', name: alias, door: 'browser' }] }
      expect(sentences(found)).toEqual([expect.stringContaining('its level 2')])
    })
  })

  it('guards two identity providers by one flow', () => {
    const found = realm({ identityProviders: [{ alias: 'a' }, { alias: 'b' }] })
    expect(kinds(found).filter((kind) => kind === 'create-flow')).toHaveLength(1)
    expect(kinds(found).filter((kind) => kind === 'bind-broker')).toHaveLength(2)
  })

  it('refuses a flow without a place, and with --force says that it stays open', () => {
    const found = realm()
    found.flows[0] = flow('browser', step('auth-spnego'))
    expect(plan(found, wanted).refusals).toHaveLength(1)
    const forced = plan(found, { ...wanted, force: true })
    expect(forced.refusals).toEqual([])
    expect(forced.open.join()).toContain('browser logins')
  })

  it('refuses a server without the bridge, even with --force', () => {
    const none = {
      authenticators: new Set<string>(),
      actions: new Set<string>(),
      listeners: new Set<string>(),
      credentials: new Set<string>(),
    }
    expect(plan(realm({ providers: none }), { ...wanted, force: true }).refusals.join()).toContain(
      'latchkey-bridge.jar',
    )
  })

  it('leaves an outage policy that was chosen before, and closes a realm that has none', () => {
    const outage = (found: Found, more: object = {}) =>
      plan(found, { ...wanted, ...more }).steps.find((one) => one.kind === 'attribute')
    expect(outage(realm())).toMatchObject({ name: 'latchkey.outage', value: 'closed' })
    const open = realm({ realm: { ...realm().realm, attributes: { 'latchkey.outage': 'open' } } })
    expect(outage(open)).toBeUndefined()
    expect(outage(open, { outage: 'closed' })).toMatchObject({ value: 'closed' })
  })

  it('keeps what an administrator made of the phone attribute, but for who may change it (R25)', () => {
    const theirs = {
      name: 'phoneNumber',
      displayName: 'Handy',
      permissions: { view: ['admin'], edit: ['admin', 'user'] },
    }
    expect(phoneAttribute(theirs, true)).toMatchObject({
      displayName: 'Handy',
      permissions: { view: ['admin'], edit: ['admin'] },
      required: { roles: ['admin'] },
    })
    expect(editableByUsers(theirs, undefined)).toBe(true)
    expect(editableByUsers(undefined, 'ENABLED')).toBe(true)
    expect(editableByUsers(undefined, undefined)).toBe(false)
  })
})

describe("the API's client", () => {
  const API = 'latchkey-api'
  const stepsOf = (found: Found) => plan(found, wanted).steps.filter(({ sentence }) => sentence.includes(API))
  const theirs = (change: object = {}): Found['clients'][number] => ({
    clientId: API,
    enabled: true,
    publicClient: false,
    bearerOnly: false,
    standardFlowEnabled: true,
    implicitFlowEnabled: false,
    directAccessGrantsEnabled: false,
    serviceAccountsEnabled: true,
    fullScopeAllowed: false,
    redirectUris: ['http://127.0.0.1/*', 'http://localhost/*'],
    attributes: {
      'oauth2.device.authorization.grant.enabled': 'true',
      'pkce.code.challenge.method': 'S256',
    },
    defaultClientScopes: ['basic', 'roles'],
    protocolMappers: [
      {
        protocolMapper: 'oidc-audience-mapper',
        config: { 'included.custom.audience': API, 'access.token.claim': 'true' },
      },
    ],
    ...change,
  })
  const rights = {
    realmRoles: ['tfa-admin', 'tfa-manager', 'tfa-auditor'],
    managementRoles: ['manage-users'],
  }

  it('is the one whose tokens the API takes unless a realm says otherwise', () => {
    expect(realmSettings.parse({}).apiClients).toEqual([API])
  })

  it('is created, and its tokens carry the roles of the API and the one that ends sessions, no more', () => {
    const [client, token, ...more] = stepsOf(realm())
    expect(more).toEqual([])
    expect(client).toMatchObject({
      kind: 'client',
      client: {
        publicClient: true,
        directAccessGrantsEnabled: false,
        implicitFlowEnabled: false,
        fullScopeAllowed: false,
        attributes: { 'pkce.code.challenge.method': 'S256' },
      },
      undo: { kind: 'api-client' },
    })
    expect(token).toMatchObject({ kind: 'api-token', ...rights, scopes: ['roles'], audience: true })
  })

  it('is left alone where it is as it should be, a confidential one with its secret too', () => {
    expect(stepsOf(realm({ clients: [theirs()], api: rights }))).toEqual([])
  })

  it('of somebody else is corrected and keeps what it has; the way back names what was and what was added', () => {
    const mine = theirs({
      directAccessGrantsEnabled: true,
      redirectUris: ['https://tool.example.com/*'],
      attributes: { 'pkce.code.challenge.method': 'plain' },
      defaultClientScopes: ['basic', 'email'],
      protocolMappers: [],
    })
    const api = { realmRoles: ['tfa-admin', 'own'], managementRoles: [] }
    const [client, token, ...more] = stepsOf(realm({ clients: [mine], api }))
    expect(more).toEqual([])
    expect(client).toMatchObject({
      client: {
        directAccessGrantsEnabled: false,
        redirectUris: ['https://tool.example.com/*', 'http://127.0.0.1/*', 'http://localhost/*'],
      },
      undo: {
        kind: 'api-client-fields',
        was: {
          directAccessGrantsEnabled: true,
          redirectUris: ['https://tool.example.com/*'],
          attributes: {
            'oauth2.device.authorization.grant.enabled': '',
            'pkce.code.challenge.method': 'plain',
          },
        },
      },
    })
    const added = {
      realmRoles: ['tfa-manager', 'tfa-auditor'],
      managementRoles: ['manage-users'],
      scopes: ['roles'],
      audience: true,
    }
    expect(token).toMatchObject({ ...added, undo: { kind: 'api-token', ...added } })
  })

  it('goes as a whole where setup made it, also where an interrupted run had made no more than the client', () => {
    const memory = remember(undefined, [{ kind: 'api-client' }])
    const [token, ...more] = stepsOf(realm({ memory, clients: [theirs()] }))
    expect(more).toEqual([])
    expect(token).toMatchObject({ kind: 'api-token', ...rights })
    expect(token?.undo).toBeUndefined()
  })

  it('comes with a note where the realm lacks a client scope that its tokens need', () => {
    const { notes, steps } = plan(realm({ scopeNames: ['basic'] }), wanted)
    expect(notes).toEqual([expect.stringContaining('no client scope roles')])
    expect(steps.find(({ kind }) => kind === 'api-token')).toMatchObject({ scopes: [] })
  })

  it('takes back also what a later version added to its tokens', () => {
    const parts = { kind: 'api-token' as const, scopes: [] as string[], audience: false }
    const first = remember(undefined, [{ ...parts, realmRoles: ['a'], managementRoles: [] }])
    const second = remember(first, [{ ...parts, realmRoles: ['b'], managementRoles: ['m'], audience: true }])
    expect(second.undo).toEqual([
      { ...parts, realmRoles: ['a', 'b'], managementRoles: ['m'], audience: true },
    ])
  })
})

describe('what is remembered', () => {
  it('is the first state, whatever a second run finds, but for flows that somebody bound anew', () => {
    const first = remember(undefined, [
      { kind: 'action-life', was: 300 },
      { kind: 'binding', name: 'browserFlow', was: 'browser', set: 'browser with Latchkey' },
    ])
    const second = remember(first, [
      { kind: 'action-life', was: 600 },
      { kind: 'binding', name: 'browserFlow', was: 'theirs', set: 'theirs with Latchkey' },
    ])
    expect(second.undo).toEqual([
      { kind: 'action-life', was: 300 },
      { kind: 'binding', name: 'browserFlow', was: 'theirs', set: 'theirs with Latchkey' },
    ])
  })

  it('has the texts of each version', () => {
    const first = remember(undefined, [{ kind: 'texts', name: 'en', keys: ['a', 'b'] }])
    expect(remember(first, [{ kind: 'texts', name: 'en', keys: ['b', 'c'] }]).undo).toEqual([
      { kind: 'texts', name: 'en', keys: ['a', 'b', 'c'] },
    ])
  })

  it.each([
    [
      'an identity provider added later',
      { identityProviders: [{ alias: 'new', postBrokerLoginFlowAlias: 'f' }] },
    ],
    ['a first login of one', { identityProviders: [{ alias: 'new', firstBrokerLoginFlowAlias: 'f' }] }],
    ['a binding of the realm', { realm: { ...realm().realm, directGrantFlow: 'f' } }],
    ['a client', { clients: [{ clientId: 'c', authenticationFlowBindingOverrides: { browser: 'f' } }] }],
  ])('leaves a flow that is used by %s', (_, change: Partial<Found>) => {
    const memory = remember(undefined, [{ kind: 'flow', name: 'f', door: 'broker' }, { kind: 'listener' }])
    const found = realm({ memory, ...change, flows: [flow('f')] })
    const { steps, left } = planUndo(found)
    expect(left).toEqual([expect.stringContaining('the flow "f" is used by')])
    expect(steps.map(({ undo }) => undo.kind)).toEqual(['listener'])
  })

  it('deletes a flow after every binding to it is put back, whatever was bound anew', () => {
    const memory = remember(
      remember(undefined, [{ kind: 'binding', name: 'browserFlow', was: 'browser', set: 'browser 2' }]),
      [
        { kind: 'flow', name: 'theirs 2', door: 'browser' },
        { kind: 'binding', name: 'browserFlow', was: 'theirs', set: 'theirs 2' },
      ],
    )
    const found = realm({ memory, realm: { ...realm().realm, browserFlow: 'theirs 2' } })
    found.flows.push(flow('theirs 2'))
    const { steps, left } = planUndo(found)
    expect(left).toEqual([])
    expect(steps.map(({ undo }) => undo.kind)).toEqual(['binding', 'flow'])
  })

  it('survives being written down, and is refused where somebody changed it', () => {
    const memory = remember(
      undefined,
      plan(realm(), wanted).steps.flatMap(({ undo }) => undo ?? []),
    )
    expect(readMemory(JSON.stringify(memory))).toEqual(memory)
    expect(() => readMemory('{"version":2}')).toThrow('latchkey.setup')
  })

  it('is taken back last change first, and leaves what somebody bound since', () => {
    const memory = remember(
      undefined,
      plan(realm(), wanted).steps.flatMap(({ undo }) => undo ?? []),
    )
    const found = realm({ memory, realm: { ...realm().realm, browserFlow: 'theirs' } })
    const { steps, left } = planUndo(found)
    expect(left).toEqual(['browserFlow is "theirs" by now, so it stays'])
    const order = steps.map(({ undo }) => undo.kind)
    expect(order.indexOf('binding')).toBeLessThan(order.indexOf('flow'))
  })
})

it('takes the administrator from the environment, a client before a user, and nobody by half', () => {
  const user = { LATCHKEY_SETUP_USERNAME: 'admin', LATCHKEY_SETUP_PASSWORD: 'x' }
  expect(fromEnvironment(user)).toEqual({ username: 'admin', password: 'x' })
  expect(fromEnvironment({ LATCHKEY_SETUP_USERNAME: 'admin' })).toBeUndefined()
  expect(
    fromEnvironment({ ...user, LATCHKEY_SETUP_CLIENT_ID: 'c', LATCHKEY_SETUP_CLIENT_SECRET: 's' }),
  ).toEqual({
    clientId: 'c',
    clientSecret: 's',
  })
})
