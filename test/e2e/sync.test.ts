import { randomUUID } from 'node:crypto'
import { afterAll, beforeAll, expect, inject, it } from 'vitest'
import {
  applyClient,
  applyServiceRole,
  removeServiceRole,
} from '../../src/adapters/keycloak/setup/apply-client.ts'
import { SERVICE_ROLE } from '../../src/adapters/keycloak/setup/names.ts'
import type { SyncState } from '../../src/core/sync/sync.ts'
import { startScenario } from '../support/scenario.ts'
import type { Scenario } from '../support/scenario.ts'

let scenario: Scenario
let realm: string
beforeAll(async () => {
  scenario = await startScenario()
  realm = scenario.realm.name
  const { admin } = scenario
  await applyClient(admin, realm, {
    clientId: 'latchkey',
    protocol: 'openid-connect',
    enabled: true,
    publicClient: false,
    serviceAccountsEnabled: true,
    standardFlowEnabled: false,
    fullScopeAllowed: false,
    clientAuthenticatorType: 'client-jwt',
    attributes: {
      'use.jwks.url': 'true',
      'jwks.url': `${inject('keycloak').sidecarUrl}/realms/${encodeURIComponent(realm)}/jwks`,
      'token.endpoint.auth.signing.alg': 'ES256',
    },
  })
  await applyServiceRole(admin, realm, { role: SERVICE_ROLE, alone: true })
  scenario.sidecar().startWorker()
})
afterAll(async () => {
  await scenario.stop()
})

const store = () => scenario.sidecar().admin
const state = async () => await scenario.sidecar().sync.state(realm)
const seconds = (timeout: number) => ({ timeout: timeout * 1_000, interval: 100 })
const userId = async (username: string) =>
  (await scenario.admin.users.find({ realm, username, exact: true }))[0]?.id ?? ''
const groupIdsOf = async (id: string) => (await store().user(realm, id))?.groups.map((group) => group.id)
const ruleOf = async (groupId: string) =>
  (await store().policy(realm)).rules.find((rule) => rule.groupId === groupId)
const createGroup = async (name: string, attributes: Record<string, string[]> = {}) =>
  (await scenario.admin.groups.create({ realm, name, attributes })).id
const setAttributes = async (id: string, name: string, attributes: Record<string, string[]>) =>
  await scenario.admin.groups.update({ realm, id }, { name, attributes })

/** A pass that begins now, to its end. */
async function pass(confirm?: number): Promise<SyncState> {
  const now = Date.now()
  await scenario.sidecar().sync.run(realm, confirm === undefined ? undefined : { confirm })
  await expect.poll(async () => (await state()).last?.startedAt, seconds(20)).toBeGreaterThanOrEqual(now)
  return await state()
}

it('knows the users, groups, rules and managers of the realm after its first pass (K3)', async () => {
  await expect.poll(async () => (await state()).completedAt, seconds(20)).toBeDefined()
  expect(await state()).toMatchObject({ last: { result: 'done' }, problem: undefined, asks: undefined })
  const { users, total } = await store().users(realm, { first: 0, max: 100 })
  expect(total).toBe(await scenario.admin.users.count({ realm }))
  expect(users.map(({ user }) => user.username)).toContain('alice')
  const field = scenario.realm.groups['field'] ?? ''
  expect(await ruleOf(field)).toMatchObject({
    enforcement: 'required',
    methods: ['sms'],
    origin: 'attribute',
  })
  const groups = await store().groups(realm)
  expect(groups.find(({ id }) => id === field)?.managers).toEqual([await userId('heidi')])
  expect(await groupIdsOf(await userId('carol'))).toEqual([field])
})

it('sees within 5 seconds that a user was put into a group, and taken out', async () => {
  const carol = await userId('carol')
  const finance = scenario.realm.groups['finance'] ?? ''
  await scenario.admin.users.addToGroup({ realm, id: carol, groupId: finance })
  await expect.poll(async () => await groupIdsOf(carol), seconds(5)).toContain(finance)
  await scenario.admin.users.delFromGroup({ realm, id: carol, groupId: finance })
  await expect.poll(async () => await groupIdsOf(carol), seconds(5)).not.toContain(finance)
})

