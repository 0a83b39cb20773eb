import { decodeJwt } from 'jose'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { firstSync } from '../support/first-sync.ts'
import { startRelyingParty } from '../support/relying-party.ts'
import type { RelyingParty } from '../support/relying-party.ts'
import { startScenario } from '../support/scenario.ts'
import type { Scenario, Visitor } from '../support/scenario.ts'

let scenario: Scenario
let tool: RelyingParty
const ids: Record<string, string> = {}

beforeAll(async () => {
  scenario = await startScenario()
  scenario.sidecar().startWorker()
  tool = await startRelyingParty(scenario.realmUrl, 'latchkey-api')
  const users = await scenario.admin.users.find({ realm: scenario.realm.name })
  for (const { username = '', id = '' } of users) ids[username] = id
  await firstSync(scenario)
})
afterAll(async () => {
  await tool.stop()
  await scenario.stop()
})

/** Signs in to the command-line tool with a second factor, by a first set-up; gives the access token. */
async function tokenOf(username: string): Promise<{ token: string; visitor: Visitor }> {
  const visitor = await scenario.visitor()
  await visitor.page.goto(tool.url)
  await visitor.givePassword(username)
  await visitor.setUp()
  return { token: tool.results.at(-1)?.accessToken ?? '', visitor }
}

async function call(token: string, method: string, path: string, body?: object, etag?: string) {
  const url = `${scenario.sidecar().url}/realms/${scenario.realm.name}/api/v1${path}`
  const response = await fetch(url, {
    method,
    headers: {
      authorization: `Bearer ${token}`,
      ...(body === undefined ? {} : { 'content-type': 'application/json' }),
      ...(etag === undefined ? {} : { 'if-match': etag }),
    },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  })
  const text = await response.text()
  return {
    status: response.status,
    // oxlint-disable-next-line typescript/no-explicit-any
    body: (text === '' ? {} : JSON.parse(text)) as Record<string, any>,
    etag: response.headers.get('etag') ?? undefined,
    challenge: response.headers.get('www-authenticate') ?? '',
  }
}

/** A group manager has no role of ours, and may have to ask for the second factor by themselves. */
async function volunteer(username: string): Promise<string> {
  const visitor = await scenario.visitor()
  await visitor.page.goto(`${tool.url}?kc_action=latchkey-manage`)
  await visitor.givePassword(username)
  await visitor.setUp()
  await visitor.close()
  return tool.results.at(-1)?.accessToken ?? ''
}

