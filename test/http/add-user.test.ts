import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { startApi } from '../support/api.ts'
import type { ApiWorld, Client } from '../support/api.ts'
import { PLACES } from '../support/stores.ts'
import type { Place } from '../support/stores.ts'

const NUMBER = '+31623456789'

describe.each(PLACES)('adding users over the API, on %s', (_, makePlace) => {
  let place: Place
  let world: ApiWorld
  let erin: Client
  let count = 0

  beforeAll(async () => {
    place = await makePlace()
    world = await startApi({
      dbUrl: place.url,
      groups: [
        { id: 'g-field', path: '/field' },
        { id: 'g-north', path: '/field/north', parentId: 'g-field' },
        { id: 'g-robots', path: '/robots' },
        { id: 'g-plain', path: '/plain' },
      ],
      users: [{ id: 'ann', username: 'ann' }],
    })
    erin = await world.as('erin', ['tfa-admin'])
    const { policy } = world.app
    await policy.saveSettings('demo', { methods: ['totp', 'sms'], smsCountries: ['NL', 'DE'] })
    await policy.saveRule('demo', {
      groupId: 'g-field',
      enforcement: 'required',
      methods: ['sms'],
      priority: 0,
    })
    await policy.saveRule('demo', {
      groupId: 'g-robots',
      enforcement: 'disabled',
      methods: ['sms'],
      priority: 9,
    })
  })
  afterAll(async () => {
    await world.stop()
    await place.drop()
  })
  afterEach(() => {
    Object.assign(world.realm.admin, { may: true, next: undefined, invitations: 204 })
    world.realm.admin.asked.length = 0
  })

  const add = async (body: Record<string, unknown>, client = erin) => await client('POST', '/users', { body })
  const fresh = () => `user${++count}`
  const faults = ({ json }: Awaited<ReturnType<Client>>) => json.errors

  it('asks Keycloak with the caller’s own token, and lists the user at once (S6)', async () => {
    const username = fresh()
    const answer = await add({
      username,
      email: 'new@example.com',
      firstName: 'New',
      phone: '06 23456789',
      country: 'NL',
      groups: ['g-north'],
    })
    expect(answer.status, answer.text).toBe(201)
    expect(answer.json).toMatchObject({ username, phone: 'stored', invitation: 'not-asked' })
    const [asked] = world.realm.admin.asked
    expect(asked).toMatchObject({
      path: '/admin/realms/demo/users',
      body: {
        username,
        enabled: true,
        email: 'new@example.com',
        firstName: 'New',
        attributes: { phoneNumber: [NUMBER] },
        groups: ['/field/north'],
      },
    })
    const claims = JSON.parse(Buffer.from(asked?.authorization?.split('.')[1] ?? '', 'base64url').toString())
    expect(claims.sub).toBe('erin')
    const { json } = await erin('GET', `/users?search=${username}`)
    expect(json.users).toMatchObject([
      { id: answer.json.id, username, firstName: 'New', status: 'required-not-enrolled' },
    ])
    expect((await erin('GET', `/users/${answer.json.id}`)).json.groups).toEqual([
      { id: 'g-field', path: '/field' },
      { id: 'g-north', path: '/field/north' },
    ])
  })

  it('is audited with who and whom, and never with the whole number (R23)', async () => {
    const username = fresh()
    const { json } = await add({ username, phone: NUMBER })
    const { json: audit } = await erin('GET', '/audit?event=user.created')
    const entries = audit.entries as { user: string }[]
    // The clock of this test stands still, so the order is none.
    expect(entries.find(({ user }) => user === json.id)).toMatchObject({
      actor: 'erin',
      detail: { username, phone: '+31 ••• ••89', groups: [] },
    })
  })

  it('wants a number where text messages are the only method, and says why (S6)', async () => {
    const refused = await add({ username: fresh(), groups: ['g-plain', 'g-north'] })
    expect(refused.status).toBe(400)
    expect(faults(refused)).toEqual([
      {
        path: 'body.phone',
        code: 'phone-needed-by-group',
        about: '/field',
        message:
          'must be given: codes by text message are the only method that the policy leaves this user (Required, because of the rule for the group /field)',
      },
    ])
    expect(world.realm.admin.asked).toEqual([])
    expect((await add({ username: fresh(), groups: ['g-north'], phone: NUMBER })).status).toBe(201)
    expect((await add({ username: fresh(), groups: ['g-robots', 'g-north'] })).status, 'never asked').toBe(
      201,
    )
    expect((await add({ username: fresh(), groups: ['g-plain'] })).status, 'an app would do').toBe(201)
    await world.app.policy.saveSettings('demo', {
      methods: ['sms', 'backup-codes'],
      smsCountries: ['NL', 'DE'],
    })
    expect(faults(await add({ username: fresh() }))).toMatchObject([
      { path: 'body.phone', code: 'phone-needed' },
    ])
    await world.app.policy.saveSettings('demo', { methods: ['totp', 'sms'], smsCountries: ['NL', 'DE'] })
  })

  it.each([
    [{ phone: '0201234567', country: 'NL' }, 'phone-not-mobile'],
    [{ phone: '06 234', country: 'NL' }, 'phone-too-short'],
    [{ phone: '+447911123456' }, 'phone-country'],
    [{ phone: 'number none', country: 'NL' }, 'phone-malformed'],
  ])('says what is wrong with a number: %j', async (phone, code) => {
    const refused = await add({ username: fresh(), ...phone })
    expect([refused.status, faults(refused)]).toMatchObject([400, [{ path: 'body.phone', code }]])
    expect(refused.text).not.toContain(phone.phone)
    expect(world.realm.admin.asked).toEqual([])
  })

  it('refuses groups that Keycloak does not have, and an invitation without an address', async () => {
    expect(faults(await add({ username: fresh(), groups: ['g-nowhere'] }))).toMatchObject([
      { path: 'body.groups', code: 'group-unknown' },
    ])
    expect(faults(await add({ username: fresh(), invite: true }))).toMatchObject([
      { path: 'body.email', code: 'email-needed' },
    ])
    expect(world.realm.admin.asked).toEqual([])
  })

  it('of two requests for one name adds one, and Keycloak decides which', async () => {
    const username = fresh()
    const answers = await Promise.all([add({ username }), add({ username }), add({ username })])
    expect(answers.map(({ status }) => status).toSorted((a, b) => a - b)).toEqual([201, 409, 409])
    const refused = answers.find(({ status }) => status === 409)
    expect(refused?.json).toMatchObject({
      type: 'urn:latchkey:problem:user-exists',
      errors: [{ path: 'body.username', code: 'taken' }],
    })
    expect((await erin('GET', `/users?search=${username}`)).json.total).toBe(1)
  })

  it('says in plain words what Keycloak refuses, writes nothing, and repeats none of what it says of values', async () => {
    const { admin } = world.realm
    const before = (await erin('GET', '/audit?event=user.created')).json.entries.length
    admin.may = false
    const forbidden = await add({ username: fresh() })
    expect([forbidden.status, forbidden.json.type]).toEqual([403, 'urn:latchkey:problem:keycloak-forbids'])
    expect(forbidden.json.detail).toContain('manage-users')
    admin.may = true
    admin.next = {
      status: 400,
      body: {
        errors: [
          { field: 'username', errorMessage: 'error-invalid-length', params: ['username', 3, 255] },
          { field: 'phoneNumber', errorMessage: `no ${NUMBER} here`, params: [] },
        ],
      },
    }
    const invalid = await add({ username: fresh() })
    expect(faults(invalid)).toEqual([
      { path: 'body.username', message: 'must have another length', code: 'length' },
      { path: 'body.phone', message: "must be as the realm's user profile wants it", code: 'not-taken' },
    ])
    expect(invalid.text).not.toContain(NUMBER)
    admin.next = { status: 400, body: { field: 'costCentre', errorMessage: 'error-user-attribute-required' } }
    expect(faults(await add({ username: fresh() }))).toMatchObject([
      { path: 'body', code: 'profile', about: 'costCentre' },
    ])
    admin.next = { status: 400, body: { errorMessage: `${NUMBER} <script>` } }
    expect(faults(await add({ username: fresh() }))).toMatchObject([{ path: 'body', code: 'profile' }])
    admin.next = { status: 409, body: { errorMessage: 'User exists with same email' } }
    expect(faults(await add({ username: fresh() }))).toMatchObject([{ path: 'body.email', code: 'taken' }])
    for (const next of ['broken', { status: 502 }] as const) {
      admin.next = next
      const unknown = await add({ username: fresh() })
      expect([unknown.status, unknown.json.detail]).toEqual([503, expect.stringContaining('look for them')])
    }
    expect((await erin('GET', '/audit?event=user.created')).json.entries).toHaveLength(before)
  })

  it('has Keycloak’s invitation sent, and says what became of it', async () => {
    const invited = await add({ username: fresh(), email: 'a@example.com', invite: true })
    expect(invited.json.invitation).toBe('sent')
    expect(world.realm.admin.asked.at(-1)).toMatchObject({
      path: `/admin/realms/demo/users/${invited.json.id}/execute-actions-email`,
      body: ['UPDATE_PASSWORD', 'latchkey-manage'],
    })
    world.realm.admin.invitations = 403
    expect((await add({ username: fresh(), email: 'b@example.com', invite: true })).json.invitation).toBe(
      'forbidden',
    )
    world.realm.admin.invitations = 500
    expect((await add({ username: fresh(), email: 'c@example.com', invite: true })).json.invitation).toBe(
      'failed',
    )
  })

  it('says so where the profile in Keycloak drops the number, and finds nobody by it', async () => {
    const { admin } = world.realm
    const { added } = admin
    admin.added = (id, { username }) => added(id, { username })
    const number = '+491701234567'
    const answer = await add({ username: fresh(), phone: number })
    admin.added = added
    expect([answer.status, answer.json.phone]).toEqual([201, 'dropped'])
    expect((await erin('POST', '/users/search', { body: { search: number } })).json.total).toBe(0)
  })

  it('finds who has a whole number, and nobody by a part of it or by an address (S4, R23)', async () => {
    const number = '+491711234567'
    const { json } = await add({ username: fresh(), phone: number })
    const found = async (search: string) => {
      const answer = await erin('POST', '/users/search', { body: { search } })
      return (answer.json.users as { id: string }[]).map(({ id }) => id)
    }
    for (const typed of ['+49 171 1234567', '0049-171-1234567', ' (+49) 171/1234567']) {
      expect(await found(typed), typed).toEqual([json.id])
    }
    for (const part of ['+49171123456', '1711234567', '1234567', '%', '_'])
      expect(await found(part), part).toEqual([])
    expect(await found('ann')).toEqual(['ann'])
    const inAddress = await erin('GET', `/users?search=${encodeURIComponent(number)}`)
    expect(inAddress.json.total).toBe(0)
  })
})