it('sees within 5 seconds a new user, a changed one, and roles of Latchkey', async () => {
  const { id, username } = await scenario.createUser()
  await expect.poll(async () => (await store().user(realm, id))?.user.username, seconds(5)).toBe(username)
  await expect.poll(async () => (await groupIdsOf(id))?.length, seconds(5)).toBe(1)
  await scenario.admin.users.update({ realm, id }, { lastName: 'Changed', enabled: false })
  await expect
    .poll(async () => (await store().user(realm, id))?.user, seconds(5))
    .toMatchObject({ lastName: 'Changed', enabled: false })
  const role = await scenario.admin.roles.findOneByName({ realm, name: 'tfa-auditor' })
  await scenario.admin.users.addRealmRoleMappings({
    realm,
    id,
    roles: [{ id: role?.id ?? '', name: 'tfa-auditor' }],
  })
  await expect.poll(async () => (await store().user(realm, id))?.roles, seconds(5)).toContain('tfa-auditor')
})

it('makes a rule of a new group with attributes, follows it, and removes it with them', async () => {
  const id = await createGroup('made', { 'tfa.enforcement': ['required'] })
  await expect.poll(async () => (await ruleOf(id))?.enforcement, seconds(5)).toBe('required')
  await setAttributes(id, 'made', { 'tfa.enforcement': ['Optional'], 'tfa.grace-days': ['7'] })
  await expect
    .poll(async () => await ruleOf(id), seconds(5))
    .toMatchObject({
      enforcement: 'optional',
      grace: { days: 7 },
      origin: 'attribute',
    })
  await setAttributes(id, 'made', {})
  await expect.poll(async () => await ruleOf(id), seconds(5)).toBeUndefined()
})

it('warns of values that say nothing, and refuses backup codes alone with the reason', async () => {
  const maybe = await createGroup('maybe', { 'tfa.enforcement': ['maybe'] })
  const alone = await createGroup('alone', {
    'tfa.enforcement': ['required'],
    'tfa.methods': ['backup-codes'],
  })
  const warningsOf = async (groupId: string) =>
    (await state()).warnings.filter((warning) => warning.groupId === groupId)
  await expect
    .poll(async () => await warningsOf(maybe), seconds(5))
    .toMatchObject([{ path: '/maybe', attribute: 'tfa.enforcement', value: 'maybe' }])
  await expect
    .poll(async () => await warningsOf(alone), seconds(5))
    .toMatchObject([{ attribute: 'tfa.methods', message: expect.stringContaining('only method') }])
  expect([await ruleOf(maybe), await ruleOf(alone)]).toEqual([undefined, undefined])
  expect((await pass()).warnings.map(({ groupId }) => groupId)).toEqual(
    expect.arrayContaining([maybe, alone]),
  )
})

it('keeps the rule of a group that is renamed, and of one that is moved', async () => {
  const id = await createGroup('before', { 'tfa.enforcement': ['optional'] })
  const home = await createGroup('home')
  await expect.poll(async () => (await ruleOf(id))?.enforcement, seconds(5)).toBe('optional')
  const version = (await ruleOf(id))?.version
  const pathOf = async () => (await store().groups(realm)).find((group) => group.id === id)?.path
  await setAttributes(id, 'after', { 'tfa.enforcement': ['optional'] })
  await expect.poll(pathOf, seconds(5)).toBe('/after')
  await scenario.admin.groups.updateChildGroup({ realm, id: home }, { id, name: 'after' })
  await expect.poll(pathOf, seconds(5)).toBe('/home/after')
  expect((await ruleOf(id))?.version).toBe(version)
})

it('removes the rule of a deleted group, and asks before a Required one goes (R32)', async () => {
  const optional = await createGroup('goes', { 'tfa.enforcement': ['optional'] })
  const required = await createGroup('asks', { 'tfa.enforcement': ['required'] })
  await expect.poll(async () => (await ruleOf(required))?.enforcement, seconds(5)).toBe('required')
  await expect.poll(async () => (await ruleOf(optional))?.enforcement, seconds(5)).toBe('optional')
  for (const id of [optional, required]) await scenario.admin.groups.del({ realm, id })
  await expect.poll(async () => await ruleOf(optional), seconds(5)).toBeUndefined()
  await expect
    .poll(async () => (await state()).asks, seconds(5))
    .toMatchObject({
      users: 0,
      rules: [{ groupId: required, path: '/asks' }],
    })
  expect((await ruleOf(required))?.enforcement).toBe('required')
  expect(await pass((await state()).asks?.pass)).toMatchObject({ last: { result: 'done' }, asks: undefined })
  expect(await ruleOf(required)).toBeUndefined()
})