describe('the API on a real Keycloak', () => {
  let erin: { token: string; visitor: Visitor }
  beforeAll(async () => {
    erin = await tokenOf('erin')
  })

  it('takes the token of a tfa-admin who gave a second factor, and tells who and why (S3, B1)', async () => {
    const settings = await call(erin.token, 'GET', '/settings')
    expect([settings.status, settings.body['enforcement']]).toEqual([200, 'optional'])
    const carol = await call(erin.token, 'GET', `/users/${ids['carol']}`)
    expect(carol.body).toMatchObject({
      username: 'carol',
      enforcement: 'required',
      because: { rule: 'group', path: '/field' },
      sentence: 'Required, because of the rule for the group /field',
      status: 'required-not-enrolled',
    })
    const changed = await call(erin.token, 'PATCH', '/settings', { maxFailures: 7 }, settings.etag)
    expect([changed.status, changed.body['maxFailures']]).toEqual([200, 7])
  })

  it('tells the second of two writers what changed (412)', async () => {
    const { etag } = await call(erin.token, 'GET', '/settings')
    expect((await call(erin.token, 'PATCH', '/settings', { codeSeconds: 120 }, etag)).status).toBe(200)
    const late = await call(erin.token, 'PATCH', '/settings', { codeSeconds: 240 }, etag)
    expect(late.status).toBe(412)
    expect(late.body).toMatchObject({
      current: { codeSeconds: 120 },
      changed: [{ field: 'codeSeconds', from: 300, to: 120, by: ids['erin'] }],
      conflicts: ['codeSeconds'],
    })
  })

  it('shows within 5 s that carol was put into /finance, and with whose rule', async () => {
    const group = { realm: scenario.realm.name, id: ids['carol'] ?? '' }
    await scenario.admin.users.delFromGroup({ ...group, groupId: scenario.realm.groups['field'] ?? '' })
    await scenario.admin.users.addToGroup({ ...group, groupId: scenario.realm.groups['finance'] ?? '' })
    await expect
      .poll(async () => (await call(erin.token, 'GET', `/users/${ids['carol']}`)).body['sentence'], {
        timeout: 5_000,
        interval: 100,
      })
      .toBe('Required, because of the rule for the group /finance')
    await scenario.admin.users.delFromGroup({ ...group, groupId: scenario.realm.groups['finance'] ?? '' })
    await scenario.admin.users.addToGroup({ ...group, groupId: scenario.realm.groups['field'] ?? '' })
  })

  it('resets a user, ends their sessions in Keycloak with the administrator’s own token, and they set up anew (S11, R28)', async () => {
    const bob = await scenario.visitor()
    await bob.signIn('bob')
    await bob.setUp()
    const sessions = async () =>
      (await scenario.admin.users.listSessions({ realm: scenario.realm.name, id: ids['bob'] ?? '' })).length
    expect(await sessions()).toBe(1)
    const reset = await call(erin.token, 'POST', `/users/${ids['bob']}/reset`)
    expect(reset.body).toMatchObject({ sessionsEnded: true })
    const revoked = reset.body['revoked'] as { method: string }[]
    expect(revoked.map(({ method }) => method)).toEqual(['totp', 'backup-codes'])
    expect(await sessions()).toBe(0)
    await bob.close()
    const again = await scenario.visitor()
    await again.signIn('bob')
    await again.page.waitForSelector('#secret')
    await again.close()
  })

  it('lets a tfa-manager help bob, and touch neither policy nor administrators (S14, R28)', async () => {
    const frank = await tokenOf('frank')
    expect((await call(frank.token, 'POST', `/users/${ids['bob']}/unlock`)).status).toBe(204)
    expect((await call(frank.token, 'POST', `/users/${ids['bob']}/reset`)).body).toMatchObject({
      sessionsEnded: false,
    })
    for (const name of ['erin', 'grace', 'frank']) {
      expect((await call(frank.token, 'POST', `/users/${ids[name]}/reset`)).status).toBe(403)
    }
    const { etag } = await call(frank.token, 'GET', '/settings')
    expect((await call(frank.token, 'PATCH', '/settings', { maxFailures: 3 }, etag)).status).toBe(403)
    expect(
      (await call(frank.token, 'PUT', `/users/${ids['bob']}/override`, { enforcement: 'disabled' })).status,
    ).toBe(403)
    await frank.visitor.close()
  })

  it('protects who administers the realm in Keycloak without a role of ours (R28)', async () => {
    const { id } = await scenario.createUser({ username: 'keeper', group: '' })
    const { realm, admin } = scenario
    const [management] = await admin.clients.find({ realm: realm.name, clientId: 'realm-management' })
    const role = await admin.clients.findRole({
      realm: realm.name,
      id: management?.id ?? '',
      roleName: 'manage-users',
    })
    await admin.users.addClientRoleMappings({
      realm: realm.name,
      id,
      clientUniqueId: management?.id ?? '',
      roles: [{ id: role?.id ?? '', name: 'manage-users' }],
    })
    const manager = await scenario.createUser({ username: 'helper', group: '' })
    const tfaManager = await admin.roles.findOneByName({ realm: realm.name, name: 'tfa-manager' })
    await admin.users.addRealmRoleMappings({
      realm: realm.name,
      id: manager.id,
      roles: [{ id: tfaManager?.id ?? '', name: 'tfa-manager' }],
    })
    const helper = await tokenOf('helper')
    await expect
      .poll(async () => (await call(helper.token, 'GET', `/users/${id}`)).body['mayNot'], {
        timeout: 5_000,
        interval: 100,
      })
      .toBe('protected-account')
    expect((await call(helper.token, 'POST', `/users/${id}/reset`)).status).toBe(403)
    await helper.visitor.close()
  })

  it('lets the manager of /field see and reset carol, and nobody else (S13)', async () => {
    const token = await volunteer('heidi')
    const seen = await call(token, 'GET', '/users')
    const users = seen.body['users'] as { username: string }[]
    expect(users.map(({ username }) => username)).toEqual(['carol'])
    expect((await call(token, 'GET', `/users/${ids['bob']}`)).status).toBe(404)
    expect((await call(token, 'POST', `/users/${ids['bob']}/reset`)).status).toBe(404)
    expect((await call(token, 'POST', `/users/${ids['carol']}/reset`)).status).toBe(200)
    expect((await call(token, 'GET', '/settings')).status).toBe(403)
  })

  it('gives a reader nothing to write, and a plain user nothing at all', async () => {
    const grace = await tokenOf('grace')
    expect((await call(grace.token, 'GET', '/audit')).status).toBe(200)
    expect((await call(grace.token, 'POST', `/users/${ids['bob']}/reset`)).status).toBe(403)
    await grace.visitor.close()
    const alice = await volunteer('alice')
    for (const path of ['/users', '/settings', '/audit', `/users/${ids['alice']}`]) {
      expect((await call(alice, 'GET', path)).status).toBe(403)
    }
  })

  it('takes no token that was issued for something else', async () => {
    const form = { grant_type: 'password', client_id: 'admin-cli', username: 'alice', password: 'alice' }
    const direct = await fetch(`${scenario.realmUrl}/protocol/openid-connect/token`, {
      method: 'POST',
      body: new URLSearchParams({ ...form, scope: 'openid' }),
    })
    const { access_token: foreign = 'none' } = (await direct.json()) as { access_token?: string }
    expect((await call(foreign, 'GET', '/settings')).status).toBe(401)
  })

  it('wants a fresh second factor of who writes, and takes one that was given as RFC 9470 says (R17)', async () => {
    const { sid } = decodeJwt(erin.token)
    const { sidecar, realm } = scenario
    const long = Date.now() - 6 * 60_000
    await sidecar().store.commit({
      realm: realm.name,
      userId: ids['erin'] ?? '',
      verified: { sid: String(sid), level: 2, at: long },
    })
    const { etag } = await call(erin.token, 'GET', '/settings')
    const refused = await call(erin.token, 'PATCH', '/settings', { maxFailures: 9 }, etag)
    expect(refused.status).toBe(401)
    expect(refused.challenge).toContain('error="insufficient_user_authentication"')
    expect(refused.challenge).toContain('max_age="300"')
    const { page } = erin.visitor
    await page.goto(`${tool.url}?max_age=0`)
    await page.fill('#password', 'erin')
    await page.click('#kc-login')
    await erin.visitor.submitCode(await erin.visitor.nextCode())
    await page.waitForSelector('#app')
    const fresh = tool.results.at(-1)?.accessToken ?? ''
    expect((await call(fresh, 'PATCH', '/settings', { maxFailures: 9 }, etag)).status).toBe(200)
  })

  it('says who did all this, when, from where and why (B10)', async () => {
    const { body } = await call(erin.token, 'GET', `/audit?actor=${ids['erin']}&event=methods.reset`)
    expect(body['entries'][0]).toMatchObject({
      event: 'methods.reset',
      actor: ids['erin'],
      user: ids['bob'],
      address: expect.stringContaining('127.0.0.1'),
    })
  })
})
