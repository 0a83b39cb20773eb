import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { NOW, linesOf, startPages } from '../support/admin-pages.ts'
import type { PagesWorld, Visitor } from '../support/admin-pages.ts'

const MINUTE = 60_000
const NUMBER = '+31612345678'

describe("adding users in the administrator's pages", () => {
  let world: PagesWorld
  let erin: Visitor
  let frank: Visitor

  beforeAll(async () => {
    world = await startPages({
      groups: [
        { id: 'g-field', path: '/field' },
        { id: 'g-books', path: '/finance/books' },
      ],
      users: [
        { id: 'ann', methods: ['totp'] },
        { id: 'erin', roles: ['tfa-admin'], methods: ['totp'] },
        { id: 'frank', roles: ['tfa-manager'], methods: ['totp'] },
      ],
    })
    const { policy } = world.app
    await policy.saveSettings('demo', { methods: ['totp', 'sms'], smsCountries: ['NL', 'DE'] })
    await policy.saveRule('demo', {
      groupId: 'g-field',
      enforcement: 'required',
      methods: ['sms'],
      priority: 0,
    })
    erin = await world.as('erin', ['tfa-admin'])
    frank = await world.as('frank', ['tfa-manager'])
  })
  afterAll(async () => {
    await world.stop()
  })

  const add = async (form: Record<string, string>) => await erin.post('/users/new', form)

  it('are offered to a tfa-admin alone', async () => {
    expect((await erin.get('/users')).html).toContain('id="add-user"')
    expect((await frank.get('/users')).html).not.toContain('add-user')
    for (const page of [await frank.get('/users/new'), await frank.post('/users/new', { username: 'x' })]) {
      expect(page.status).toBe(403)
    }
    expect(world.realm.admin.asked).toEqual([])
  })

  it('lead to the page of the user, with the token of the administrator', async () => {
    const page = await add({ username: 'zora', phone: '0612345678', country: 'NL', groups: 'g-field' })
    expect(page.status).toBe(303)
    expect(page.to).toMatch(/^\/users\/[\w-]{36}\?done=user-added$/)
    expect(world.realm.admin.asked.at(-1)?.body).toMatchObject({ attributes: { phoneNumber: [NUMBER] } })
    const shown = await erin.get(page.to)
    expect(linesOf(shown)).toContain('zora')
    expect(shown.html).not.toContain('345678')
  })

  it('keep what was typed where something is wrong, and say it next to the field', async () => {
    const { status, html } = await add({
      username: '{{7*7}}',
      phone: '06 123',
      country: 'DE',
      groups: 'g-books',
    })
    expect(status).toBe(400)
    expect(html).toContain('value="{{7*7}}"')
    expect(html).toContain('value="06 123"')
    expect(html).toMatch(/<option value="DE" selected>/)
    expect(html).toMatch(/value="g-books" checked/)
    expect(html).toMatch(/name="phone"[^>]*aria-invalid="true"/)
    const missing = linesOf(await add({ username: '' }))
    expect(missing).toContain('Enter a username.')
  })

  it.each([
    [
      { status: 409, body: { errorMessage: 'User exists with same username' } },
      409,
      'This is taken already.',
    ],
    [{ status: 403 }, 403, 'Keycloak does not let you add users.'],
    [{ status: 400, body: { field: 'desk', errorMessage: 'x' } }, 400, 'What is missing or not taken: desk'],
    [{ status: 503 }, 503, 'Keycloak did not answer.'],
  ])('say in plain words what Keycloak answers, with the form as it was: %j', async (next, status, words) => {
    world.realm.admin.next = next
    const page = await add({ username: 'typed-name', phone: NUMBER })
    expect(page.status).toBe(status)
    expect(linesOf(page)).toContain(words)
    expect(page.html).toContain('value="typed-name"')
    expect(page.html).toContain(`value="${NUMBER}"`)
  })

  it('come back from a second factor with what was typed but for the number, which is in no address (R23)', async () => {
    world.clock.now = NOW + 6 * MINUTE
    const asked = await add({ username: 'yann', phone: NUMBER, country: 'NL' })
    expect([asked.status, asked.to]).toEqual([303, expect.stringContaining('/step/')])
    const rows = world.realm.admin.asked.length
    await world.verify('erin')
    const again = await erin.get('/users/new?username=yann&country=NL')
    expect(again.html).toContain('value="yann"')
    expect(world.realm.admin.asked).toHaveLength(rows)
    world.clock.now = NOW
    await world.verify('erin')
  })

  it('search by a whole number shows who has it at once, and leads a search for a name to its address (S4, R23)', async () => {
    const byName = await erin.post('/users/search', { search: 'ann', status: 'enrolled' })
    expect([byName.status, byName.to]).toEqual([303, '/users?search=ann&status=enrolled'])
    const byNumber = await erin.post('/users/search', { search: '06 1234 5678' })
    expect(byNumber.status).toBe(200)
    expect(linesOf(byNumber)).toContain('Users who have the phone number \u2066+31 ••• ••78')
    expect(byNumber.html).toContain('>zora<')
    expect(byNumber.html).not.toContain('>ann<')
    expect(byNumber.html.replaceAll(/\s/g, '')).not.toContain('12345678')
    expect(linesOf(await erin.post('/users/search', { search: '+31612345679' }))).toContain('Nobody fits')
    for (const part of ['1234 5678', '+31 6 1234567', '(06) 123-456']) {
      const shown = await erin.post('/users/search', { search: part })
      expect([part, shown.status]).toEqual([part, 200])
      expect(linesOf(shown)).toContain('This is not a whole phone number.')
      expect(shown.html).not.toContain('>zora<')
    }
    expect((await erin.get('/users/search')).to).toBe('/users')
  })

  it('search and add ask for a second factor where there is none, and the step does not keep the number', async () => {
    const ann = await world.as('ann', ['tfa-admin'], { fresh: false })
    for (const [path, form] of [
      ['/users/search', { search: NUMBER, status: 'locked' }],
      ['/users/new', { username: 'kept-name', phone: NUMBER }],
    ] as const) {
      const { to } = await ann.post(path, form)
      expect(to).toContain('/step/')
      const id = /\/step\/([^/?]+)/.exec(to)?.[1] ?? ''
      const step = JSON.stringify((await world.app.store.situation('demo', { id }))?.transaction)
      expect(step).toContain(Object.values(form).find((value) => value !== NUMBER))
      expect(decodeURIComponent(step)).not.toContain(NUMBER.slice(1))
    }
  })
})
