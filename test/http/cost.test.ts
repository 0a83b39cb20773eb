import { randomUUID } from 'node:crypto'
import { gzipSync } from 'node:zlib'
import supertest from 'supertest'
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest'
import { startApp } from '../support/app.ts'
import type { Clock, RunningApp } from '../support/app.ts'
import { Login, codeFor, secretOn } from '../support/login.ts'
import { createDatabase } from '../support/postgres.ts'
import type { TestDatabase } from '../support/postgres.ts'
import { startRealm } from '../support/realm.ts'
import type { FakeRealm } from '../support/realm.ts'

const clock: Clock = { now: Date.now() }
let realm: FakeRealm
let database: TestDatabase
let app: RunningApp
let statements: string[] = []

beforeAll(async () => {
  realm = await startRealm()
  database = await createDatabase(inject('postgresUrl'))
  const sqlLog = (event: { query: { sql: string } }) => {
    statements.push(event.query.sql)
  }
  app = await startApp({ keycloakUrl: realm.keycloakUrl, dbUrl: database.url, clock, sqlLog })
  await app.policy.saveSettings('demo', { enforcement: 'required' })
})
afterAll(async () => {
  await app.stop()
  await database.drop()
  await realm.stop()
})

const WRITES = /\b(insert into|update|delete from)\b/i

/** What the work costs: statements, which are round trips, and those of them that write, which are commits. */
async function cost(work: () => Promise<unknown>): Promise<{ trips: number; commits: number }> {
  statements = []
  await work()
  return { trips: statements.length, commits: statements.filter((sql) => WRITES.test(sql)).length }
}

const begin = async (sub: string, change = {}) =>
  await new Login(app, realm, { sub, ...change }, () => clock.now).begin()

async function enrolled() {
  const sub = randomUUID()
  const { secret, codes } = await (await begin(sub)).enrol()
  clock.now += 30_000
  return {
    sub,
    codes,
    code: async () => await codeFor(secret, clock.now),
    begin: async () => await begin(sub),
  }
}

const PAIR = { trips: 2, commits: 1 }

describe('in statements on PostgreSQL', () => {
  it('a right code of the app costs two, one of which writes', async () => {
    const user = await enrolled()
    const login = await user.begin()
    const code = await user.code()
    expect(
      await cost(async () => {
        expect((await login.post('challenge/totp', { code })).headers['location']).toContain('code=')
      }),
    ).toEqual(PAIR)
  })

  it('a wrong code costs two, one of which writes', async () => {
    const user = await enrolled()
    const login = await user.begin()
    const wrong = (await user.code()) === '424242' ? '424243' : '424242'
    for (let i = 0; i < 5; i++) {
      expect(
        await cost(async () => {
          expect((await login.post('challenge/totp', { code: wrong })).headers['location']).toContain(
            'code-wrong',
          )
        }),
      ).toEqual(PAIR)
    }
    expect(await cost(() => login.post('challenge/totp', { code: wrong }))).toEqual({ trips: 1, commits: 0 })
  })

  it('a backup code, right or wrong, costs two, one of which writes', async () => {
    const user = await enrolled()
    const login = await user.begin()
    await login.post('method', { method: 'backup-codes' })
    expect(await cost(() => login.post('challenge/backup-codes', { code: '0000-0000-0000-0000' }))).toEqual(
      PAIR,
    )
    expect(
      await cost(async () => {
        expect(
          (await login.post('challenge/backup-codes', { code: user.codes[0]! })).headers['location'],
        ).toContain('code=')
      }),
    ).toEqual(PAIR)
  })

  it('the code of a set-up and its end cost two each', async () => {
    const login = await begin(randomUUID())
    const code = await codeFor(secretOn((await login.page()).text), clock.now)
    expect(await cost(() => login.post('enrol/totp', { code: '000000' }))).toEqual(PAIR)
    expect(await cost(() => login.post('enrol/totp', { code }))).toEqual(PAIR)
    expect(await cost(() => login.post('saved', { saved: 'on' }))).toEqual(PAIR)
  })

  it('a push costs two, whether a step is needed, known, or not needed', async () => {
    const login = new Login(app, realm, { sub: randomUUID() }, () => clock.now)
    expect(await cost(() => login.push())).toEqual(PAIR)
    expect(await cost(() => login.push())).toEqual(PAIR)
    await app.policy.saveRule('demo', { groupId: 'g-robots', enforcement: 'disabled', priority: 0 })
    const other = new Login(app, realm, { groups: [{ id: 'g-robots', path: '/robots' }] }, () => clock.now)
    expect(
      await cost(async () => {
        expect((await other.push()).status).toBe(200)
      }),
    ).toEqual(PAIR)
  })

  it('a trusted device costs what a login costs that is asked: the way in two, the redemption two', async () => {
    await app.policy.saveSettings('demo', { enforcement: 'required', trustedDays: 30 })
    const user = await enrolled()
    const first = await user.begin()
    const code = await user.code()
    expect(
      await cost(async () => {
        expect((await first.post('challenge/totp', { code, trust: 'on' })).headers['location']).toContain(
          'code=',
        )
      }),
    ).toEqual(PAIR)
    const login = new Login(app, realm, { sub: user.sub }, () => clock.now, first.browser)
    expect(await cost(() => login.push())).toEqual(PAIR)
    let location = ''
    expect(
      await cost(async () => {
        location = String((await login.open()).headers['location'])
      }),
    ).toEqual(PAIR)
    expect(location).toContain('&code=')
    expect(
      await cost(async () => {
        expect((await login.redeem(location)).status).toBe(200)
      }),
    ).toEqual(PAIR)
    await app.policy.saveSettings('demo', { enforcement: 'required' })
  })

  it('a forged push costs none', async () => {
    const login = new Login(app, realm, {}, () => clock.now)
    const forged = await realm.sign('oauth-authz-req+jwt', login.question, { key: 'stranger' })
    expect(await cost(() => login.pushRaw(forged))).toEqual({ trips: 0, commits: 0 })
  })

  it('the way in costs two, a page one, the redemption two', async () => {
    const user = await enrolled()
    const login = new Login(app, realm, { sub: user.sub }, () => clock.now)
    await login.push()
    expect(await cost(() => login.open())).toEqual(PAIR)
    expect(await cost(() => login.page())).toEqual({ trips: 1, commits: 0 })
    expect(await cost(() => login.page('?choose'))).toEqual({ trips: 1, commits: 0 })
    const done = await login.post('challenge/totp', { code: await user.code() })
    expect(
      await cost(async () => {
        expect((await login.redeem(String(done.headers['location']))).status).toBe(200)
      }),
    ).toEqual(PAIR)
  })
})

