import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { linesOf, startPages } from '../support/admin-pages.ts'
import type { Page, PagesWorld, Visitor } from '../support/admin-pages.ts'

describe('the pages of a policy', () => {
  let world: PagesWorld
  let erin: Visitor
  let emil: Visitor

  beforeEach(async () => {
    world = await startPages({
      groups: [
        { id: 'g-field', path: '/field' },
        { id: 'g-north', path: '/field/north', parentId: 'g-field' },
        { id: 'g-finance', path: '/finance' },
        { id: 'g-robots', path: '/robots' },
        { id: 'g-new', path: '/new' },
      ],
      users: [
        { id: 'ann', groups: ['g-north'], methods: ['totp'] },
        { id: 'bob', groups: ['g-finance'] },
        { id: 'emil', roles: ['tfa-admin'], methods: ['totp'] },
        { id: 'erin', roles: ['tfa-admin'], methods: ['totp'] },
      ],
    })
    erin = await world.as('erin', ['tfa-admin'])
    emil = await world.as('emil', ['tfa-admin'])
    const attribute = { rule: { groupId: 'g-robots', enforcement: 'disabled', priority: 0 } } as const
    await world.app.admin.commit({
      realm: 'demo',
      audit: [],
      saveRules: [{ ...attribute, origin: 'attribute', version: undefined }],
    })
  })
  afterEach(async () => {
    await world.stop()
  })

  /** What the browser would send of a form, with what somebody changed in it. */
  const formOf = ({ html }: Page, id: string, changed: Record<string, string | string[]> = {}) => {
    const form = new RegExp(`<form[^>]* id="${id}".*?</form>`, 's').exec(html)?.[0] ?? ''
    const fields: [string, string][] = []
    for (const [tag] of form.matchAll(/<input\b[^>]*>|<(textarea|select)\b.*?<\/\1>/gs)) {
      const attribute = (name: string) => new RegExp(` ${name}="([^"]*)"`).exec(tag)?.[1] ?? ''
      const name = attribute('name')
      if (/type="(checkbox|radio)"/.test(tag) && !/ checked/.test(tag)) continue
      const inside = tag.startsWith('<textarea') ? /"\s*>(.*)<\/textarea>/s.exec(tag)?.[1] : undefined
      const chosen = tag.startsWith('<select')
        ? (/value="([^"]*)" selected/.exec(tag) ?? /value="([^"]*)"/.exec(tag))?.[1]
        : undefined
      fields.push([name, inside ?? chosen ?? attribute('value')])
    }
    const kept = fields.filter(([name]) => !(name in changed))
    const more = Object.entries(changed).flatMap(([name, value]) =>
      [value].flat().map((one): [string, string] => [name, one]),
    )
    return new URLSearchParams([...kept, ...more])
  }
  const settings = async () => (await world.app.admin.policy('demo')).settings
  const rules = async () => (await world.app.admin.policy('demo')).rules

  describe('an address that is opened', () => {
    it.each(['', '0', '00', '05', '5.0', '0x0', '+0', '1', '999999', 'none', 'x'])(
      'changes no settings and makes no rule, whatever version it claims: %j',
      async (version) => {
        const query = new URLSearchParams({
          version,
          enforcement: 'disabled',
          methods: 'totp',
          maxFailures: '20',
          seen: version,
        }).toString()
        const before = [await settings(), await rules()]
        await erin.get(`/settings/save?${query}`)
        await erin.get(`/rules/g-finance/save?${query}&priority=1000`)
        await erin.get(`/rules/g-robots/save?${query}&priority=1000`)
        await erin.get('/users/bob/override?enforcement=disabled')
        expect([await settings(), await rules()]).toEqual(before)
        expect((await world.app.admin.user('demo', 'bob'))?.override).toBeUndefined()
      },
    )
  })

  describe('settings', () => {
    it('show everything that there is, with bounds, units and what NIST says of a method (S19, R22)', async () => {
      const page = await erin.get('/settings')
      const text = linesOf(page)
      expect(text).toContain('Restricted by NIST SP 800-63B')
      expect(text).toContain('Does not meet NIST SP 800-63B')
      expect(text).toContain('Life of a code (seconds) How long a sent code is good. 60 to 600')
      const names = Object.keys(await settings())
      for (const name of names) expect(page.html, name).toMatch(new RegExp(` name="${name}[".]`))
      expect(page.html).not.toMatch(/<span>setting\.|undefined|\[object/)
    })

    it('change nothing where nothing was changed', async () => {
      const form = formOf(await erin.get('/settings'), 'settings')
      expect((await erin.get(`/settings/save?${form.toString()}`)).to).toBe('/settings?done=unchanged')
    })

    it('show whom a change touches before it is saved, by number and by name (S1, S2, B1)', async () => {
      const form = formOf(await erin.get('/settings'), 'settings', { enforcement: 'required' })
      const preview = await erin.get(`/settings/save?${form.toString()}`)
      const text = linesOf(preview)
      expect(text).toContain('Second factor for the realm Optional Required')
      expect(text).toContain('1 user has no usable method and would have to set one up')
      expect(text).toMatch(/bob Optional, because it is the realm's default → Required/)
      expect((await settings()).enforcement).toBe('optional')
      const saved = await erin.post('/settings/save', formOf(preview, 'save'))
      expect(saved.to).toBe('/settings?done=settings-saved')
      expect(await settings()).toMatchObject({ enforcement: 'required', methods: ['totp', 'backup-codes'] })
      expect(linesOf(await erin.get(saved.to))).toContain('The settings were saved and act at once.')
    })

    it('say that nobody is touched by what decides no login, and keep each kind of field', async () => {
      const changed = {
        maxFailures: '7',
        overridesCount: [],
        smsCountries: 'DE\nNL',
        smsTexts: 'de: Ihr Code: {code}',
        selfMethods: ['totp'],
        grace: 'days',
        'grace.days': '14',
        'mail.host': 'mail.example.com',
        'mail.port': '587',
        'mail.from': 'no-reply@example.com',
      }
      const form = formOf(await erin.get('/settings'), 'settings', changed)
      const preview = await erin.get(`/settings/save?${form.toString()}`)
      expect(linesOf(preview)).toContain('Wrong tries 5 7')
      await erin.post('/settings/save', form)
      expect(await settings()).toMatchObject({
        maxFailures: 7,
        overridesCount: false,
        smsCountries: ['DE', 'NL'],
        smsTexts: { de: 'Ihr Code: {code}' },
        selfMethods: ['totp'],
        grace: { days: 14 },
        mail: { host: 'mail.example.com', port: 587, security: 'starttls', from: 'no-reply@example.com' },
      })
      const again = {
        ...changed,
        'mail.host': '',
        'mail.port': '',
        'mail.from': '',
        grace: '',
        maxFailures: '',
      }
      const back = formOf(await erin.get('/settings'), 'settings', again)
      await erin.post('/settings/save', back)
      expect(await settings()).toMatchObject({ maxFailures: 5 })
      expect(await settings()).not.toHaveProperty('mail')
      expect(await settings()).not.toHaveProperty('grace')
      const small = formOf(await erin.get('/settings'), 'settings', { maxFailures: '8' })
      expect(linesOf(await erin.get(`/settings/save?${small.toString()}`))).toContain(
        "Nobody's login is decided",
      )
    })

    it('say next to a field what is wrong with it, and lose nothing of what was typed', async () => {
      const changed = {
        maxFailures: '99',
        codeSeconds: 'soon',
        lockoutMaxSeconds: '5',
        methods: ['backup-codes'],
        smsTexts: 'de: kein Kode',
      }
      const form = formOf(await erin.get('/settings'), 'settings', changed)
      const page = await erin.get(`/settings/save?${form.toString()}`)
      expect(page.status).toBe(400)
      expect(page.html).toContain('<title>Error: Methods and limits')
      const text = linesOf(page)
      expect(text).toContain('Enter a whole number from 1 to 20.')
      expect(text).toContain('Enter a whole number from 60 to 600.')
      expect(text).toContain('This must have one beside backup codes.')
      expect(text).toContain('This must have {code} once.')
      expect(page.html).toMatch(
        /id="field-maxFailures"[^>]*value="99" aria-invalid="true" aria-describedby="field-maxFailures-help field-maxFailures-bounds field-maxFailures-error"/,
      )
      expect(page.html.match(/ autofocus/g)).toHaveLength(1)
      expect(formOf(page, 'settings').toString().split('&').toSorted()).toEqual(
        form.toString().split('&').toSorted(),
      )
      const apart = formOf(await erin.get('/settings'), 'settings', { lockoutMaxSeconds: '5' })
      const crossed = await erin.get(`/settings/save?${apart.toString()}`)
      expect(linesOf(crossed)).toContain('This must be at least lockoutSeconds, which is 60.')
    })

    it('show the second of two administrators both values, and let them choose', async () => {
      const mine = formOf(await erin.get('/settings'), 'settings', { maxFailures: '7', codeLength: '8' })
      const theirs = formOf(await emil.get('/settings'), 'settings', { maxFailures: '9', auditDays: '30' })
      await emil.post('/settings/save', theirs)

      for (const page of [
        await erin.get(`/settings/save?${mine.toString()}`),
        await erin.post('/settings/save', mine),
      ]) {
        expect(page.status).toBe(409)
        const text = linesOf(page)
        expect(text).toContain('Wrong tries Changed by emil on')
        expect(text).toContain('As emil left it: 9')
        expect(text).toContain('As you want it: 7')
        expect(text).toContain('Also changed, and kept Life of audit entries: 365 → 30')
        expect(text).not.toContain('Length of a code')
      }
      expect(await settings()).toMatchObject({ maxFailures: 9, auditDays: 30, codeLength: 6 })

      const conflict = await erin.get(`/settings/save?${mine.toString()}`)
      const without = formOf(conflict, 'conflict')
      expect(linesOf(await erin.get(`/settings/save?${without.toString()}`))).toContain(
        'Choose one of the two for each.',
      )
      const keepTheirs = formOf(conflict, 'conflict', { 'keep.maxFailures': 'theirs' })
      const preview = await erin.get(`/settings/save?${keepTheirs.toString()}`)
      expect(linesOf(preview)).toContain('Length of a code 6 8')
      expect(linesOf(preview)).not.toContain('Wrong tries')
      const keepMine = formOf(conflict, 'conflict', { 'keep.maxFailures': 'mine' })
      const chosen = await erin.get(`/settings/save?${keepMine.toString()}`)
      expect(linesOf(chosen)).toContain('Wrong tries 9 7')
      await erin.post('/settings/save', formOf(chosen, 'save'))
      expect(await settings()).toMatchObject({ maxFailures: 7, auditDays: 30, codeLength: 8 })
    })
  })

  describe('rules', () => {
    const save = async (visitor: Visitor, groupId: string, changed: Record<string, string | string[]>) => {
      const form = formOf(await visitor.get(`/rules/${groupId}`), 'rule', changed)
      return await visitor.get(`/rules/${groupId}/save?${form.toString()}`)
    }

    it('stand in the order in which they win, with where they come from', async () => {
      for (const [groupId, priority] of [
        ['g-field', 0],
        ['g-north', 0],
        ['g-finance', 9],
      ] as const) {
        await world.app.policy.saveRule('demo', { groupId, enforcement: 'required', priority })
      }
      const { html } = await erin.get('/rules')
      const order = [...html.matchAll(/rowheader" scope="row">(?:<a [^>]*>)?(?:<bdi>)?([^<]+)/g)].map(
        ([, name]) => name,
      )
      expect(order).toEqual(['/finance', '/field/north', '/field', '/robots', 'Everybody else'])
      expect(linesOf({ html })).toContain(
        '/robots 0 Disabled Those of the realm Group attributes: edited in Keycloak',
      )
      expect(html).not.toContain('/rules/g-robots')
      expect((await erin.get('/rules/g-robots')).status).toBe(409)
      const page = await erin.post('/rules/g-robots/save', {
        enforcement: 'required',
        priority: '0',
        version: '1',
      })
      expect(linesOf(page)).toContain('comes from the group')
    })

    it('are tried before they are saved, changed, and removed', async () => {
      expect((await erin.get('/rules/new?search=new')).html).toContain('/admin/rules/g-new"')
      world.directory.addUser('cleo', { username: 'cleo', groups: ['g-new'] })
      const preview = await save(erin, 'g-new', { enforcement: 'required', priority: '3' })
      expect(linesOf(preview)).toContain('1 user has no usable method')
      expect(preview.html).toContain('>cleo<')
      expect(await rules()).toHaveLength(1)
      const saved = await erin.post('/rules/g-new/save', formOf(preview, 'save'))
      expect(saved.to).toBe('/rules?done=rule-saved')
      expect(await rules()).toContainEqual(expect.objectContaining({ groupId: 'g-new', priority: 3 }))

      const changed = await save(erin, 'g-new', {
        grace: 'until',
        'grace.until': '2027-06-01T08:00',
        methods: ['totp'],
      })
      expect(linesOf(changed)).toContain('Grace None Grace until Jun 1, 2027')
      await erin.post('/rules/g-new/save', formOf(changed, 'save'))
      const kept = (await rules()).find(({ groupId }) => groupId === 'g-new')
      expect(kept).toMatchObject({ methods: ['totp'], grace: { until: '2027-06-01T08:00:00Z' } })
      expect((await save(erin, 'g-new', {})).to).toBe('/rules?done=unchanged')

      const removal = await erin.get('/rules/g-new/remove')
      expect(linesOf(removal)).toContain('Remove the rule for /new')
      expect((await erin.post('/rules/g-new/remove', formOf(removal, 'save'))).to).toBe(
        '/rules?done=rule-removed',
      )
      expect(await rules()).toHaveLength(1)
    })

    it('say next to a field what is wrong with it', async () => {
      const page = await save(erin, 'g-finance', {
        priority: 'high',
        methods: ['backup-codes'],
        grace: 'days',
        'grace.days': '999',
      })
      expect(page.status).toBe(400)
      expect(linesOf(page)).toContain('This must have one beside backup codes.')
      expect(linesOf(page)).toContain('Enter a whole number from -1,000,000 to 1,000,000.')
      expect(linesOf(page)).toContain('Enter a whole number from 1 to 365.')
      expect(page.html).toContain('value="high"')
    })

    it('show both where two made one at the same time, and let the second go on or leave it', async () => {
      const mine = formOf(await erin.get('/rules/g-finance'), 'rule', { enforcement: 'disabled' })
      const theirs = formOf(await emil.get('/rules/g-finance'), 'rule', { priority: '4' })
      await emil.post('/rules/g-finance/save', theirs)
      const conflict = await erin.post('/rules/g-finance/save', mine)
      expect(conflict.status).toBe(409)
      const shown = linesOf(conflict)
      expect(shown).toContain('Somebody else was faster')
      expect((await rules()).find(({ groupId }) => groupId === 'g-finance')).toMatchObject({ priority: 4 })
      const again = await erin.get(`/rules/g-finance/save?${formOf(conflict, 'conflict').toString()}`)
      expect(linesOf(again)).toContain('Second factor Required Disabled')
      await erin.post('/rules/g-finance/save', formOf(again, 'save'))
      expect((await rules()).find(({ groupId }) => groupId === 'g-finance')).toMatchObject({
        enforcement: 'disabled',
        priority: 0,
      })

      const stale = formOf(await erin.get('/rules/g-finance'), 'rule', { enforcement: 'optional' })
      const other = formOf(await emil.get('/rules/g-finance'), 'rule', { enforcement: 'required' })
      await emil.post('/rules/g-finance/save', other)
      const both = linesOf(await erin.get(`/rules/g-finance/save?${stale.toString()}`))
      expect(both).toContain('As emil left it: Required')
      expect(both).toContain('As you want it: Optional')
    })
  })
})
