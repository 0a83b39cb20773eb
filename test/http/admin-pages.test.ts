import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { NOW, linesOf, startPages } from '../support/admin-pages.ts'
import { deviceOf } from '../support/kit.ts'
import type { PagesWorld, Visitor } from '../support/admin-pages.ts'

const MINUTE = 60_000
const ROGUE = '<img src=x onerror=alert(1)>'

describe("who may do what in the administrator's pages", () => {
  let world: PagesWorld
  let erin: Visitor
  let frank: Visitor
  let grace: Visitor
  let heidi: Visitor

  beforeAll(async () => {
    world = await startPages({
      groups: [
        { id: 'g-field', path: '/field', managers: ['heidi'] },
        { id: 'g-north', path: '/field/north', parentId: 'g-field' },
        { id: 'g-finance', path: '/finance' },
      ],
      users: [
        { id: 'ann', email: 'ann@example.com', groups: ['g-north'], methods: ['totp', 'backup-codes'] },
        { id: 'bob', groups: ['g-finance'], enforcement: 'required' },
        { id: 'carl', methods: ['totp'] },
        { id: 'dora', override: 'disabled', enforcement: 'disabled' },
        { id: 'erin', roles: ['tfa-admin', 'administers'], methods: ['totp'] },
        { id: 'frank', roles: ['tfa-manager'], methods: ['totp'] },
        { id: 'grace', roles: ['tfa-auditor'] },
        { id: 'heidi' },
        { id: 'lock' },
        { id: 'new', roles: null, methods: ['totp'] },
        { id: 'nobody', methods: ['totp'] },
        { id: 'zed', username: ROGUE, firstName: '{{7*7}}' },
      ],
    })
    await world.app.policy.saveRule('demo', { groupId: 'g-finance', enforcement: 'required', priority: 5 })
    erin = await world.as('erin', ['tfa-admin'])
    frank = await world.as('frank', ['tfa-manager'])
    grace = await world.as('grace', ['tfa-auditor'])
    heidi = await world.as('heidi')
  })
  afterAll(async () => {
    await world.stop()
  })
  afterEach(async () => {
    world.clock.now = NOW
    world.directory.failure = undefined
    for (const id of ['erin', 'frank', 'grace', 'heidi']) await world.verify(id)
  })

  const methodsOf = async (userId: string) =>
    (await world.app.admin.user('demo', userId))?.methods.map(({ method }) => method)
  const events = async (visitor: Visitor) => linesOf(await visitor.get('/audit'))

  it('show whoever has no role and manages no group nothing, before any challenge', async () => {
    const nobody = await world.as('nobody', ['offline_access'], { fresh: false })
    for (const path of ['', '/users', '/users/ann', '/rules', '/settings', '/audit', '/sync']) {
      const page = await nobody.get(path)
      expect(page.status, path).toBe(403)
      expect(page.html).toContain('tfa-admin, tfa-manager and tfa-auditor')
      expect(page.html).not.toContain('aria-current="page"')
    }
    expect((await nobody.post('/users/ann/reset')).to).toMatch(/\/step\/|^http/)
    expect(await methodsOf('ann')).toHaveLength(2)
  })

  it('are never kept by a browser, and hold no script or style of their own', async () => {
    for (const path of [
      '',
      '/users',
      '/users/ann',
      '/rules',
      '/rules/g-finance',
      '/settings',
      '/audit',
      '/sync',
    ]) {
      const { status, headers, html } = await erin.get(path)
      expect([path, status, headers.get('cache-control')]).toEqual([path, 200, 'no-store'])
      expect(headers.get('content-security-policy')).not.toContain('unsafe')
      expect(html).not.toMatch(/ style=| on\w+=|<style|<script>/)
    }
  })

  it('ask for a second factor of the last five minutes to come in, and then not again for reading (R17)', async () => {
    const stale = await world.as('carl', ['tfa-auditor'], { fresh: false })
    expect((await stale.get('/users?search=a')).to).toContain('/step/')
    await world.verify('carl')
    expect((await stale.get('/users')).status).toBe(200)
    world.clock.now = NOW + 20 * MINUTE
    expect((await stale.get('/users')).status).toBe(200)
    world.clock.now = NOW + 31 * MINUTE
    expect((await stale.get('/users')).to).toContain('/step/')
    world.clock.now = NOW + 20 * MINUTE
    const other = await world.as('carl', ['tfa-auditor'], { fresh: false })
    expect((await other.get('/users')).to, 'coming in twenty minutes after').toContain('/step/')
  })

  it('ask for it again before a change, and come back to what was about to be done', async () => {
    world.clock.now = NOW + 6 * MINUTE
    for (const page of [
      await erin.post('/users/carl/reset'),
      await erin.get('/users/carl/reset'),
      await erin.post('/users/carl/override', { enforcement: 'required', reason: 'why' }),
    ]) {
      expect([page.status, page.to]).toEqual([303, expect.stringContaining('/step/')])
    }
    expect(await methodsOf('carl')).toEqual(['totp'])
  })

  it('refuse what another site posts', async () => {
    const forged = await erin.post('/users/carl/reset', {}, { 'Sec-Fetch-Site': 'cross-site' })
    expect(forged.status).toBe(400)
    const old = await erin.post(
      '/users/carl/reset',
      {},
      { 'Sec-Fetch-Site': '', Origin: 'https://evil.example' },
    )
    expect(old.status).toBe(400)
    expect(await methodsOf('carl')).toEqual(['totp'])
  })

  it('name the methods of whoever has some, for eyes on hover and focus and for ears (S4)', async () => {
    const { html } = await erin.get('/users?search=ann@')
    expect(html).toMatch(/<a class="tip status status-enrolled" href="[^"]*\/users\/ann#methods"/)
    expect(linesOf({ html })).toContain('Enrolled : App, Backup codes')
    const marks = linesOf(await erin.get('/users'))
    for (const mark of ['Required, not set up', 'Exempt', 'Not set up']) expect(marks).toContain(mark)
  })

  it('search, filter and page, and keep what narrows the list', async () => {
    const { html } = await erin.get('/users?search=an&status=&enforcement=&method=totp&group=')
    expect(html).toContain('>ann<')
    expect(html).not.toContain('>carl<')
    expect(html).toContain('value="an"')
    expect(html).toMatch(/<option value="totp" selected>/)
    expect(linesOf(await erin.get('/users?status=required-not-enrolled'))).toContain('1–1 of 1')
    expect((await erin.get('/users?group=g-finance')).html).toContain('>bob<')
    expect(linesOf(await erin.get('/users?search=nosuch'))).toContain('Nobody fits this search')
    expect((await erin.get('/users?status=rich')).status).toBe(400)
    expect((await erin.get('/users?first=-1')).status).toBe(400)
  })

  it('write names as text, whatever they hold (R24)', async () => {
    for (const path of [
      '/users',
      '/users/zed',
      '/users/zed/reset',
      '/users/zed/override?enforcement=required',
    ]) {
      const { html } = await erin.get(path)
      expect(html, path).toContain('&lt;img src')
      expect(html, path).not.toContain('<img')
    }
    expect((await erin.get('/users')).html).toContain('{{7*7}}')
    const rogue = encodeURIComponent(`"><script>alert(1)</script>`)
    for (const path of [
      `/users?search=${rogue}`,
      `/audit?user=${rogue}`,
      `/users?done=${rogue}`,
      `/${rogue}`,
    ]) {
      expect((await erin.get(path)).html, path).not.toContain('<script>alert')
    }
  })

  it('say what holds for a user, why, and what an override overrides (S3, B1)', async () => {
    const page = linesOf(await erin.get('/users/dora'))
    expect(page).toContain('Disabled, because an administrator set it for this user; without that: Optional')
    expect(page).toContain("Without the override Optional Optional, because it is the realm's default")
    expect(page).toContain('Goes on without a second factor')
    const { html } = await erin.get('/users/dora')
    expect(html).toMatch(/href="[^"]*\/admin\/demo\/console\/#\/demo\/users\/dora\/settings"/)
    expect(html).toContain('<option value="disabled" selected>')
  })

  it('say it in the language of the page', async () => {
    const page = linesOf(await erin.get('/users/bob?ui_locales=de'))
    expect(page).toContain('Erforderlich, wegen der Regel für die Gruppe /finance')
    await erin.get('/users?ui_locales=en')
    expect(linesOf(await erin.get('/users/bob'))).toContain(
      'Required, because of the rule for the group /finance',
    )
  })

  it('show a tfa-manager no enforcement to set, an auditor nothing to do at all, and say why (S14)', async () => {
    const [admin, manager, auditor] = [erin, frank, grace].map(
      async (one) => (await one.get('/users/ann')).html,
    )
    expect(await admin).toContain('id="override"')
    expect(await manager).not.toContain('id="override"')
    expect(await manager).toContain('id="reset"')
    expect(await auditor).not.toMatch(/id="(override|reset|unlock)"|\/revoke"/)
    expect(await auditor).toContain('You may look at this user, not change anything.')
    expect((await grace.get('/settings')).html).toContain('<fieldset class="form-group" disabled>')
    expect((await frank.get('/rules')).html).not.toContain('id="add"')
    expect((await grace.get('/sync')).html).not.toContain('id="run"')
  })

  it('refuse by the form what they do not show, in the words of the API (S14, R28)', async () => {
    const refused = [
      [frank, '/users/ann/override', { enforcement: 'disabled' }, 'the role tfa-admin'],
      [grace, '/users/ann/reset', {}, 'tfa-admin or tfa-manager'],
      [grace, '/sync/run', {}, 'tfa-admin or tfa-manager'],
      [frank, '/users/erin/reset', {}, 'ask a tfa-admin'],
      [frank, '/users/new/reset', {}, 'nobody has told yet'],
      [frank, '/users/frank/methods/frank-totp/revoke', {}, 'nobody does this to their own account'],
      [erin, '/users/erin/reset', {}, 'nobody does this to their own account'],
      [erin, '/users/erin/override', { enforcement: 'disabled' }, 'nobody does this to their own account'],
      [frank, '/rules/g-finance/save', { enforcement: 'disabled', version: '1' }, 'the role tfa-admin'],
      [frank, '/settings/save', { enforcement: 'disabled', version: '0' }, 'the role tfa-admin'],
    ] as const
    for (const [visitor, path, form, why] of refused) {
      const page = await visitor.post(path, form)
      expect([path, page.status]).toEqual([path, 403])
      expect(linesOf(page), path).toContain(why)
      expect(page.html).toContain('<title>Error: This was refused')
    }
    for (const id of ['erin', 'frank', 'new']) expect(await methodsOf(id)).toEqual(['totp'])
  })

  it('say why nobody acts on themselves or on who administers, and show no control for it (R28)', async () => {
    const own = await erin.get('/users/erin')
    expect(linesOf(own)).toContain('This is your own account')
    expect(own.html).not.toMatch(/id="(override|reset|unlock)"|\/revoke"/)
    expect(linesOf(await frank.get('/users/erin'))).toContain('only a tfa-admin may change anything here')
    expect((await frank.get('/users/erin/reset')).to).toBe('/users/erin')
    world.directory.failure = 'unreachable'
    expect(linesOf(await frank.get('/users/ann'))).toContain('Keycloak could not be asked')
    expect((await frank.post('/users/ann/reset')).status).toBe(503)
  })

  it('show a manager of a group the users below it, and nothing else (S13)', async () => {
    expect((await heidi.get('')).to).toBe('/users')
    const { html } = await heidi.get('/users')
    expect(html).toContain('>ann<')
    expect(html).not.toMatch(/>(bob|carl|erin)</)
    expect(html).not.toContain('/admin/settings"')
    expect(linesOf({ html })).toContain('the users of the groups that you manage')
    const ann = await heidi.get('/users/ann')
    expect(ann.html).toContain('id="reset"')
    expect(ann.html).not.toMatch(/id="(override|audit-title)"/)
    expect((await heidi.get('/users/carl')).status).toBe(404)
    expect((await heidi.post('/users/carl/reset')).status).toBe(404)
    for (const path of ['/rules', '/settings', '/audit', '/sync', '/audit/export']) {
      expect([path, (await heidi.get(path)).status]).toEqual([path, 403])
    }
  })

  it('ask in words before anything is taken away, and say afterwards what was (S11)', async () => {
    const question = linesOf(await frank.get('/users/ann/methods/ann-totp/revoke'))
    expect(question).toContain('App of ann will be revoked.')
    expect(question).toContain('With it goes what never stands alone: Backup codes')
    expect(await methodsOf('ann')).toHaveLength(2)
    const done = await frank.post('/users/ann/methods/ann-totp/revoke')
    expect([done.status, done.to]).toEqual([303, '/users/ann?done=revoked'])
    expect(linesOf(await frank.get(done.to))).toContain('The method was revoked.')
    expect(await methodsOf('ann')).toEqual([])
    expect((await frank.get('/users/ann/methods/ann-totp/revoke')).to).toBe('/users/ann')
    expect(await events(frank)).toContain('Method revoked frank')

    expect(linesOf(await erin.get('/users/carl/reset'))).toContain('Everything that carl has set up')
    expect((await erin.post('/users/carl/reset')).to).toBe('/users/carl?done=reset-sessions')
    expect(await methodsOf('carl')).toEqual([])
    expect((await erin.get('/users/carl?done=<b>')).html).not.toContain('id="done"')
  })

  it('list the devices that a user trusts, and end the trust in one or all after a question (R28)', async () => {
    for (const id of ['d-one', 'd-two', 'd-three']) {
      await world.app.store.commit({ realm: 'demo', userId: 'lock', trust: deviceOf(id) })
    }
    expect(linesOf(await grace.get('/users/lock'))).toContain('Firefox on Windows')
    expect((await grace.get('/users/lock')).html).not.toContain('/devices/')
    const left = async () => (await world.app.admin.devices('demo', 'lock')).map(({ id }) => id).toSorted()
    const question = linesOf(await frank.get('/users/lock/devices/d-one/revoke'))
    expect(question).toContain('lock will be asked for a second factor on these devices again.')
    expect(await left()).toHaveLength(3)
    const done = await frank.post('/users/lock/devices/d-one/revoke')
    expect([done.status, done.to]).toEqual([303, '/users/lock?done=devices-revoked'])
    expect(await left()).toEqual(['d-three', 'd-two'])
    expect((await frank.get('/users/lock/devices/d-one/revoke')).to).toBe('/users/lock')
    expect((await frank.post('/users/lock/devices/d-one/revoke')).status).toBe(404)
    expect((await frank.post('/users/lock/devices/revoke')).status).toBe(303)
    expect(await left()).toEqual([])
    expect(await events(frank)).toContain('Trusted device revoked frank')

    await world.app.store.commit({ realm: 'demo', userId: 'frank', trust: deviceOf('d-frank') })
    expect((await frank.post('/users/frank/devices/revoke')).status).toBe(403)
    expect(await world.app.admin.devices('demo', 'frank')).toHaveLength(1)
  })

  it('unlock', async () => {
    await world.lock('lock')
    expect(linesOf(await frank.get('/users/lock'))).toContain('Locked until')
    expect(linesOf(await frank.get('/users/lock/unlock'))).toContain('lock is locked until')
    expect((await frank.post('/users/lock/unlock')).to).toBe('/users/lock?done=unlocked')
    expect((await frank.get('/users/lock/unlock')).to).toBe('/users/lock')
  })

  it('show what an override would do before it is saved, and give the default back (S3, S15)', async () => {
    const preview = await erin.get('/users/carl/override?enforcement=required&reason=Works+with+payments')
    expect(linesOf(preview)).toContain('Second factor Default (Optional) Required')
    expect(linesOf(preview)).toContain('1 user has no usable method and would have to set one up')
    expect((await world.app.admin.user('demo', 'carl'))?.override).toBeUndefined()
    const form = { enforcement: 'required', reason: 'Works with payments' }
    expect((await erin.post('/users/carl/override', form)).to).toBe('/users/carl?done=override-saved')
    expect((await world.app.admin.user('demo', 'carl'))?.override).toBe('required')
    expect(await events(erin)).toContain('Works with payments')
    expect((await erin.get('/users/carl/override?enforcement=required')).to).toBe(
      '/users/carl?done=unchanged',
    )
    await erin.get('/users/carl/override?enforcement=default')
    expect((await erin.post('/users/carl/override', { enforcement: 'default' })).to).toBe(
      '/users/carl?done=override-removed',
    )
    expect((await erin.get('/users/carl/override?enforcement=always')).status).toBe(400)
  })

  it('search the audit by name, event and time, page it, and give it as a file (B10)', async () => {
    const { html } = await erin.get('/audit?user=carl&event=override.saved&from=2027-01-01T00%3A00')
    expect(linesOf({ html })).toContain('Override saved erin')
    expect(html.replaceAll('&#x3D;', '=')).toContain(
      'user=carl&amp;event=override.saved&amp;from=2027-01-01T00%3A00%3A00Z&amp;format=csv',
    )
    expect(linesOf(await erin.get('/audit?user=carl&to=2027-01-01T00%3A00'))).toContain('no entries')
    expect(linesOf(await erin.get('/audit?user=lock'))).not.toContain('Nobody has this name')
    const unknown = await erin.get('/audit?user=nosuch')
    expect(unknown.html).toMatch(/id="user"[^>]*aria-invalid="true" aria-describedby="user-error"/)
    expect(unknown.html).toContain('<title>Error: Audit')
    const csv = await erin.get('/audit/export?format=csv&event=override.saved')
    expect(csv.headers.get('content-disposition')).toContain('attachment')
    expect(csv.html).toContain('seq,at,event')
    const lines = await erin.get('/audit/export?format=jsonl')
    expect(lines.html.trim().split('\n').length).toBeGreaterThan(3)
  })

  it('say where the sync stands, and let what it asks be confirmed', async () => {
    world.sync.now = {
      ...world.sync.now,
      asks: { pass: 7, users: 14, rules: [{ groupId: 'g', path: '/old' }] },
      problem: { reason: 'refused', message: 'view-users is missing', since: NOW },
    }
    const page = linesOf(await frank.get('/sync'))
    expect(page).toContain('Keycloak does not let Latchkey read its users.')
    expect(page).toContain('A pass would drop 14 users')
    expect(page).toContain('A tfa-admin may confirm it.')
    expect((await frank.get('/sync/confirm')).status).toBe(403)
    expect(linesOf(await erin.get('/sync/confirm'))).toContain('this many users: 14, and this many rules: 1.')
    expect((await erin.post('/sync/confirm', { confirm: '6' })).status).toBe(409)
    expect((await erin.post('/sync/confirm', { confirm: '7' })).to).toBe('/sync?done=sync-confirmed')
    expect((await frank.post('/sync/run')).to).toBe('/sync?done=sync-asked')
    expect(world.sync.runs).toEqual([{ confirm: 7 }, undefined])
    expect(linesOf(await erin.get(''))).toContain('The sync with Keycloak has a problem')
  })
})
