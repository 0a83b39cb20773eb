import { afterAll, beforeAll, expect, it, vi } from 'vitest'
import { readRealm } from '../../src/adapters/keycloak/setup/found.ts'
import { setUp } from '../../src/adapters/keycloak/setup/apply.ts'
import { plan } from '../../src/adapters/keycloak/setup/plan.ts'
import { takeBack } from '../../src/adapters/keycloak/setup/undo.ts'
import { OVERRIDING_CLIENT, OWN_FLOW, PARTNER, startHandmade } from '../support/handmade.ts'
import type { Handmade } from '../support/handmade.ts'
import type { RealmRepresentation } from '../support/keycloak.ts'
import { codeFor } from '../support/login.ts'
import type { Visitor } from '../support/scenario.ts'

let handmade: Handmade
let before: RealmRepresentation
beforeAll(async () => {
  handmade = await startHandmade()
  before = await handmade.exported()
})
afterAll(async () => {
  await handmade.stop()
})

/** The handmade flow asks for the name on a page of its own. */
async function signIn(visitor: Visitor, username: string, query = ''): Promise<void> {
  const { page, application } = visitor
  await page.goto(application.url + query)
  await page.fill('#username', username)
  await page.click('#kc-login')
  await page.fill('#password', username)
  await page.click('#kc-login')
}

const wanted = () => ({ jwksUrl: `${handmade.sidecar().config.realms[0]?.issuer}/jwks` })

it('setup --dry-run tells the plan, the open branches and the holders of an OTP, and changes nothing', async () => {
  const { code, output } = await handmade.latchkey('setup', '--dry-run')
  expect(code, output).toBe(0)
  expect(output).toContain(`copy the flow "${OWN_FLOW}" to "${OWN_FLOW} with Latchkey"`)
  expect(output).toContain(`after logins by the identity provider ${PARTNER}`)
  expect(output).toContain(`the client ${OVERRIDING_CLIENT}, which has "browser" for its own browser flow`)
  expect(output).toContain('1 with an authenticator app')
  expect(await handmade.exported()).toEqual(before)
})

it('setup does what it said, and a second one finds nothing to do', async () => {
  const first = await handmade.latchkey('setup')
  expect(first.code, first.output).toBe(0)
  const between = await handmade.exported()
  const second = await handmade.latchkey('setup')
  expect(second.output).toContain('nothing to do')
  expect(await handmade.exported()).toEqual(between)
  expect(between.browserFlow).toBe(`${OWN_FLOW} with Latchkey`)
})

it('leaves the built-in flows and those of the realm as they were', async () => {
  const flows = (await handmade.exported()).authenticationFlows ?? []
  for (const flow of before.authenticationFlows ?? []) expect(flows).toContainEqual(flow)
})

it('asks a user of a group that needs it, and tokens say so', async () => {
  const { username } = await handmade.createUser()
  const visitor = await handmade.visitor()
  await signIn(visitor, username)
  await visitor.setUp()
  expect(handmade.application.results.at(-1)?.idToken?.['amr']).toEqual(['pwd', 'otp', 'mfa'])
  await visitor.close()
})

it("keeps Keycloak's own OTP for whoever has it", async () => {
  const { username, secret } = handmade.otpUser
  const visitor = await handmade.visitor()
  await signIn(visitor, username)
  await visitor.page.fill('#otp', await codeFor(secret, Date.now()))
  await visitor.page.click('#kc-login')
  await visitor.page.waitForSelector('#app')
  expect(handmade.application.results.at(-1)?.idToken?.['preferred_username']).toBe(username)
  await visitor.close()
})

