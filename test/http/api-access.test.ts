import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { ENDPOINTS, NOW, startApi } from '../support/api.ts'
import type { ApiWorld, Client } from '../support/api.ts'
import { REQUESTS } from '../support/api-requests.ts'
import { startRealm } from '../support/realm.ts'

const PEOPLE = {
  groups: [
    { id: 'g-field', path: '/field', managers: ['heidi'] },
    { id: 'g-north', path: '/field/north', parentId: 'g-field' },
    { id: 'g-finance', path: '/finance' },
  ],
  users: [
    { id: 'erin', roles: ['tfa-admin', 'administers'] },
    { id: 'frank', roles: ['tfa-manager'], groups: ['g-north'] },
    { id: 'grace', roles: ['tfa-auditor'], groups: ['g-north'] },
    { id: 'heidi', groups: ['g-north'] },
    { id: 'alice' },
    { id: 'inside', groups: ['g-north'] },
    { id: 'outside', groups: ['g-finance'] },
    { id: 'boss', groups: ['g-north'], roles: ['administers'] },
    { id: 'nobody-told', groups: ['g-north'], roles: null },
  ],
}

/**
 * Every endpoint: what is answered to a tfa-admin, a tfa-manager, a tfa-auditor, to the manager of a group whom it is
 * about a user of, to the same about another user, and to a user without any role.
 */
const TABLE: Record<string, number[]> = {
  'get /settings': [200, 200, 200, 403, 403, 403],
  'patch /settings': [200, 403, 403, 403, 403, 403],
  'get /rules': [200, 200, 200, 403, 403, 403],
  'get /rules/{groupId}': [200, 200, 200, 403, 403, 403],
  'put /rules/{groupId}': [200, 403, 403, 403, 403, 403],
  'delete /rules/{groupId}': [204, 403, 403, 403, 403, 403],
  'get /rules/{groupId}/proposal': [200, 200, 200, 403, 403, 403],
  'put /rules/{groupId}/proposal': [200, 403, 403, 403, 403, 403],
  'delete /rules/{groupId}/proposal': [204, 403, 403, 403, 403, 403],
  'get /groups': [200, 200, 200, 403, 403, 403],
  'get /users': [200, 200, 200, 200, 200, 403],
  'post /users/search': [200, 200, 200, 200, 200, 403],
  'post /users': [201, 403, 403, 403, 403, 403],
  'get /users/{userId}': [200, 200, 200, 200, 404, 403],
  'get /users/{userId}/methods': [200, 200, 200, 200, 404, 403],
  'put /users/{userId}/override': [200, 403, 403, 403, 403, 403],
  'delete /users/{userId}/override': [204, 403, 403, 403, 403, 403],
  'delete /users/{userId}/methods/{methodId}': [200, 200, 403, 200, 404, 403],
  'get /users/{userId}/devices': [200, 200, 200, 200, 404, 403],
  'delete /users/{userId}/devices': [200, 200, 403, 200, 404, 403],
  'delete /users/{userId}/devices/{deviceId}': [200, 200, 403, 200, 404, 403],
  'post /users/{userId}/reset': [200, 200, 403, 200, 404, 403],
  'post /users/{userId}/unlock': [204, 204, 403, 204, 404, 403],
  'post /users/{userId}/bypass': [201, 201, 403, 201, 404, 403],
  'delete /users/{userId}/bypass': [204, 204, 403, 204, 404, 403],
  'post /what-if': [200, 200, 200, 403, 403, 403],
  'get /audit': [200, 200, 200, 403, 403, 403],
  'get /audit/export': [200, 200, 200, 403, 403, 403],
  'put /settings/mail-password': [204, 403, 403, 403, 403, 403],
  'delete /settings/mail-password': [204, 403, 403, 403, 403, 403],
  'post /settings/mail-test': [409, 403, 403, 403, 403, 403],
  'put /settings/twilio-auth-token': [204, 403, 403, 403, 403, 403],
  'delete /settings/twilio-auth-token': [204, 403, 403, 403, 403, 403],
  'put /settings/sms-webhook-secret': [204, 403, 403, 403, 403, 403],
  'delete /settings/sms-webhook-secret': [204, 403, 403, 403, 403, 403],
  'get /settings/secrets': [200, 200, 200, 403, 403, 403],
  // No country is allowed.
  'post /settings/sms-test': [400, 403, 403, 403, 403, 403],
  'get /figures': [200, 200, 200, 403, 403, 403],
  'get /sync': [200, 200, 200, 403, 403, 403],
  'post /sync': [202, 202, 403, 403, 403, 403],
  'get /openapi.json': [200, 200, 200, 200, 200, 200],
}

