import { createServer } from 'node:http'
import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import { copyFileSync, mkdtempSync, rmSync } from 'node:fs'
import { DatabaseSync } from 'node:sqlite'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { Fault } from '../../src/adapters/keycloak/doctor/check.ts'
import { examine, exitCodeOf } from '../../src/adapters/keycloak/doctor/examine.ts'
import type { Subject } from '../../src/adapters/keycloak/doctor/examine.ts'
import { setUp } from '../../src/adapters/keycloak/setup/apply.ts'
import { lookAt } from '../../src/cli/doctor.ts'
import type { Realm } from '../../src/core/realm.ts'
import { OVERRIDING_CLIENT, OWN_FLOW, PARTNER, startHandmade } from '../support/handmade.ts'
import { newKey } from '../support/stores.ts'
import type { Handmade } from '../support/handmade.ts'

const GUARDED = `${OWN_FLOW} with Latchkey`
const GUARD = `${GUARDED} - Latchkey`

let house: Handmade
let name: string
let realm: Realm
let dbUrl: string
beforeAll(async () => {
  house = await startHandmade()
  name = house.realm.name
  const { config } = house.sidecar()
  dbUrl = config.dbUrl
  const [only] = config.realms
  if (only === undefined) throw new Error('the sidecar has no realm')
  realm = only
  await setUp(house.admin, name, { jwksUrl: `${realm.issuer}/jwks` })
  keepSync({ completedAt: Date.now() })
  const { id = '', ...client } = await clientOf(OVERRIDING_CLIENT)
  await house.admin.clients.update(
    { realm: name, id },
    { ...client, authenticationFlowBindingOverrides: { browser: '' } },
  )
})
afterAll(async () => {
  await house.stop()
})

/** Puts down what the worker would. */
function keepSync(state: object): void {
  const database = new DatabaseSync(dbUrl.slice('sqlite:'.length))
  database
    .prepare('insert into sync (realm, state) values (?, ?) on conflict do update set state = excluded.state')
    .run(name, JSON.stringify({ state }))
  database.close()
}

async function clientOf(clientId: string) {
  const [client] = await house.admin.clients.find({ realm: name, clientId })
  if (client === undefined) throw new Error(`no client ${clientId}`)
  return client
}

async function look(change: Partial<Subject> = {}): Promise<(Fault & { id: string })[]> {
  const results = await examine({
    realm,
    admin: house.admin,
    addresses: { LATCHKEY_HOSTNAME: realm.issuer },
    store: await lookAt({ dbUrl, encryptionKeys: [newKey('k1')] }),
    ...change,
  })
  return results.flatMap(({ id, faults = [] }) => faults.map((fault) => ({ id, ...fault })))
}

/** The one fault that is there while the realm is broken; none before and after. */
async function oneFault(
  breakIt: () => Promise<unknown>,
  mendIt: () => Promise<unknown>,
  change: Partial<Subject> = {},
) {
  await breakIt()
  const faults = await look(change)
  await mendIt()
  expect(faults.map(({ what }) => what)).toHaveLength(1)
  const [fault] = faults
  expect(fault?.why).not.toBe('')
  expect(fault?.mend).not.toBe('')
  return fault
}

const changeRealm = async (change: object) => await house.admin.realms.update({ realm: name }, change)

async function executionOf(flow: string, provider: string) {
  const all = await house.admin.authenticationManagement.getExecutions({ realm: name, flow })
  return all.find(({ providerId }) => providerId === provider) ?? {}
}

async function changeAction(change: object) {
  const actions = await house.admin.authenticationManagement.getRequiredActions({ realm: name } as never)
  const now = actions.find(({ alias }) => alias === 'latchkey-gate')
  await house.admin.authenticationManagement.updateRequiredAction(
    { realm: name, alias: 'latchkey-gate' },
    { ...now, ...change },
  )
}

async function changeClient(clientId: string, change: object) {
  const { id = '', ...client } = await clientOf(clientId)
  await house.admin.clients.update({ realm: name, id }, { ...client, ...change })
}

