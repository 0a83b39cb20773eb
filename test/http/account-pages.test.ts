import { randomUUID } from 'node:crypto'
import { generateSync } from 'otplib'
import supertest from 'supertest'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { BASE, startAccount, stepOf } from '../support/account.ts'
import type { AccountWorld, Agent } from '../support/account.ts'
import { SECRET, deviceOf } from '../support/kit.ts'
import { codesOn, secretOn } from '../support/login.ts'

const MINUTE = 60_000
const page = `${BASE}/account`
const remove = (id = 'user-alice-totp') => `${page}/methods/${id}/remove`
const rename = (id = 'user-alice-totp') => `${page}/methods/${id}/rename`

let world: AccountWorld
beforeEach(async () => {
  world = await startAccount()
})
afterEach(async () => {
  await world.stop()
})

const code = (secret = SECRET) => generateSync({ secret, epoch: Math.floor(world.clock.now / 1000) })
const kept = async () => {
  const { credentials } = await world.app.store.background('demo', 'user-alice', 'x')
  return credentials.map(({ id, label, preferred }) => ({ id, label, preferred }))
}

/** Alice in her pages, with an app, and a session that gave a second factor just now. */
async function alice(options: { codes?: boolean; label?: string } = {}): Promise<Agent> {
  await world.enrol('user-alice', options)
  await world.verified()
  const agent = world.browser()
  expect((await world.open(agent, page)).status).toBe(200)
  return agent
}

async function setUp(agent: Agent, method = 'totp') {
  const step = stepOf(await world.post(agent, `${page}/set-up`, { method }))
  const secret = secretOn((await agent.get(step)).text)
  await world.post(agent, `${step}/enrol/totp`, { code: code(secret), label: 'Phone' })
  const codes = codesOn((await agent.get(step)).text)
  await world.post(agent, `${step}/saved`, { saved: 'on' })
  return { step, secret, codes, done: await agent.get(step) }
}