describe('in bytes over the wire', () => {
  /** What a browser fetches for the page with an empty cache: files compressed, the page as it is. */
  async function weigh(html: string): Promise<{ requests: number; bytes: number }> {
    const tags = [
      ...html.matchAll(/<(?:link|script|img|iframe|source|object|embed|video|audio|use)\b[^>]*>/g),
    ].map(([tag]) => tag)
    const addresses = tags.flatMap((tag) => {
      const address = /\b(?:href|src|data|srcset)="([^"]*)"/.exec(tag)?.[1]
      return address === undefined || address.startsWith('data:') || address.startsWith('#') ? [] : [address]
    })
    const files = await Promise.all(
      addresses.map(async (path) => {
        const file = await supertest(app.url).get(path).set('accept-encoding', 'gzip')
        expect(file.status, path).toBe(200)
        expect(file.headers['content-encoding'], path).toBe('gzip')
        // What a style asks for in turn would be more requests.
        expect(file.text.replaceAll(/url\(["']?data:[^)]*\)/g, '')).not.toMatch(/url\(|@import/)
        return gzipSync(file.text).length
      }),
    )
    return {
      requests: 1 + files.length,
      bytes: files.reduce((sum, size) => sum + size, Buffer.byteLength(html)),
    }
  }

  it('every page of a step is at most 60 kB in at most three requests', async () => {
    const user = await enrolled()
    const [challenge, setUp, locked] = [
      await user.begin(),
      await begin(randomUUID()),
      await begin(randomUUID()),
    ]
    const pages: Record<string, string> = {
      'challenge-totp': (await challenge.page()).text,
      'challenge-totp, wrong': (await challenge.page('?error=code-wrong')).text,
      'select-method': (await challenge.page('?choose')).text,
      'other-browser': (await supertest(app.url).get(challenge.step)).text,
      error: (await supertest(app.url).get('/realms/demo/step/x')).text,
      'enrol-totp': (await setUp.page()).text,
    }
    await challenge.post('method', { method: 'backup-codes' })
    pages['challenge-backup-codes'] = (await challenge.page()).text
    await setUp.post('enrol/totp', { code: await codeFor(secretOn(pages['enrol-totp']!), clock.now) })
    pages['enrol-backup-codes'] = (await setUp.page()).text
    for (let i = 0; i < 5; i++) await locked.post('enrol/totp', { code: '000000' })
    pages['locked'] = (await locked.page()).text
    await app.policy.saveSettings('demo', { enforcement: 'required', methods: ['backup-codes'] })
    pages['blocked'] = (await (await begin(randomUUID())).page()).text
    await app.policy.saveSettings('demo', { enforcement: 'required', backupCodesLow: 30 })
    await challenge.post('challenge/backup-codes', { code: user.codes[0]! })
    pages['backup-codes-low'] = (await challenge.page()).text
    await challenge.redeem(String((await challenge.post('go-on', {})).headers['location']))
    pages['finished'] = (await challenge.page()).text
    clock.now += 3_600_000
    pages['expired'] = (await setUp.page()).text

    for (const [name, html] of Object.entries(pages)) {
      expect(html).toContain(`data-page="${name.split(',')[0]}"`)
      const { requests, bytes } = await weigh(html)
      expect(requests, name).toBeLessThanOrEqual(3)
      expect(bytes, name).toBeLessThanOrEqual(60_000)
    }
  })
})