it('asks after a login at the identity provider', async () => {
  const { admin, realm, partner } = handmade
  const visitor = await handmade.enrolled()
  const { username } = visitor
  const outside = await admin.users.create({
    realm: partner,
    username,
    enabled: true,
    firstName: 'Test',
    lastName: 'User',
    email: `${username}@example.com`,
    emailVerified: true,
    credentials: [{ type: 'password', value: username, temporary: false }],
  })
  await admin.users.addToFederatedIdentity({
    realm: realm.name,
    id: visitor.id,
    federatedIdentityId: PARTNER,
    federatedIdentity: { identityProvider: PARTNER, userId: outside.id, userName: username },
  })
  const { page, application } = visitor
  // The realm's own flow has no redirector for kc_idp_hint: the button leads there.
  await page.goto(application.url)
  await page.click(`#social-${PARTNER}`)
  await visitor.givePassword(username)
  await visitor.submitCode(await visitor.nextCode())
  await page.waitForSelector('#app')
  expect(application.results.at(-1)?.idToken?.['preferred_username']).toBe(username)
  await visitor.close()
})

it('asks by the gate where a client has a flow of its own', async () => {
  const visitor = await handmade.enrolled()
  const { page } = visitor
  const redirect = `${handmade.application.url}callback`
  const query = new URLSearchParams({
    client_id: OVERRIDING_CLIENT,
    redirect_uri: redirect,
    response_type: 'code',
    scope: 'openid',
  })
  await page.goto(`${handmade.realmUrl}/protocol/openid-connect/auth?${query.toString()}`)
  await visitor.givePassword(visitor.username)
  await page.waitForSelector('input[name=code]')
  expect(page.url().startsWith(handmade.sidecar().url)).toBe(true)
  await visitor.close()
})

it('refuses a direct grant to whom it must ask, and gives it to others', async () => {
  const grant = async (username: string) => {
    const form = { grant_type: 'password', client_id: 'admin-cli', username, password: username }
    const url = `${handmade.realmUrl}/protocol/openid-connect/token`
    return (await fetch(url, { method: 'POST', body: new URLSearchParams(form) })).status
  }
  const { username } = await handmade.createUser()
  expect(await grant(username)).toBe(400)
  expect(await grant('alice')).toBe(200)
})

it("gives the API's client tokens that say who, in which session and as what, and no more", async () => {
  const { admin, realm } = handmade
  const { id } = await handmade.createUser()
  const role = async (name: string) => ({
    id: (await admin.roles.findOneByName({ realm: realm.name, name }))?.id ?? '',
    name,
  })
  await admin.roles.create({ realm: realm.name, name: 'payroll' })
  const roles = [await role('tfa-admin'), await role('payroll')]
  await admin.users.addRealmRoleMappings({ realm: realm.name, id, roles })
  const [management] = await admin.clients.find({ realm: realm.name, clientId: 'realm-management' })
  const rights = await admin.clients.listRoles({ realm: realm.name, id: management?.id ?? '' })
  await admin.users.addClientRoleMappings({
    realm: realm.name,
    id,
    clientUniqueId: management?.id ?? '',
    roles: rights.map((one) => ({ id: one.id ?? '', name: one.name ?? '' })),
  })
  const [client] = await admin.clients.find({ realm: realm.name, clientId: 'latchkey-api' })
  const token = await admin.clients.evaluateGenerateAccessToken({
    realm: realm.name,
    id: client?.id ?? '',
    userId: id,
    scope: '',
    audience: '',
  })
  await admin.roles.delByName({ realm: realm.name, name: 'payroll' })
  expect(token).toMatchObject({ sub: id, typ: 'Bearer', azp: 'latchkey-api', sid: expect.any(String) })
  expect(token).toMatchObject({ aud: expect.arrayContaining(['latchkey-api']) })
  expect(token).toMatchObject({ realm_access: { roles: ['tfa-admin'] } })
  expect((token as { resource_access: object }).resource_access).toEqual({
    'realm-management': { roles: ['manage-users'] },
  })
})

it('setup --undo puts everything back, as an export shows', async () => {
  const { code, output } = await handmade.latchkey('setup', '--undo')
  expect(code, output).toBe(0)
  expect(await handmade.exported()).toEqual(before)
  expect((await handmade.latchkey('setup', '--undo')).output).toContain('Nothing to undo')
})