describe('who may look (R17, P7)', () => {
  it('challenges a session that gave the password alone, and shows nothing before', async () => {
    await world.enrol('user-alice', { codes: true, label: 'Pixel' })
    const agent = world.browser()
    const answer = await world.open(agent, page)
    const step = stepOf(answer)
    const challenge = await agent.get(step)
    expect(challenge.text).toContain('Confirm that it is you')
    expect(challenge.text).not.toContain('Recent activity')
    for (const other of [remove(), rename(), `${page}/off`]) stepOf(await agent.get(other))
    for (const [path, fields] of [
      [`${page}/set-up`, { method: 'totp' }],
      [remove(), {}],
      [rename(), { label: 'Mine' }],
      [`${page}/methods/user-alice-totp/default`, {}],
      [`${page}/off`, {}],
    ] as const) {
      stepOf(await world.post(agent, path, fields))
    }
    expect((await kept()).map(({ id, label }) => [id, label])).toEqual([
      ['user-alice-totp', 'Pixel'],
      ['user-alice-codes', undefined],
    ])
  })

  it('lets in by one of the methods, without a code for Keycloak, and remembers the session', async () => {
    await world.enrol('user-alice')
    const agent = world.browser()
    const step = stepOf(await world.open(agent, page))
    expect(
      (await world.post(agent, `${step}/challenge/totp`, { code: '000000' })).headers['location'],
    ).toContain('error=code-wrong')
    const right = await world.post(agent, `${step}/challenge/totp`, { code: code() })
    expect(right.headers['location']).toBe(step)
    const end = await agent.get(step)
    expect(end.headers['location']).toBe(page)
    expect((await agent.get(page)).status).toBe(200)
    expect(await world.app.admin.verifiedAt('demo', 'sid-alice', 'user-alice')).toBe(world.clock.now)
    // A wrong try counts; that it was made is still Keycloak's to hear, at the next login.
    const { attempts } = await world.app.store.background('demo', 'user-alice', 'x')
    expect(attempts).toMatchObject({ failures: 0, total: 1, reported: 0 })
  })

  it('locks the challenge after too many wrong codes, as a login does (R7)', async () => {
    await world.enrol('user-alice')
    await world.settings({ maxFailures: 2 })
    const agent = world.browser()
    const step = stepOf(await world.open(agent, page))
    for (const wrong of ['000000', '000001'])
      await world.post(agent, `${step}/challenge/totp`, { code: wrong })
    expect((await agent.get(step)).status).toBe(429)
    const again = stepOf(await agent.get(page))
    expect(again).toBe(step)
    expect((await agent.get(again)).status).toBe(429)
    await world.post(agent, `${again}/challenge/totp`, { code: code() })
    stepOf(await agent.get(page))
  })

  it('leads a page that is loaded again to the step that it began, and other pages to their own', async () => {
    await world.enrol('user-alice')
    const agent = world.browser()
    const step = stepOf(await world.open(agent, page))
    const many = await Promise.all(Array.from({ length: 3 }, async () => await agent.get(page)))
    expect(new Set(many.map(stepOf))).toEqual(new Set([step]))
    expect(many.flatMap(({ headers }) => headers['set-cookie'] ?? [])).toEqual([])
    const other = stepOf(await agent.get(remove()))
    expect(other).not.toBe(step)
    await world.post(agent, `${step}/challenge/totp`, { code: code() })
    expect((await agent.get(page)).status).toBe(200)
    world.clock.now += 6 * MINUTE
    expect(stepOf(await agent.get(remove()))).not.toBe(other)
  })

  it("takes no other browser's step, and none whose session has ended", async () => {
    await world.enrol('user-alice')
    const agent = world.browser()
    const step = stepOf(await world.open(agent, page))
    expect((await world.browser().get(step)).status).toBe(403)
    await world.post(agent, `${BASE}/logout`)
    expect((await agent.get(step)).status).toBe(410)
    expect((await world.post(agent, `${step}/challenge/totp`, { code: code() })).status).toBe(410)
  })

  it('leads a cancelled challenge to the account console', async () => {
    await world.enrol('user-alice')
    const agent = world.browser()
    const step = stepOf(await world.open(agent, page))
    const left = await agent.get(`${step}/cancel`)
    expect(left.headers['location']).toBe(`${world.realm.issuer}/account/`)
  })

  it("does not believe another session's second factor, nor another user's", async () => {
    await world.enrol('user-alice')
    await world.app.store.commit({
      realm: 'demo',
      userId: 'user-alice',
      verified: { sid: 'another', level: 2, at: world.clock.now },
    })
    stepOf(await world.open(world.browser(), page))
    await world.app.store.commit({
      realm: 'demo',
      userId: 'user-bob',
      verified: { sid: 'sid-alice', level: 2, at: world.clock.now },
    })
    stepOf(await world.open(world.browser(), page))
  })

  it('asks a user without a method for the password where the login is older than five minutes', async () => {
    world.realm.user.authTime = world.clock.now - 6 * MINUTE
    const agent = world.browser()
    expect((await world.open(agent, page)).status).toBe(200)
    expect(world.realm.asked.map((asked) => asked.get('max_age'))).toEqual([null, '300'])
    world.clock.now += 4 * MINUTE
    expect((await agent.get(page)).status).toBe(200)
    world.clock.now += 2 * MINUTE
    const response = await world.post(agent, `${page}/set-up`, { method: 'totp' })
    expect(response.headers['location']).toBe(`${BASE}/login?to=%2Frealms%2Fdemo%2Faccount&fresh=1`)
  })

  it('two users in one browser never share a session (R15, P18)', async () => {
    const agent = await alice({ label: 'Pixel' })
    world.realm.user = { ...world.realm.user, sub: 'user-bob', sid: 'sid-bob', username: 'bob' }
    await world.open(agent, `${BASE}/login`)
    const { text } = await world.open(agent, page)
    expect(text).toContain('>bob<')
    expect(text).not.toContain('Pixel')
  })
})

