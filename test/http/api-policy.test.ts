import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { NOW, startApi } from '../support/api.ts'
import type { ApiWorld, Client } from '../support/api.ts'

describe("a realm's policy over the API", () => {
  let world: ApiWorld
  let erin: Client
  let ida: Client

  beforeAll(async () => {
    world = await startApi({
      groups: [
        { id: 'g-field', path: '/field' },
        { id: 'g-kept', path: '/kept' },
      ],
    })
    erin = await world.as('erin', ['tfa-admin'])
    ida = await world.as('ida', ['tfa-admin'])
  })
  afterAll(async () => {
    await world.stop()
  })

  const etag = async (path: string) => String((await erin('GET', path)).headers.get('etag'))
  const patch = async (client: Client, body: unknown, version: string) =>
    await client('PATCH', '/settings', { body, headers: { 'If-Match': version } })

  it('changes a grace from days to a date and back, and leaves out a part of the mail server', async () => {
    const now = async () => await etag('/settings')
    const until = '2030-01-01T00:00:00Z'
    const said = async (body: object) => {
      const { status, json, text } = await patch(erin, body, await now())
      expect(status, text).toBe(200)
      return json
    }
    expect(await said({ grace: { days: 5 } })).toMatchObject({ grace: { days: 5 } })
    expect((await said({ grace: { until } })).grace).toEqual({ until })
    expect((await said({ grace: { until: '2030-01-01' } })).grace).toEqual({ until: '2030-01-01' })
    expect((await said({ grace: { days: 7, until: null } })).grace).toEqual({ days: 7 })
    expect(await said({ grace: null })).not.toHaveProperty('grace')
    const mail = { host: 'smtp.example.com', port: 587, security: 'starttls', from: 'a@b.org' }
    expect((await said({ mail: { ...mail, username: 'acme' } })).mail).toEqual({ ...mail, username: 'acme' })
    expect((await said({ mail: { ...mail, username: null } })).mail).toEqual(mail)
    await said({ mail: null })
  })

  it('shows settings with their defaults, and puts one back by null (RFC 7396)', async () => {
    const first = await erin('GET', '/settings')
    expect(first.json).toMatchObject({
      enforcement: 'optional',
      maxFailures: 5,
      methods: ['totp', 'backup-codes'],
    })
    const changed = await erin('PATCH', '/settings', {
      raw: JSON.stringify({ maxFailures: 3, smsTexts: { de: 'Code: {code}', fr: 'Code : {code}' } }),
      headers: { 'If-Match': await etag('/settings'), 'Content-Type': 'application/merge-patch+json' },
    })
    expect(changed.status, changed.text).toBe(200)
    expect(changed.json).toMatchObject({ maxFailures: 3, smsTexts: { de: 'Code: {code}' } })
    expect(changed.headers.get('etag')).toBe(await etag('/settings'))
    const back = await patch(erin, { maxFailures: null, smsTexts: { de: null } }, await etag('/settings'))
    expect(back.json).toMatchObject({ maxFailures: 5, smsTexts: { fr: 'Code : {code}' } })
    expect((await world.app.admin.policy('demo')).set).toEqual({ smsTexts: { fr: 'Code : {code}' } })
    await patch(erin, { smsTexts: null }, await etag('/settings'))
  })

  it('is in force at the next push', async () => {
    await patch(erin, { enforcement: 'required' }, await etag('/settings'))
    const { settings } = await world.app.store.background('demo', 'somebody', 'n')
    expect(settings.enforcement).toBe('required')
  })

  it('keeps the version where a patch changes nothing, and audits nothing', async () => {
    const before = await etag('/settings')
    const count = async () => (await erin('GET', '/audit?event=settings.changed')).json.entries.length
    const entries = await count()
    const same = await patch(erin, { enforcement: 'required' }, before)
    expect([same.status, same.headers.get('etag')]).toEqual([200, before])
    expect(await count()).toBe(entries)
  })

  it.each([
    [{ enforcement: 'maybe' }, 'body.enforcement'],
    [{ enforcment: 'required' }, 'body'],
    [{ maxFailures: 0 }, 'body.maxFailures'],
    [{ maxFailures: 21 }, 'body.maxFailures'],
    [{ maxFailures: 1e308 }, 'body.maxFailures'],
    [{ maxFailures: '5' }, 'body.maxFailures'],
    [{ methods: ['backup-codes'] }, 'body.methods'],
    [{ methods: [] }, 'body.methods'],
    [{ methods: ['telepathy'] }, 'body.methods.0'],
    [{ methods: ['totp', 'totp'] }, 'body.methods'],
    [{ selfMethods: ['telepathy'] }, 'body.selfMethods'],
    [{ issuerName: 'a:b' }, 'body.issuerName'],
    [{ issuerName: 'a\u0000b' }, 'body.issuerName'],
    [{ lockoutSeconds: 86_400 }, 'body.lockoutMaxSeconds'],
    [{ smsTexts: { de: 'no code' } }, 'body.smsTexts.de'],
    [[], 'body'],
    ['text', 'body'],
  ])('refuses %j with what is wrong and where', async (body, path) => {
    const answer = await patch(erin, body, await etag('/settings'))
    expect(answer.status, answer.text).toBe(400)
    expect(answer.json.errors[0].path).toBe(path)
    expect(answer.json.errors[0].message).not.toBe('')
  })

  it('says of backup codes alone that they need another method beside them (S18)', async () => {
    const answer = await patch(erin, { methods: ['backup-codes'] }, await etag('/settings'))
    expect(answer.json.detail).toBe('body.methods: must have one beside backup codes')
  })

  it('tells the slower of two writers what the other changed, and what both wanted', async () => {
    const version = await etag('/settings')
    const [one, other] = await Promise.all([
      patch(erin, { maxFailures: 7, codeSeconds: 120 }, version),
      patch(ida, { maxFailures: 9, resendSeconds: 60 }, version),
    ])
    expect(new Set([one.status, other.status])).toEqual(new Set([200, 412]))
    const [lost, winner] = one.status === 412 ? [one, 'ida'] : [other, 'erin']
    expect(lost.json.current).toEqual((await erin('GET', '/settings')).json)
    expect(lost.headers.get('etag')).toBe(await etag('/settings'))
    expect(lost.json.conflicts).toEqual(['maxFailures'])
    expect(lost.json.changed).toContainEqual({
      field: 'maxFailures',
      from: 5,
      to: winner === 'erin' ? 7 : 9,
      by: winner,
      at: new Date(NOW).toISOString(),
    })
    expect(lost.json.changed).toHaveLength(2)
  })

  it('sums up what several others changed since', async () => {
    const version = await etag('/settings')
    await patch(erin, { backupCodes: 12 }, await etag('/settings'))
    await patch(ida, { backupCodes: 14, auditDays: 30 }, await etag('/settings'))
    await patch(erin, { auditDays: null }, await etag('/settings'))
    const late = await patch(ida, { smsPerUser: 3 }, version)
    expect(late.status).toBe(412)
    expect(late.json.conflicts).toEqual([])
    expect(late.json.changed).toMatchObject([
      { field: 'backupCodes', from: 10, to: 14, by: 'ida' },
      { field: 'auditDays', from: 365, to: 365, by: 'erin' },
    ])
  })

  it('wants to know what is overwritten: 428 without, 412 for a weak or foreign tag, 400 for no tag', async () => {
    const send = async (headers: Record<string, string>) =>
      (await erin('PATCH', '/settings', { body: { maxFailures: 5 }, headers })).status
    expect(await send({})).toBe(428)
    expect(await send({ 'If-None-Match': '*' })).toBe(428)
    expect(await send({ 'If-Match': `W/${await etag('/settings')}` })).toBe(412)
    expect(await send({ 'If-Match': '"somebody-else"' })).toBe(412)
    expect(await send({ 'If-Match': '3' })).toBe(400)
    expect(await send({ 'If-Match': '"1", "2"' })).toBe(412)
    expect(await send({ 'If-Match': `"x", ${await etag('/settings')}` })).toBe(200)
    expect(await send({ 'If-Match': '*' })).toBe(200)
  })

  describe('a rule', () => {
    const put = async (client: Client, body: unknown, headers: Record<string, string>, group = 'g-field') =>
      await client('PUT', `/rules/${group}`, { body, headers })

    it('is made, shown, changed and removed, each time from what was read', async () => {
      expect((await erin('GET', '/rules/g-field')).status).toBe(404)
      expect((await put(erin, { enforcement: 'required' }, {})).status).toBe(428)
      expect((await put(erin, { enforcement: 'required' }, { 'If-Match': '"1"' })).status).toBe(412)
      const made = await put(
        erin,
        { enforcement: 'required', grace: { days: 14 }, trustedDays: 30 },
        { 'If-None-Match': '*' },
      )
      expect(made.status, made.text).toBe(201)
      expect(made.json).toMatchObject({
        groupId: 'g-field',
        path: '/field',
        enforcement: 'required',
        priority: 0,
        grace: { days: 14 },
        trustedDays: 30,
        origin: 'administrator',
        sentence: 'Required, because of the rule for the group /field',
      })
      expect((await put(ida, { enforcement: 'optional' }, { 'If-None-Match': '*' })).status).toBe(412)
      const first = made.json.etag
      const changed = await put(
        erin,
        { enforcement: 'optional', methods: ['totp'], priority: 4 },
        { 'If-Match': first },
      )
      expect(changed.status, changed.text).toBe(200)
      expect((await erin('GET', '/rules/g-field')).json).toEqual(changed.json)
      expect((await erin('GET', '/rules')).json.rules).toEqual([changed.json])
      expect(changed.json).not.toHaveProperty('grace')
      expect(changed.json).not.toHaveProperty('trustedDays')

      const late = await put(ida, { enforcement: 'disabled' }, { 'If-Match': first })
      expect(late.status).toBe(412)
      expect(late.json.current).toEqual(changed.json)
      expect(new Set(late.json.conflicts)).toEqual(new Set(['enforcement', 'methods', 'priority']))
      expect(late.json.changed).toContainEqual(
        expect.objectContaining({ field: 'enforcement', from: 'required', to: 'optional', by: 'erin' }),
      )
      expect((await ida('DELETE', '/rules/g-field')).status).toBe(428)
      expect((await ida('DELETE', '/rules/g-field', { headers: { 'If-Match': first } })).status).toBe(412)
      const gone = await ida('DELETE', '/rules/g-field', { headers: { 'If-Match': changed.json.etag } })
      expect(gone.status).toBe(204)
      expect((await erin('DELETE', '/rules/g-field', { headers: { 'If-Match': '*' } })).status).toBe(404)

      world.clock.now += 1_000
      const again = await put(erin, { enforcement: 'disabled' }, { 'If-None-Match': '*' })
      expect(again.status).toBe(201)
      expect([first, changed.json.etag]).not.toContain(again.json.etag)
      const stale = await put(ida, { enforcement: 'required' }, { 'If-Match': changed.json.etag })
      expect(stale.json.changed).toContainEqual(
        expect.objectContaining({ field: 'enforcement', from: 'optional', to: 'disabled' }),
      )
      const events = (await erin('GET', '/audit?actor=ida&event=rule.removed')).json.entries
      expect(events[0]).toMatchObject({
        actor: 'ida',
        user: '',
        detail: { groupId: 'g-field', path: '/field' },
      })
    })

    it.each([
      { enforcement: 'required', methods: ['backup-codes'] },
      { enforcement: 'required', methods: ['telepathy'] },
      { enforcement: 'required', priority: 1e300 },
      { enforcement: 'required', priority: 0.5 },
      { enforcement: 'required', grace: { days: 0 } },
      { enforcement: 'required', trustedDays: -1 },
      { enforcement: 'required', trustedDays: 366 },
      { enforcement: 'required', grace: { days: 3, until: '2030-01-01T00:00:00Z' } },
      { enforcement: 'required', grace: { until: '2030-13-01' } },
      { enforcement: 'required', groupId: 'g-other' },
      { methods: ['totp'] },
      null,
    ])('is refused as %j', async (body) => {
      expect((await put(erin, body, { 'If-None-Match': '*' }, 'g-new')).status).toBe(400)
    })

    it('is of a group that there is, also where only Keycloak knows it yet', async () => {
      const none = await put(erin, { enforcement: 'required' }, { 'If-None-Match': '*' }, 'g-none')
      expect([none.status, none.json.detail]).toEqual([404, 'Keycloak has no group with this id'])
      world.directory.addGroup('g-new', '/new')
      const made = await put(erin, { enforcement: 'required' }, { 'If-None-Match': '*' }, 'g-new')
      expect([made.status, made.json.path]).toEqual([201, '/new'])
      world.directory.failure = 'unreachable'
      const away = await put(erin, { enforcement: 'required' }, { 'If-None-Match': '*' }, 'g-away')
      world.directory.failure = undefined
      expect(away.status).toBe(503)
    })

    it("from the group's attributes is edited in Keycloak", async () => {
      const rule = { groupId: 'g-kept', enforcement: 'required' as const, priority: 0 }
      await world.app.admin.commit({
        realm: 'demo',
        saveRules: [{ rule, origin: 'attribute', version: undefined }],
        audit: [],
      })
      const headers = { 'If-Match': await etag('/rules/g-kept') }
      for (const answer of [
        await put(erin, { enforcement: 'optional' }, headers, 'g-kept'),
        await erin('DELETE', '/rules/g-kept', { headers }),
      ]) {
        expect([answer.status, answer.json.type]).toEqual([409, 'urn:latchkey:problem:kept-in-keycloak'])
        expect(answer.json.detail).toMatch(/attributes in Keycloak/)
      }
      expect((await erin('GET', '/rules/g-kept')).json.origin).toBe('attribute')
    })

    it('can be proposed first: reported on, and not in force', async () => {
      const path = '/rules/g-kept/proposal'
      expect((await erin('GET', path)).status).toBe(404)
      const made = await erin('PUT', path, {
        body: { enforcement: 'disabled' },
        headers: { 'If-None-Match': '*' },
      })
      expect(made.status, made.text).toBe(201)
      expect(made.json).toMatchObject({ otherwise: { decisions: 0, users: 0 }, since: expect.any(String) })
      expect((await world.app.store.background('demo', 'u', 'n')).rules).not.toContainEqual(
        expect.objectContaining({ enforcement: 'disabled', groupId: 'g-kept' }),
      )
      const decided = {
        event: 'decision.proposed' as const,
        realm: 'demo',
        userId: 'ann',
        at: world.clock.now,
        detail: { proposals: [{ groupId: 'g-kept' }] },
      }
      await world.app.admin.commit({
        realm: 'demo',
        audit: [decided, { ...decided, userId: 'bea' }, decided],
      })
      expect((await erin('GET', path)).json.otherwise).toEqual({ decisions: 3, users: 2 })
      world.clock.now += 1_000
      const changed = await erin('PUT', path, {
        body: { enforcement: 'optional' },
        headers: { 'If-Match': made.json.etag },
      })
      expect(changed.json.otherwise).toEqual({ decisions: 0, users: 0 })
      const late = await ida('DELETE', path, { headers: { 'If-Match': made.json.etag } })
      expect(late.status).toBe(412)
      expect(late.json.changed).toMatchObject([{ field: 'enforcement', from: 'disabled', to: 'optional' }])
      expect((await ida('DELETE', path, { headers: { 'If-Match': changed.json.etag } })).status).toBe(204)
    })
  })
})
