import { SignJWT, exportJWK, generateKeyPair } from 'jose'
import type { JWTPayload } from 'jose'
import { afterAll, beforeAll, beforeEach, expect, it } from 'vitest'
import { createDirectory } from '../../src/adapters/keycloak/directory.ts'
import { createServiceAccount } from '../../src/adapters/keycloak/service-account.ts'
import type { Directory } from '../../src/core/sync/directory.ts'
import type { Realm } from '../../src/core/realm.ts'
import { startAdminApi } from '../support/admin-api.ts'
import type { AdminApi } from '../support/admin-api.ts'

const TIMEOUT = 300

let api: AdminApi
let clock: { now: number }
let directory: Directory
let sign: (type: string, payload: JWTPayload) => Promise<string>

beforeAll(async () => {
  api = await startAdminApi()
  const pair = await generateKeyPair('ES256')
  api.keys = { keys: [{ ...(await exportJWK(pair.publicKey)), kid: 'k', alg: 'ES256' }] }
  sign = async (type, payload) =>
    await new SignJWT({ ...payload })
      .setProtectedHeader({ alg: 'ES256', kid: 'k', typ: type })
      .sign(pair.privateKey)
})
afterAll(async () => {
  await api.stop()
})
beforeEach(() => {
  Object.assign(api, {
    answer: () => ({ body: [] }),
    refuseToken: () => undefined,
    life: 60,
    assertions: [],
    calls: [],
  })
  clock = { now: Date.now() }
  const realm: Realm = {
    name: 'demo',
    base: '/realms/demo',
    issuer: 'https://latchkey.example/realms/demo',
    keycloakIssuer: 'https://keycloak.example/realms/demo',
    keycloakUrl: `${api.url}/realms/demo`,
  }
  const account = createServiceAccount(realm, { sign, clock: () => clock.now, timeout: TIMEOUT })
  directory = createDirectory(realm, account, TIMEOUT)
})

const failure = async (asked: Promise<unknown>) =>
  await asked.then(
    () => 'answered',
    (error: unknown) => (error as { reason: string }).reason,
  )

it('proves itself by a short-lived assertion for the public issuer alone, and keeps the token (RFC 7523)', async () => {
  await directory.users(0, 10)
  await directory.users(10, 10)
  clock.now += 39_000
  await directory.users(20, 10)
  expect(api.assertions).toHaveLength(1)
  clock.now += 2_000
  await Promise.all([directory.users(0, 10), directory.users(10, 10)])
  expect(api.assertions).toHaveLength(2)
  const [first, second] = api.assertions
  expect(first).toMatchObject({
    iss: 'latchkey',
    sub: 'latchkey',
    aud: 'https://keycloak.example/realms/demo',
    grant: 'client_credentials',
    client: 'latchkey',
  })
  expect((first?.exp ?? 0) - (first?.iat ?? 0)).toBeLessThanOrEqual(60)
  expect(first?.jti).not.toBe(second?.jti)
})

it('asks briefly for users, and tells the federation', async () => {
  const rest = { emailVerified: false, enabled: true, createdTimestamp: 1, access: { manage: true } }
  api.answer = () => ({
    body: [
      { id: 'u1', username: 'ann', firstName: 'Ann', email: 'ann@example.com', ...rest },
      { id: 'u2', username: 'bob', federationLink: 'ldap', origin: 'ldap', ...rest },
    ],
  })
  expect(await directory.users(1_000, 500)).toEqual([
    {
      id: 'u1',
      username: 'ann',
      firstName: 'Ann',
      lastName: undefined,
      email: 'ann@example.com',
      enabled: true,
      federation: undefined,
    },
    expect.objectContaining({ id: 'u2', federation: 'ldap' }),
  ])
  expect(api.calls).toEqual(['users?first=1000&max=500&briefRepresentation=true'])
})

it('reads groups level by level and hands on small levels together, with the attributes that are Latchkey’s', async () => {
  const groupOf = (id: string, subGroupCount = 0) => ({
    id,
    name: id,
    path: `/${id}`,
    subGroupCount,
    subGroups: [],
    attributes: { 'tfa.enforcement': ['required'], other: ['x'] },
  })
  api.answer = (path) => ({
    body: path.startsWith('groups?')
      ? [groupOf('a', 1), groupOf('b')]
      : path.startsWith('groups/a/children')
        ? [{ ...groupOf('c'), parentId: 'a' }]
        : [],
  })
  const pages = []
  for await (const page of directory.groups()) pages.push(page)
  expect(pages.map((page) => page.map(({ id, parentId }) => [id, parentId]))).toEqual([
    [
      ['a', undefined],
      ['b', undefined],
      ['c', 'a'],
    ],
  ])
  expect(pages[0]?.[0]?.attributes).toEqual({ 'tfa.enforcement': ['required'] })
  expect(api.calls).toHaveLength(2)
})