describe('a set-up by the user (S8)', () => {
  it('leads from the switch over the app to the backup codes and back; a notice goes out (S21)', async () => {
    await world.settings({
      mail: { host: 'mail.example.com', port: 25, security: 'none', from: 'sso@example.com' },
    })
    const agent = world.browser()
    const { text } = await world.open(agent, page)
    expect(text).toMatch(/role="switch" aria-checked="false"/)
    const { done, codes, step } = await setUp(agent)
    expect(codes.length).toBe(10)
    expect(done.headers['location']).toBe(`${page}?done=set-up`)
    const after = await agent.get(`${page}?done=set-up`)
    expect(after.text).toContain('The second step is set up.')
    expect(after.text).toMatch(/role="switch" aria-checked="true"/)
    expect(after.text).toContain('10 unused backup codes')
    expect(after.text).toContain('Phone')
    expect((await agent.get(step)).headers['location']).toBe(`${page}?done=set-up`)
  })

  it('shows a set-up again where it stands, and keeps nothing of one that is left', async () => {
    const agent = world.browser()
    await world.open(agent, page)
    const step = stepOf(await world.post(agent, `${page}/set-up`, { method: 'totp' }))
    expect((await agent.get(`${step}/cancel`)).headers['location']).toBe(page)
    expect(await kept()).toEqual([])
  })

  it('makes a new set of backup codes; the old ones are gone', async () => {
    const agent = await alice({ codes: true })
    const step = stepOf(await world.post(agent, `${page}/set-up`, { method: 'backup-codes' }))
    expect(codesOn((await agent.get(step)).text).length).toBe(10)
    expect((await kept()).map(({ id }) => id)).toContain('user-alice-codes')
    const unsaved = await world.post(agent, `${step}/saved`)
    expect(unsaved.headers['location']).toContain('saved-missing')
    await world.post(agent, `${step}/saved`, { saved: 'on' })
    const ids = (await kept()).map(({ id }) => id)
    expect(ids).toHaveLength(2)
    expect(ids).not.toContain('user-alice-codes')
  })

  it('adds a second app after a fresh second factor, without new backup codes', async () => {
    const agent = await alice({ codes: true })
    world.clock.now += 6 * MINUTE
    stepOf(await world.post(agent, `${page}/set-up`, { method: 'totp' }))
    await world.verified()
    const step = stepOf(await world.post(agent, `${page}/set-up`, { method: 'totp' }))
    const secret = secretOn((await agent.get(step)).text)
    await world.post(agent, `${step}/enrol/totp`, { code: code(secret) })
    expect((await agent.get(step)).headers['location']).toBe(`${page}?done=set-up`)
    expect((await kept()).length).toBe(3)
  })

  it.each(['sms', 'passkey', 'backup-codes', '__proto__'])(
    'refuses a method that is not the user’s to set up: %s',
    async (method) => {
      const agent = world.browser()
      await world.open(agent, page)
      const response = await world.post(agent, `${page}/set-up`, { method })
      expect(response.status).toBe(403)
      expect(response.text).toContain('You may not set up this method.')
    },
  )

  it('refuses all where only administrators set methods up, and the page says so (S12)', async () => {
    await world.settings({ selfMethods: [] })
    const agent = world.browser()
    const { text } = await world.open(agent, page)
    expect(text).toContain('Only an administrator may set up methods')
    expect(text).not.toContain('role="switch"')
    for (const method of ['totp', '']) {
      expect((await world.post(agent, `${page}/set-up`, { method })).status).toBe(403)
    }
  })

  it('begins no first set-up twice: one that another overtook asks for what is there (R26)', async () => {
    const agent = world.browser()
    await world.open(agent, page)
    const late = stepOf(await world.post(agent, `${page}/set-up`, { method: 'totp' }))
    const secret = secretOn((await agent.get(late)).text)
    await world.enrol('user-alice')
    await world.post(agent, `${late}/enrol/totp`, { code: code(secret) })
    expect((await agent.get(late)).text).toContain('Confirm that it is you')
    expect((await kept()).map(({ id }) => id)).toEqual(['user-alice-totp'])
  })
})