it.each([3, 9, 17, 26, 38, 47, 55])(
  'interrupted at its change number %i, a second run finishes and an undo puts back',
  async (last) => {
    const { admin, realm } = handmade
    const real = globalThis.fetch
    let changes = 0
    const spy = vi.spyOn(globalThis, 'fetch').mockImplementation(async (input, init) => {
      const url = input instanceof Request ? input.url : String(input)
      if (url.includes('/admin/') && (init?.method ?? 'GET') !== 'GET' && ++changes > last)
        throw new Error('cut off')
      return await real(input, init)
    })
    await expect(setUp(admin, realm.name, wanted())).rejects.toThrow('cut off')
    spy.mockRestore()
    await setUp(admin, realm.name, wanted())
    const after = plan(await readRealm(admin, realm.name), wanted())
    expect(after.steps).toEqual([])
    await takeBack(admin, realm.name)
    expect(await handmade.exported()).toEqual(before)
  },
)

it('interrupted and taken back without a second run, nothing is left', async () => {
  const { admin, realm } = handmade
  await expect(
    setUp(admin, realm.name, wanted(), (sentence) => {
      if (sentence.startsWith('use the flow "reset')) throw new Error('cut off')
    }),
  ).rejects.toThrow('cut off')
  await takeBack(admin, realm.name)
  expect(await handmade.exported()).toEqual(before)
})

it("corrects a client of the API's name that somebody else made, and puts back just that", async () => {
  const { admin, realm } = handmade
  const { id } = await admin.clients.create({
    realm: realm.name,
    clientId: 'latchkey-api',
    secret: 'x',
    redirectUris: ['https://tool.example.com/*'],
    directAccessGrantsEnabled: true,
    fullScopeAllowed: true,
    attributes: { 'pkce.code.challenge.method': 'plain' },
  })
  const [scope] = (await admin.clients.listDefaultClientScopes({ realm: realm.name, id })).filter(
    ({ name }) => name === 'roles',
  )
  await admin.clients.delDefaultClientScope({ realm: realm.name, id, clientScopeId: scope?.id ?? '' })
  const theirs = await handmade.exported()
  const cutOff = (sentence: string) => {
    if (sentence.startsWith('copy the flow')) throw new Error('cut off')
  }
  await expect(setUp(admin, realm.name, wanted(), cutOff)).rejects.toThrow('cut off')
  await setUp(admin, realm.name, wanted())
  expect(await admin.clients.findOne({ realm: realm.name, id })).toMatchObject({
    secret: 'x',
    directAccessGrantsEnabled: false,
    fullScopeAllowed: false,
    redirectUris: expect.arrayContaining(['https://tool.example.com/*', 'http://127.0.0.1/*']),
    defaultClientScopes: expect.arrayContaining(['basic', 'roles']),
  })
  expect(plan(await readRealm(admin, realm.name), wanted()).steps).toEqual([])
  await takeBack(admin, realm.name)
  expect(await handmade.exported()).toEqual(theirs)
  await admin.clients.del({ realm: realm.name, id })
})

it('refuses clients with CIBA until told, and changes nothing', async () => {
  const { admin, realm } = handmade
  const { id } = await admin.clients.create({
    realm: realm.name,
    clientId: 'ciba',
    secret: 'x',
    attributes: { 'oidc.ciba.grant.enabled': 'true' },
  })
  const { code, output } = await handmade.latchkey('setup')
  expect(code).toBe(1)
  expect(output).toContain('CIBA')
  expect((await admin.realms.findOne({ realm: realm.name }))?.browserFlow).toBe(OWN_FLOW)
  const allowed = await handmade.latchkey('setup', '--dry-run', '--allow-ciba')
  expect(allowed.code).toBe(0)
  expect(allowed.output).toContain('CIBA of the clients ciba')
  await admin.clients.del({ realm: realm.name, id })
})

it('says why an administrator was refused, without the password', async () => {
  const { latchkey } = handmade
  process.env['LATCHKEY_SETUP_CLIENT_ID'] = 'admin-cli'
  process.env['LATCHKEY_SETUP_CLIENT_SECRET'] = 'not-the-secret'
  const { code, output } = await latchkey('setup', '--dry-run')
  delete process.env['LATCHKEY_SETUP_CLIENT_ID']
  delete process.env['LATCHKEY_SETUP_CLIENT_SECRET']
  expect(code).toBe(1)
  expect(output).toContain('refused the administrator')
  expect(output).not.toContain('not-the-secret')
})