it('asks for four lists of groups at once, and for none while a batch is worked on', async () => {
  const groupOf = (id: string, subGroupCount = 0) => ({ id, name: id, path: `/${id}`, subGroupCount })
  const parents = Array.from({ length: 120 }, (_, i) => groupOf(`p${i}`, 1))
  let open: (() => void)[] = []
  let most = 0
  api.answer = async (path) => {
    const [, parentId] = /^groups\/(.+)\/children/.exec(path) ?? []
    if (parentId === undefined) return { body: parents }
    await new Promise<void>((resolve) => {
      most = Math.max(most, open.push(resolve))
      if (open.length < 4) return
      setImmediate(() => {
        for (const answer of open) answer()
        open = []
      })
    })
    return { body: [{ ...groupOf(`${parentId}-child`), parentId }] }
  }
  const sizes: number[] = []
  for await (const page of directory.groups()) {
    sizes.push(page.length)
    const { length } = api.calls
    await new Promise((resolve) => setImmediate(resolve))
    expect(api.calls).toHaveLength(length)
  }
  expect(sizes).toEqual([120, 100, 20])
  expect(most).toBe(4)
})

it("takes Keycloak's own 404 for absence, and no other (R32)", async () => {
  api.answer = () => ({ status: 404, body: { error: 'User not found' } })
  expect(await directory.user('nope')).toBeUndefined()
  expect(await directory.members('nope', 0, 10)).toBeUndefined()
  expect(await directory.groupsOf('nope')).toBeUndefined()
  for (const answer of [
    { status: 404, text: '<html>404</html>' },
    { status: 404, body: {} },
    { status: 404, body: { message: 'no Route matched' } },
    { status: 404, body: { error: 'Realm not found.' } },
    { status: 404, body: { error: 'HTTP 404 Not Found' } },
  ]) {
    api.answer = () => answer
    expect(await failure(directory.user('u1'))).toBe('unreachable')
    expect(await failure(directory.group('g1'))).toBe('unreachable')
    expect(await failure(directory.users(0, 10))).toBe('unreachable')
  }
})

it.each([
  ['403', { status: 403, body: { error: 'HTTP 403 Forbidden' } }, 'refused'],
  ['500', { status: 500, body: { error: 'unknown_error' } }, 'unreachable'],
  ['a page instead of JSON', { text: '<html>sign in</html>' }, 'unreachable'],
  ['JSON of another kind', { body: { users: [] } }, 'unreachable'],
  ['a redirect', { status: 302, location: '/elsewhere', body: [] }, 'unreachable'],
])('tells %s apart', async (_, answer, reason) => {
  api.answer = () => answer
  expect(await failure(directory.users(0, 10))).toBe(reason)
})

it('waits no longer than it may', async () => {
  api.answer = () => undefined
  await expect(directory.users(0, 10)).rejects.toThrow(/takes longer than 0.3 s.*user federation/)
})

it('takes a new token once where Keycloak does not take the one it has', async () => {
  let refused = 0
  api.answer = () =>
    refused++ === 0 ? { status: 401, body: { error: 'HTTP 401 Unauthorized' } } : { body: [] }
  expect(await directory.users(0, 10)).toEqual([])
  expect(api.assertions).toHaveLength(2)
  api.answer = () => ({ status: 401, body: { error: 'HTTP 401 Unauthorized' } })
  expect(await failure(directory.users(0, 10))).toBe('refused')
})

it.each([
  ['a client that is not set up', { status: 401, body: { error: 'invalid_client' } }, 'refused'],
  ['no service account', { status: 401, body: { error: 'unauthorized_client' } }, 'refused'],
  ['a failure', { status: 500, text: 'oops' }, 'unreachable'],
  ['a token without a life', { status: 200, body: { access_token: 'x' } }, 'unreachable'],
  ['a token that is none', { status: 200, body: { access_token: 'x', expires_in: 60 } }, 'unreachable'],
])('tells %s apart when it asks for a token', async (_, answer, reason) => {
  api.refuseToken = () => answer
  expect(await failure(directory.users(0, 10))).toBe(reason)
  // And asks again the next time.
  api.refuseToken = () => undefined
  expect(await failure(directory.users(0, 10))).toBe('answered')
})

it('never shows a token in what it throws', async () => {
  api.answer = () => ({ status: 403, body: { error: 'HTTP 403 Forbidden' } })
  const error = (await directory.users(0, 10).catch((thrown: unknown) => thrown)) as Error
  expect(error.message).toContain('run latchkey setup')
  expect(`${error.message}${error.stack}${JSON.stringify(error)}`).not.toMatch(/eyJ/)
})