describe('a change of one’s own methods', () => {
  it('removes a method after a question in words, with the backup codes beside it; others are told (R18, P23)', async () => {
    const agent = await alice({ codes: true, label: 'Pixel' })
    await world.app.store.commit({
      realm: 'demo',
      userId: 'user-alice',
      verified: { sid: 'elsewhere', level: 2, at: world.clock.now },
    })
    const open = stepOf(await world.post(agent, `${page}/set-up`, { method: 'totp' }))
    const asked = await agent.get(remove())
    expect(asked.text).toContain('Pixel')
    expect(asked.text).toContain('This goes along with it: Backup codes.')
    expect(asked.text).toContain('only your password protects your account')
    expect((await kept()).length).toBe(2)
    const done = await world.post(agent, remove())
    expect(done.headers['location']).toBe(`${page}?done=removed`)
    expect(await kept()).toEqual([])
    expect((await agent.get(open)).status).toBe(404)
    expect(await world.app.admin.verifiedAt('demo', 'elsewhere', 'user-alice')).toBeUndefined()
    const after = await agent.get(`${page}?done=removed`)
    expect(after.text).toContain('You removed a method')
    expect(after.text).toContain('127.0.0.1')
  })

  it('says that a new method will have to be set up where the realm requires one', async () => {
    await world.settings({ enforcement: 'required' })
    const agent = await alice()
    expect((await agent.get(remove())).text).toContain('you will have to set up a new one')
    expect((await world.post(agent, remove())).headers['location']).toBe(`${page}?done=removed`)
  })

  it('removes nothing where the realm does not let users, and says so (S12)', async () => {
    await world.settings({ selfRemoval: false })
    const agent = await alice({ codes: true })
    const { text } = await agent.get(page)
    expect(text).toContain('Only an administrator may remove what you have set up.')
    expect(text).not.toContain('data-do="remove"')
    expect(text).not.toContain('role="switch"')
    for (const path of [remove(), `${page}/off`]) {
      expect((await agent.get(path)).status).toBe(403)
      expect((await world.post(agent, path)).status).toBe(403)
    }
    expect((await kept()).length).toBe(2)
  })

  it("knows no other user's method: 404, nothing done", async () => {
    await world.enrol('user-bob', { codes: true, label: 'Bobs' })
    const agent = await alice()
    for (const path of [remove('user-bob-totp'), rename('user-bob-totp')]) {
      expect((await agent.get(path)).status).toBe(404)
      expect((await world.post(agent, path, { label: 'Mine' })).status).toBe(404)
    }
    expect((await world.post(agent, `${page}/methods/user-bob-totp/default`)).status).toBe(404)
    const bob = await world.app.store.background('demo', 'user-bob', 'x')
    expect(bob.credentials.map(({ label, preferred }) => [label, preferred])).toEqual([
      ['Bobs', false],
      [undefined, false],
    ])
  })

  it('removes a method once, however many ask at the same time (P3)', async () => {
    const agent = await alice()
    const answers = await Promise.all(
      Array.from({ length: 8 }, async () => await world.post(agent, remove())),
    )
    const statuses = answers.map(({ status }) => status).toSorted((a, b) => a - b)
    expect(statuses).toEqual([303, ...Array.from({ length: 7 }, () => 404)])
    const entries = (await agent.get(page)).text.match(/You removed a method/g)
    expect(entries?.length).toBe(1)
  })

  it('asks for a second factor again once the last one is older than five minutes, and leads back', async () => {
    const agent = await alice()
    world.clock.now += 5 * MINUTE
    expect((await agent.get(remove())).status).toBe(200)
    world.clock.now += 1
    const step = stepOf(await world.post(agent, remove()))
    expect((await kept()).length).toBe(1)
    expect((await agent.get(page)).status).toBe(200)
    await world.post(agent, `${step}/challenge/totp`, { code: code() })
    expect((await agent.get(step)).headers['location']).toBe(remove())
  })

  it('renames a method; what is typed is text', async () => {
    const agent = await alice({ label: 'Pixel' })
    expect((await agent.get(rename())).text).toContain('value="Pixel"')
    const evil = ' <img src=x onerror=alert(1)>\u202e\n'
    const done = await world.post(agent, rename(), { label: evil })
    expect(done.headers['location']).toBe(`${page}?done=renamed`)
    const { text } = await agent.get(page)
    expect(text).toContain('&lt;img src&#x3D;x onerror&#x3D;alert(1)&gt;')
    expect(text).not.toContain('<img')
    expect((await kept())[0]?.label).toBe('<img src=x onerror=alert(1)>')
    await world.post(agent, rename(), { label: '' })
    expect((await kept())[0]?.label).toBeUndefined()
    await world.post(agent, rename(), { label: 'x'.repeat(500) })
    expect((await kept())[0]?.label).toHaveLength(64)
  })

  it('switches everything off after a question, and not where a second factor is required (S15)', async () => {
    const agent = await alice({ codes: true })
    const asked = await agent.get(`${page}/off`)
    expect(asked.text).toContain('Switch two-factor authentication off?')
    const done = await world.post(agent, `${page}/off`)
    expect(done.headers['location']).toBe(`${page}?done=off`)
    expect(await kept()).toEqual([])
    expect((await agent.get(`${page}?done=off`)).text).toContain('aria-checked="false"')

    await world.settings({ enforcement: 'required' })
    await world.enrol('user-alice')
    const { text } = await agent.get(page)
    expect(text).not.toContain('role="switch"')
    expect(text).toContain('Required, because it is the realm&#x27;s default')
    expect((await agent.get(`${page}/off`)).text).toContain('Your account needs a second step')
    expect((await world.post(agent, `${page}/off`)).status).toBe(403)
    expect((await kept()).length).toBe(1)
  })

  it('makes a method the default, which is then asked for first (S20)', async () => {
    await world.app.stop()
    await world.realm.stop()
    world = await startAccount({ LATCHKEY_DELIVERY: 'inbox' })
    await world.settings({ methods: ['totp', 'sms'], smsCountries: ['NL'] })
    await world.app.store.commit({
      realm: 'demo',
      userId: 'user-alice',
      enrol: [
        {
          id: 'user-alice-sms',
          method: 'sms',
          label: undefined,
          data: { phone: '+31612345678' },
          at: world.clock.now,
        },
      ],
    })
    const agent = await alice()
    const before = (await agent.get(page)).text
    expect(before).not.toContain('31612345678')
    expect(before).toContain('•')
    expect((await world.post(agent, `${page}/methods/user-alice-sms/default`)).status).toBe(303)
    expect((await kept()).map(({ id, preferred }) => [id, preferred])).toEqual([
      ['user-alice-totp', false],
      ['user-alice-sms', true],
    ])
    world.clock.now += 6 * MINUTE
    const step = stepOf(await agent.get(remove()))
    expect((await agent.get(step)).text).toContain('text message')
    await world.verified()
    await world.post(agent, `${page}/methods/user-alice-totp/default`)
    world.clock.now += 6 * MINUTE
    expect((await agent.get(stepOf(await agent.get(remove())))).text).toContain('authenticator application')
  })

  it('lists the devices that are trusted under the policy, and forgets one or all of them, once and only the own', async () => {
    const { store, admin } = world.app
    const left = async () => (await admin.devices('demo', 'user-alice')).map(({ id }) => id).toSorted()
    const agent = await alice()
    expect((await agent.get(page)).text).not.toContain('id="devices"')
    await world.settings({ trustedDays: 30 })
    expect((await agent.get(page)).text).toMatch(/id="devices"[^]*There are none\./)
    for (const id of ['d-one', 'd-two', 'd-three']) {
      await store.commit({ realm: 'demo', userId: 'user-alice', trust: deviceOf(id, world.clock.now) })
    }
    const over = deviceOf('d-over', world.clock.now - 31 * 24 * 60 * MINUTE)
    await store.commit({ realm: 'demo', userId: 'user-alice', trust: over })
    await store.commit({ realm: 'demo', userId: 'user-bob', trust: deviceOf('d-bob', world.clock.now) })
    const listed = (await agent.get(page)).text
    expect(listed).toMatch(/id="device-d-one">Firefox on Windows/)
    expect(listed).not.toContain('d-over')
    expect(listed).not.toContain('d-bob')
    const forget = async (path: string) =>
      (await world.post(agent, `${page}/devices/${path}`)).headers['location']
    expect(await forget('d-one/forget')).toBe(`${page}?done=device-forgotten`)
    expect(await forget('d-one/forget')).toBe(`${page}?done=device-forgotten`)
    await forget('d-bob/forget')
    expect(await left()).toEqual(['d-over', 'd-three', 'd-two'])
    expect((await agent.get(page)).text).toContain('You had a trusted device forgotten')
    expect(await forget('forget')).toBe(`${page}?done=devices-forgotten`)
    expect(await left()).toEqual([])
    expect(await admin.devices('demo', 'user-bob')).toHaveLength(1)

    await store.commit({ realm: 'demo', userId: 'user-alice', trust: deviceOf('d-late', world.clock.now) })
    world.clock.now += 6 * MINUTE
    stepOf(await world.post(agent, `${page}/devices/forget`))
    expect(await left()).toEqual(['d-late'])
  })

  it('takes no form of another site (CSRF)', async () => {
    const agent = await alice()
    for (const path of [remove(), rename(), `${page}/off`, `${page}/set-up`]) {
      for (const [name, value] of [
        ['Origin', 'https://evil.example'],
        ['Sec-Fetch-Site', 'cross-site'],
        ['Sec-Fetch-Site', 'same-site'],
      ] as const) {
        expect((await agent.post(path).set(name, value).type('form').send({ label: 'x' })).status).toBe(400)
      }
    }
    expect((await kept()).length).toBe(1)
  })
})