it('finds nothing after setup, and says so with code 0', async () => {
  expect(await look()).toEqual([])
  const { code, output } = await house.latchkey('doctor')
  expect(output).toContain('Nothing is wrong.')
  expect(code).toBe(0)
})

describe('finds', () => {
  it('a browser flow without Latchkey, with code 2 and a way to mend it', async () => {
    await changeRealm({ browserFlow: OWN_FLOW })
    const { code, output } = await house.latchkey('doctor', '--json')
    await changeRealm({ browserFlow: GUARDED })
    const { results } = JSON.parse(output) as { results: { id: string; faults: Fault[] }[] }
    const faults = results.find(({ id }) => id === 'browser-flow')?.faults
    expect(faults?.[0]).toMatchObject({ level: 'fault', mend: `latchkey setup --realm ${name}` })
    expect(code).toBe(2)
  })

  it('an authenticator without its condition', async () => {
    const flows = house.admin.authenticationManagement
    const condition = await executionOf(GUARDED, 'latchkey-condition')
    const set = async (requirement: string) =>
      await flows.updateExecution({ realm: name, flow: GUARDED }, { ...condition, requirement })
    await set('DISABLED')
    const faults = await look()
    await set('REQUIRED')
    expect(faults.map(({ id }) => id)).toEqual(['browser-flow', 'condition'])
    expect(faults[1]?.what).toContain(GUARD)
  })

  it('a Keycloak that lacks providers', async () => {
    const { admin } = house
    const read = admin.serverInfo.find
    const info = await admin.serverInfo.find()
    delete info.providers?.['required-action']?.providers['latchkey-gate']
    admin.serverInfo.find = async () => info
    const fault = await oneFault(
      async () => {},
      async () => {
        admin.serverInfo.find = read
      },
    )
    expect(fault?.what).toContain('latchkey-gate')
  })

  it('a wrong issuer of Keycloak', async () => {
    const wrong = { ...realm, keycloakIssuer: 'https://sso.example.com/realms/other' }
    const fault = await oneFault(
      async () => {},
      async () => {},
      { realm: wrong },
    )
    expect(fault).toMatchObject({ id: 'issuer', what: expect.stringContaining('sso.example.com') })
  })

  it('a server that calls itself by another name', async () => {
    const server = await serve(200, { issuer: 'https://elsewhere.example.com/realms/x', keys: [{}] })
    const faults = await look({ realm: { ...realm, issuer: `${server.url}${realm.base}` } })
    await server.stop()
    expect(faults.map(({ id }) => id)).toContain('issuer')
  })

  it.each([
    [7_000, 'warning'],
    [60_000, 'fault'],
    [-60_000, 'fault'],
  ])('a clock that is %i ms off', async (off, level) => {
    const date = new Date(Date.now() + off).toUTCString()
    const server = await serve(200, { issuer: `IN PLACE${realm.base}` }, { date })
    const faults = await look({ realm: { ...realm, issuer: `${server.url}${realm.base}` } })
    await server.stop()
    expect(faults.find(({ id }) => id === 'clock')).toMatchObject({ level })
  })

  it("Keycloak's keys out of reach", async () => {
    const away = { ...realm, keycloakUrl: `http://127.0.0.1:1${realm.base}` }
    const fault = await oneFault(
      async () => {},
      async () => {},
      { realm: away },
    )
    expect(fault).toMatchObject({ id: 'jwks', what: expect.stringContaining("Keycloak's keys") })
  })

  it('the sidecar out of reach', async () => {
    await house.stopSidecar()
    const faults = await look({ addresses: {}, store: { pending: [], lost: [] } })
    await house.startSidecar()
    expect(faults).toMatchObject([{ id: 'jwks', what: expect.stringContaining("Latchkey's keys") }])
  })

  it('a sidecar that Keycloak alone does not reach', async () => {
    const { admin } = house
    const importFromUrl = admin.identityProviders.importFromUrl
    // What Keycloak's side sees is another address than this machine's.
    admin.identityProviders.importFromUrl = (async (payload: object) =>
      await importFromUrl({ ...payload, fromUrl: 'http://127.0.0.1:1/' } as never)) as never
    const fault = await oneFault(
      async () => {},
      async () => {
        admin.identityProviders.importFromUrl = importFromUrl
      },
    )
    expect(fault).toMatchObject({
      id: 'jwks',
      what: expect.stringContaining("Keycloak can't reach Latchkey"),
    })
  })

  describe('a service account', () => {
    const parties = async () => {
      const { id = '' } = await clientOf('latchkey')
      const { id: management = '' } = await clientOf('realm-management')
      const { id: user = '' } = await house.admin.clients.getServiceAccountUser({ realm: name, id })
      const role = async (roleName: string) => {
        const found = await house.admin.clients.findRole({
          realm: name,
          id: management,
          roleName,
        })
        return {
          realm: name,
          id: user,
          clientUniqueId: management,
          roles: [{ id: found?.id ?? '', name: roleName }],
        }
      }
      return { viewUsers: await role('view-users'), manageUsers: await role('manage-users') }
    }

    it('without its role', async () => {
      const { viewUsers } = await parties()
      const fault = await oneFault(
        async () => await house.admin.users.delClientRoleMappings(viewUsers),
        async () => await house.admin.users.addClientRoleMappings(viewUsers),
      )
      expect(fault).toMatchObject({
        id: 'service-account',
        what: expect.stringContaining('lacks the role view-users'),
      })
    })

    it('with too many', async () => {
      const { manageUsers } = await parties()
      const fault = await oneFault(
        async () => await house.admin.users.addClientRoleMappings(manageUsers),
        async () => await house.admin.users.delClientRoleMappings(manageUsers),
      )
      expect(fault).toMatchObject({ id: 'service-account', what: expect.stringContaining('manage-users') })
    })
  })

  it.each([
    ['resetCredentialsFlow', 'reset credentials', 'password resets'],
    ['registrationFlow', 'registration', 'registrations'],
    ['directGrantFlow', 'direct grant', 'direct grants'],
  ])('a door without its flow: %s', async (field, builtIn, what) => {
    const fault = await oneFault(
      async () => await changeRealm({ [field]: builtIn }),
      async () => await changeRealm({ [field]: `${builtIn} with Latchkey` }),
    )
    expect(fault).toMatchObject({ id: 'doors', what: expect.stringContaining(what) })
  })

  it('an identity provider without a flow after its logins', async () => {
    const provider = await house.admin.identityProviders.findOne({ realm: name, alias: PARTNER })
    const set = async (postBrokerLoginFlowAlias = '') =>
      await house.admin.identityProviders.update(
        { realm: name, alias: PARTNER },
        { ...provider, postBrokerLoginFlowAlias },
      )
    const fault = await oneFault(
      async () => await set(),
      async () => await set(provider?.postBrokerLoginFlowAlias),
    )
    expect(fault).toMatchObject({ id: 'doors', what: expect.stringContaining(PARTNER) })
  })

  describe('with a flow of its own', () => {
    const override = async (alias: string, change: object = {}) => {
      const flows = await house.admin.authenticationManagement.getFlows({ realm: name })
      const id = flows.find((flow) => flow.alias === alias)?.id ?? ''
      await changeClient(OVERRIDING_CLIENT, {
        authenticationFlowBindingOverrides: { browser: id },
        ...change,
      })
    }

    it('a client, which is a warning and code 1', async () => {
      await override('browser')
      const results = await examine({
        realm,
        admin: house.admin,
        addresses: {},
        store: { pending: [], lost: [] },
      })
      await override('')
      expect(exitCodeOf(results)).toBe(1)
    })

    it('an implicit client where only the gate stands', async () => {
      await override('browser', { implicitFlowEnabled: true })
      const faults = await look()
      await override('', { implicitFlowEnabled: false })
      expect(faults.map(({ id }) => id)).toEqual(['doors', 'implicit'])
    })
  })

  it('the gate switched off', async () => {
    const fault = await oneFault(
      async () => await changeAction({ enabled: false }),
      async () => await changeAction({ enabled: true }),
    )
    expect(fault).toMatchObject({ id: 'gate', what: expect.stringContaining('switched off') })
  })

  it('the gate not first', async () => {
    const fault = await oneFault(
      async () => await changeAction({ priority: 60 }),
      async () => await changeAction({ priority: 1 }),
    )
    expect(fault).toMatchObject({ id: 'gate', what: expect.stringContaining('UPDATE_PASSWORD') })
  })

  it('a client with CIBA', async () => {
    const { attributes } = await clientOf(OVERRIDING_CLIENT)
    const set = async (value: string) =>
      await changeClient(OVERRIDING_CLIENT, {
        publicClient: value === 'false',
        attributes: { ...attributes, 'oidc.ciba.grant.enabled': value },
      })
    const fault = await oneFault(
      async () => await set('true'),
      async () => await set('false'),
    )
    expect(fault).toMatchObject({ id: 'ciba', what: expect.stringContaining(OVERRIDING_CLIENT) })
  })

  it('a phone attribute that users can change (R25)', async () => {
    const profile = await house.admin.users.getProfile({ realm: name })
    const set = async (edit: string[]) => {
      const attributes = (profile.attributes ?? []).map((one) =>
        one.name === 'phoneNumber' ? { ...one, permissions: { ...one.permissions, edit } } : one,
      )
      await house.admin.users.updateProfile({ ...profile, attributes, realm: name })
    }
    const fault = await oneFault(
      async () => await set(['admin', 'user']),
      async () => await set(['admin']),
    )
    expect(fault).toMatchObject({ id: 'phone' })
  })

  it('http on a real hostname', async () => {
    const addresses = { LATCHKEY_HOSTNAME: 'http://mfa.example.com' }
    const fault = await oneFault(
      async () => {},
      async () => {},
      { addresses },
    )
    expect(fault).toMatchObject({ id: 'https', what: expect.stringContaining('http://mfa.example.com') })
  })

  it('a pending migration', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'latchkey-doctor-'))
    const copy = join(folder, 'copy.db')
    const original = dbUrl.slice('sqlite:'.length)
    await house.stopSidecar()
    copyFileSync(original, copy)
    await house.startSidecar()
    const database = new DatabaseSync(copy)
    database.exec("delete from kysely_migration where name = '0001-login'")
    database.close()
    const store = await lookAt({ dbUrl: `sqlite:${copy}`, encryptionKeys: [newKey('k1')] })
    rmSync(folder, { recursive: true })
    const fault = await oneFault(
      async () => {},
      async () => {},
      { store },
    )
    expect(fault).toMatchObject({ id: 'migration', what: expect.stringContaining('0001-login') })
  })

  it('a worker that stands still, while the server runs', async () => {
    const fault = await oneFault(
      async () => keepSync({ completedAt: Date.now() - 2 * 3_600_000 }),
      async () => keepSync({ completedAt: Date.now() }),
    )
    expect(fault).toMatchObject({ id: 'sync', what: expect.stringContaining('2 hours ago') })
  })

  it('a key that is missing, while the server runs', async () => {
    const store = await lookAt({ dbUrl, encryptionKeys: [newKey('k2')] })
    const fault = await oneFault(
      async () => {},
      async () => {},
      { store },
    )
    expect(fault).toMatchObject({ id: 'keys', what: expect.stringContaining('"k1"') })
  })
})

it('looks at what it can without an administrator', async () => {
  const { code, output } = await house.latchkey('doctor', '--no-admin')
  expect(output).toContain('not looked at: the browser flow asks Latchkey')
  expect(output).toContain('✓  each side reaches the keys of the other')
  expect(code).toBe(0)
})

/** A server that answers everything alike, in the place of a sidecar. */
async function serve(status: number, body: object, headers: Record<string, string> = {}) {
  const server = createServer((_request, response) => {
    response.writeHead(status, { 'content-type': 'application/json', ...headers }).end(JSON.stringify(body))
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    async stop() {
      server.closeAllConnections()
      server.close()
      await once(server, 'close')
    },
  }
}