const namesIn = (users: { id: string }[]) => users.map(({ id }) => id)

const PUBLIC = 'get /openapi.json'
const ROWS = Object.entries(TABLE)
const ACTS = [
  'delete /users/{userId}/methods/{methodId}',
  'delete /users/{userId}/devices',
  'delete /users/{userId}/devices/{deviceId}',
  'post /users/{userId}/reset',
  'post /users/{userId}/unlock',
  'post /users/{userId}/bypass',
  'delete /users/{userId}/bypass',
]
const OVERRIDES = ['put /users/{userId}/override', 'delete /users/{userId}/override']

describe('who may use the API', () => {
  let world: ApiWorld

  beforeAll(async () => {
    world = await startApi(PEOPLE)
  })
  afterAll(async () => {
    await world.stop()
  })

  async function ask(client: Client, line: string, user = 'inside') {
    const prepare = REQUESTS[line]
    if (prepare === undefined) throw new Error(`${line} is not in the table`)
    const { path, ask: sent } = await prepare(world, user)
    const verb = line.split(' ', 1).join('').toUpperCase() as Parameters<Client>[0]
    return await client(verb, path, sent)
  }

  it('is told here for every endpoint there is', () => {
    expect(Object.keys(TABLE).toSorted()).toEqual(
      ENDPOINTS.map(({ verb, path }) => `${verb} ${path}`).toSorted(),
    )
  })

  describe.each(ROWS)('%s', (line, [admin, manager, auditor, inside, outside, plain]) => {
    it.each([
      ['a tfa-admin', 'erin', ['tfa-admin'], 'inside', admin],
      ['a tfa-manager', 'frank', ['tfa-manager'], 'inside', manager],
      ['a tfa-auditor', 'grace', ['tfa-auditor'], 'inside', auditor],
      ['a group manager about a user below (S13)', 'heidi', [], 'inside', inside],
      ['a group manager about another user (S13)', 'heidi', [], 'outside', outside],
      ['a user without a role', 'alice', ['offline_access'], 'inside', plain],
    ])('answers %s', async (_, caller, roles, user, status) => {
      const answer = await ask(await world.as(caller, roles), line, user)
      expect(answer.status, answer.text).toBe(status)
    })

    it('answers nobody without a token that is in order', async () => {
      const other = await startRealm('demo')
      const claims = { sub: 'erin', sid: 'sid-of-erin', realm_access: { roles: ['tfa-admin'] } }
      const issued = async (change: Record<string, unknown>) =>
        await world.realm.accessToken(NOW, { ...claims, ...change })
      await world.as('erin')
      const seconds = NOW / 1000
      const tokens: Record<string, string | undefined> = {
        'signed out': undefined,
        'another realm': await other.accessToken(NOW, claims),
        "another realm's key": await issued({ stranger: true }),
        'another issuer': await issued({ iss: `${world.realm.keycloakUrl}/realms/other` }),
        expired: await issued({ iat: seconds - 600, exp: seconds - 11 }),
        'not yet': await issued({ iat: seconds + 60, exp: seconds + 600 }),
        'without an end': await issued({ exp: undefined }),
        'wrong audience': await issued({ aud: ['account'] }),
        'no audience': await issued({ aud: undefined }),
        'wrong client': await issued({ azp: 'account-console' }),
        'ID token': await issued({ typ: 'ID' }),
        'refresh token': await issued({ typ: 'Refresh' }),
        'no type': await issued({ typ: undefined }),
        'without a session': await issued({ sid: undefined }),
        'without a user': await issued({ sub: undefined }),
        'no token at all': 'Bearer',
        'something else': `${await issued({})}.`,
      }
      for (const [what, token] of Object.entries(tokens)) {
        const answer = await ask(world.withToken(token), line)
        expect(answer.status, `${what}: ${answer.text}`).toBe(line === PUBLIC ? 200 : 401)
        if (line === PUBLIC) continue
        const challenge = answer.headers.get('www-authenticate')
        expect(challenge, what).toMatch(
          token === undefined || what === 'no token at all' || what === 'something else'
            ? /^Bearer realm="\/realms\/demo"/
            : /^Bearer realm="\/realms\/demo", error="invalid_token", error_description="[a-zA-Z ]+"$/,
        )
      }
      await other.stop()
    })

    it('wants a session that gave a second factor lately for a change, and for a change only (R17)', async () => {
      const writes = ENDPOINTS.find(({ verb, path }) => `${verb} ${path}` === line)?.writes === true
      const answer = await ask(await world.as('erin', ['tfa-admin'], { fresh: false }), line)
      if (!writes) {
        expect(answer.status, answer.text).toBe(admin)
        return
      }
      expect(answer.status, answer.text).toBe(401)
      expect(answer.json.type).toBe('urn:latchkey:problem:insufficient-user-authentication')
      expect(answer.headers.get('www-authenticate')).toMatch(
        /error="insufficient_user_authentication", error_description=".+", acr_values="2", max_age="300"$/,
      )
    })
  })

  it('takes a second factor for fresh for five minutes, and only of the session and the user who gave it', async () => {
    const erin = await world.as('erin', ['tfa-admin'])
    const [token] = [
      await world.realm.accessToken(NOW, {
        sub: 'erin',
        sid: 'sid-of-erin',
        realm_access: { roles: ['tfa-admin'] },
        exp: NOW / 1000 + 3600,
      }),
    ]
    const unlock = async (client: Client) => (await client('POST', '/users/inside/unlock')).status
    expect(await unlock(erin)).toBe(204)
    world.clock.now = NOW + 300_000
    expect(await unlock(world.withToken(token))).toBe(204)
    world.clock.now = NOW + 300_001
    expect(await unlock(world.withToken(token))).toBe(401)
    world.clock.now = NOW
    const stolen = await world.realm.accessToken(NOW, {
      sub: 'frank',
      sid: 'sid-of-erin',
      realm_access: { roles: ['tfa-manager'] },
    })
    expect(await unlock(world.withToken(stolen))).toBe(401)
  })

  it('says no reason that helps a guesser, and never the token', async () => {
    const token = await world.realm.accessToken(NOW, { sub: 'xMARKx', azp: 'yMARKy' })
    const answer = await world.withToken(token)('GET', '/settings')
    expect(answer.text + answer.headers.get('www-authenticate')).not.toMatch(/MARK/)
  })

  describe.each([...ACTS, ...OVERRIDES])('%s', (line) => {
    const done = TABLE[line]?.[0]

    it('is nothing that one does to oneself (R28)', async () => {
      const callers: [string, string[]][] = OVERRIDES.includes(line)
        ? [['erin', ['tfa-admin']]]
        : [
            ['erin', ['tfa-admin']],
            ['frank', ['tfa-manager']],
            ['heidi', []],
          ]
      for (const [caller, roles] of callers) {
        const answer = await ask(await world.as(caller, roles), line, caller)
        expect(answer.status, answer.text).toBe(403)
        expect(answer.json.type).toBe('urn:latchkey:problem:own-account')
      }
    })

    it('a tfa-admin may do to whoever else administers (R28)', async () => {
      for (const user of ['boss', 'frank', 'grace', 'nobody-told']) {
        const answer = await ask(await world.as('erin', ['tfa-admin']), line, user)
        expect(answer.status, answer.text).toBe(done)
      }
    })
  })

  describe.each(ACTS)('%s', (line) => {
    it.each([
      ['a tfa-manager', 'frank', ['tfa-manager']],
      ['a group manager', 'heidi', []],
    ])('is refused to %s where the user administers, or nobody told (R28)', async (_, caller, roles) => {
      const client = await world.as(caller, roles)
      const refused = async (user: string) => {
        const answer = await ask(client, line, user)
        expect(answer.status, answer.text).toBe(403)
        return answer.json.type
      }
      expect(await refused('boss')).toBe('urn:latchkey:problem:protected-account')
      expect(await refused('grace')).toBe('urn:latchkey:problem:protected-account')
      expect(await refused('nobody-told')).toBe('urn:latchkey:problem:roles-unknown')
    })

    it('takes roles and groups as Keycloak has them now, and does nothing where it does not say', async () => {
      const [frank, heidi] = [await world.as('frank', ['tfa-manager']), await world.as('heidi')]
      world.directory.addUser('inside', { roles: ['tfa-auditor'] })
      expect((await ask(frank, line)).status).toBe(403)
      world.directory.addUser('inside', { roles: [], groups: ['g-finance'] })
      expect((await ask(heidi, line)).status).toBe(404)
      world.directory.addUser('inside', { groups: ['g-north'] })
      for (const failure of ['unreachable', 'refused'] as const) {
        world.directory.failure = failure
        for (const client of [frank, heidi]) {
          const answer = await ask(client, line)
          expect(answer.status, answer.text).toBe(503)
          expect(answer.json.detail).toMatch(/nothing was done/)
        }
        expect((await ask(await world.as('erin', ['tfa-admin']), line)).status).toBe(TABLE[line]?.[0])
        world.directory.failure = undefined
      }
    })
  })

  it('shows a group manager nobody but those below them', async () => {
    const heidi = await world.as('heidi')
    const names = async (query: string) =>
      namesIn((await heidi('GET', `/users${query}`)).json.users as { id: string }[])
    expect(await names('')).toEqual(['boss', 'frank', 'grace', 'heidi', 'inside', 'nobody-told'])
    expect(await names('?search=outside')).toEqual([])
    expect(await names('?group=g-finance')).toEqual([])
    expect(await names('?group=g-north&search=in')).toEqual(['inside'])
  })

  it('lets a tfa-auditor who manages a group act there, and see the others without acting', async () => {
    const both = await world.as('heidi', ['tfa-auditor'])
    expect((await both('POST', '/users/inside/unlock')).status).toBe(204)
    expect((await both('POST', '/users/outside/unlock')).status).toBe(403)
    const [inside, outside] = [await both('GET', '/users/inside'), await both('GET', '/users/outside')]
    expect(inside.json).toMatchObject({ mayAct: true, mayNot: null })
    expect(outside.json).toMatchObject({ mayAct: false, mayNot: 'forbidden' })
  })

  it('leaves a pass that would drop much to a tfa-admin alone', async () => {
    world.sync.now = { ...world.sync.now, asks: { pass: 7, users: 900, rules: [] } }
    const [frank, erin] = [await world.as('frank', ['tfa-manager']), await world.as('erin', ['tfa-admin'])]
    expect((await frank('POST', '/sync', { body: { confirm: 7 } })).status).toBe(403)
    const other = await erin('POST', '/sync', { body: { confirm: 6 } })
    expect([other.status, other.json.type]).toEqual([409, 'urn:latchkey:problem:nothing-to-confirm'])
    expect(world.sync.runs.filter((run) => run !== undefined)).toEqual([])
    expect((await erin('POST', '/sync', { body: { confirm: 7 } })).status).toBe(202)
    expect(world.sync.runs.at(-1)).toEqual({ confirm: 7 })
    const [entry] = (await erin('GET', '/audit?event=sync.confirmed')).json.entries
    expect(entry).toMatchObject({ actor: 'erin', address: '127.0.0.1', detail: { pass: 7, users: 900 } })
  })

  it("answers 503 where the realm's keys can't be had", async () => {
    const cold = await startApi({})
    const client = await cold.as('erin', ['tfa-admin'])
    cold.realm.answer('error')
    expect((await client('GET', '/settings')).status).toBe(503)
    cold.realm.answer('broken')
    expect((await client('GET', '/settings')).status).toBe(503)
    await cold.stop()
  })
})