describe('the pages', () => {
  it('are never kept or framed, run no foreign script, and show no secret', async () => {
    const agent = await alice({ codes: true })
    for (const path of [page, remove(), rename(), `${page}/off`]) {
      const { headers, text } = await agent.get(path)
      expect(headers['cache-control']).toBe('no-store')
      expect(headers['content-security-policy']).toContain("default-src 'none'")
      expect(headers['content-security-policy']).toContain("frame-ancestors 'none'")
      expect(text).not.toContain(SECRET)
    }
  })

  it("shows the user's own activity, the last twenty, and nobody else's", async () => {
    const agent = await alice()
    await world.app.store.commit({
      realm: 'demo',
      userId: 'user-bob',
      audit: [
        {
          event: 'lockout.started',
          realm: 'demo',
          userId: 'user-bob',
          at: world.clock.now,
          detail: {},
        },
      ],
    })
    for (let i = 0; i < 25; i++) await world.post(agent, rename(), { label: randomUUID() })
    const { text } = await agent.get(page)
    expect(text.match(/You renamed a method/g)).toHaveLength(20)
    expect(text).not.toContain('Paused after')
  })

  it('speak German where the user wants it, and keep to it', async () => {
    const agent = await alice()
    expect((await agent.get(`${page}?ui_locales=de`)).text).toContain('lang="de"')
    expect((await agent.get(page)).text).toContain('Zwei-Faktor-Authentifizierung')
    const other = world.browser()
    world.realm.idToken = { locale: 'de' }
    expect((await world.open(other, page)).text).toContain('lang="de"')
  })

  it('have style and script of their own, kept by browsers for good', async () => {
    const agent = await alice()
    const { text } = await agent.get(page)
    const [style = ''] = /\/realms\/demo\/account\/resources\/\w+\/style\.css/.exec(text) ?? []
    const answer = await supertest(world.app.url).get(style)
    expect(answer.headers['cache-control']).toContain('immutable')
    expect(answer.text).toContain('.masthead')
  })

  it('say what counts and why, also for a group and its subgroups (B1)', async () => {
    world.directory.addUser('user-alice', { username: 'alice', groups: ['g-finance'] })
    world.directory.addGroup('g-finance', '/finance')
    await world.app.policy.saveRule('demo', { groupId: 'g-finance', enforcement: 'required', priority: 0 })
    const { text } = await world.open(world.browser(), page)
    expect(text).toContain('Required, because of the rule for the group /finance')
  })
})