it('loses nothing when the service account loses its role, says so, and recovers (R32)', async () => {
  const before = await store().users(realm, { first: 0, max: 1 })
  const { rules } = await store().policy(realm)
  await removeServiceRole(scenario.admin, realm, SERVICE_ROLE)
  const refused = await pass()
  expect(refused).toMatchObject({ last: { result: 'failed' }, problem: { reason: 'refused' } })
  expect(refused.problem?.message).toContain('run latchkey setup')
  expect((await store().users(realm, { first: 0, max: 1 })).total).toBe(before.total)
  expect((await store().policy(realm)).rules).toEqual(rules)
  await applyServiceRole(scenario.admin, realm, { role: SERVICE_ROLE, alone: true })
  await expect.poll(async () => (await state()).problem, seconds(20)).toBeUndefined()
  expect(await state()).toMatchObject({ last: { result: 'done' }, asks: undefined })
})

it('loses nobody to a user federation that is broken (R32)', async () => {
  const { id: ldap } = await scenario.admin.components.create({
    realm,
    name: 'ldap',
    providerId: 'ldap',
    providerType: 'org.keycloak.storage.UserStorageProvider',
    config: {
      enabled: ['true'],
      vendor: ['other'],
      // A port where nobody is.
      connectionUrl: ['ldap://127.0.0.1:9'],
      usersDn: ['ou=people,dc=example'],
      authType: ['none'],
      usernameLDAPAttribute: ['uid'],
      rdnLDAPAttribute: ['uid'],
      uuidLDAPAttribute: ['entryUUID'],
      userObjectClasses: ['inetOrgPerson'],
      editMode: ['READ_ONLY'],
      importEnabled: ['true'],
      cachePolicy: ['NO_CACHE'],
    },
  })
  const ids = [randomUUID(), randomUUID()]
  await scenario.admin.realms.partialImport({
    realm,
    rep: {
      ifResourceExists: 'FAIL',
      // Without its own attributes Keycloak takes such a user for invalid, and deletes it when it is listed.
      users: ids.map((id, i) => ({
        id,
        username: `ldap-${i}`,
        enabled: true,
        federationLink: ldap,
        attributes: { LDAP_ID: [id], LDAP_ENTRY_DN: [`uid=ldap-${i},ou=people,dc=example`] },
      })),
    },
  })
  await pass()
  expect(await store().user(realm, ids[0] ?? '')).toMatchObject({
    user: { username: 'ldap-0', federation: ldap },
    goneAt: undefined,
  })
  // With its federation Keycloak forgets the users: none of them reads any more, so nobody is taken for gone.
  await scenario.admin.components.del({ realm, id: ldap })
  expect(await pass()).toMatchObject({ last: { result: 'stopped' }, asks: { users: 2 } })
  expect((await store().user(realm, ids[0] ?? ''))?.goneAt).toBeUndefined()
  expect(await pass((await state()).asks?.pass)).toMatchObject({ last: { result: 'done' } })
  expect((await store().user(realm, ids[0] ?? ''))?.goneAt).toBeDefined()
})

it('keeps what a deleted user had, and gives it back with the user', async () => {
  await pass()
  const { id, username } = await scenario.enrolled()
  await expect.poll(async () => (await store().user(realm, id))?.user.username, seconds(5)).toBe(username)
  const goneAt = async () => (await store().user(realm, id))?.goneAt
  await scenario.admin.users.del({ realm, id })
  await expect.poll(goneAt, seconds(5)).toBeDefined()
  expect((await store().user(realm, id))?.methods).toHaveLength(1)
  await scenario.admin.realms.partialImport({
    realm,
    rep: {
      ifResourceExists: 'FAIL',
      users: [
        {
          id,
          username,
          enabled: true,
          emailVerified: true,
          firstName: 'Test',
          lastName: 'User',
          email: `${randomUUID()}@example.com`,
          credentials: [{ type: 'password', value: username }],
          groups: ['/finance'],
        },
      ],
    },
  })
  await expect.poll(goneAt, seconds(5)).toBeUndefined()
  expect((await store().user(realm, id))?.methods).toHaveLength(1)
})
