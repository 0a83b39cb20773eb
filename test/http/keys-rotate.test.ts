import { randomUUID } from 'node:crypto'
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest'
import type { EncryptionKey } from '../../src/adapters/secrets/sealer.ts'
import { createSealer } from '../../src/adapters/secrets/sealer.ts'
import { openDatabase } from '../../src/adapters/store/database.ts'
import type { KeyUse } from '../../src/adapters/store/key-census.ts'
import { sealCredential } from '../../src/adapters/store/rows.ts'
import { keysInUse, rotate } from '../../src/cli/keys.ts'
import { freePort } from '../../scripts/lib/ports.ts'
import { startApp } from '../support/app.ts'
import type { Clock, RunningApp } from '../support/app.ts'
import { Login, codeFor } from '../support/login.ts'
import { createDatabase } from '../support/postgres.ts'
import { startRealm } from '../support/realm.ts'
import type { FakeRealm } from '../support/realm.ts'
import { codeIn, freshNumber, inboxOf, locationOf, toNextHour } from '../support/sms.ts'
import { newKey, sqlitePlace } from '../support/stores.ts'
import type { Place } from '../support/stores.ts'

const [K1, K2] = [newKey('k1'), newKey('k2')]
/** What nobody signs in by: so many that a rotation takes its time. */
const OTHERS = 1_500
/** Kinds of rows that can be sealed, or hashed, anew. */
const SEALED = [
  'credential',
  'transaction',
  'outbox',
  'web_session',
  'realm_secret',
  'signing_key',
  'audit_chain',
  'number',
]

/** Whoever signs in by text messages. */
const FIELD = { groups: [{ id: 'g-field', path: '/field' }] }

const text = (keys: EncryptionKey[]) => keys.map(({ id, key }) => `${id}:${key.toString('base64')}`).join(',')
const sealedUnder = (uses: KeyUse[], id: string) =>
  uses.filter(({ keyId, kind }) => keyId === id && SEALED.includes(kind)).map(({ kind }) => kind)

interface User {
  sub: string
  secret: string
  codes: string[]
}

describe.each([
  ['one server on SQLite', async () => sqlitePlace(), 1],
  ['two servers on one PostgreSQL', async () => await createDatabase(inject('postgresUrl')), 2],
] as const)('a rotation of keys under load, on %s', (_, makePlace, servers) => {
  const clock: Clock = { now: Date.now() }
  let realm: FakeRealm
  let place: Place
  let ports: number[]
  let apps: RunningApp[] = []

  beforeAll(async () => {
    realm = await startRealm()
    place = await makePlace()
    ports = [await freePort(), await freePort()]
  })
  afterAll(async () => {
    await stop()
    await place.drop()
    await realm.stop()
  })

  /** Every server with these keys, the first of which writes. */
  async function start(...keys: EncryptionKey[]): Promise<void> {
    await stop()
    for (const port of ports.slice(0, servers)) {
      apps.push(
        await startApp({
          keycloakUrl: realm.keycloakUrl,
          dbUrl: place.url,
          clock,
          port,
          background: true,
          environment: {
            LATCHKEY_ENCRYPTION_KEYS: text(keys),
            LATCHKEY_DELIVERY: 'inbox',
            LATCHKEY_HOSTNAME: `http://127.0.0.1:${ports[0]}`,
          },
        }),
      )
    }
  }
  async function stop(): Promise<void> {
    await Promise.all(apps.map((app) => app.stop()))
    apps = []
  }

  const inUse = async () => await keysInUse({ dbUrl: place.url, encryptionKeys: [K2, K1] })
  /** Every other request goes to the second server. */
  let requests = 0
  const next = () => apps[requests++ % apps.length]!.url
  const begin = async (sub: string, change: object = {}) => {
    const login = await new Login(apps[0]!, realm, { sub, ...change }, () => clock.now).begin()
    if (login.step === '') throw new Error(`no step: ${JSON.stringify(login.decision)}`)
    return login
  }
  const ends = async (login: Login, response: globalThis.Response) => {
    const location = response.headers.get('location') ?? ''
    if (!location.includes('&code=')) throw new Error(`${response.status} ${location}`)
    expect((await login.redeem(location)).status).toBe(200)
  }

  async function setUpApp(): Promise<User> {
    const sub = randomUUID()
    const login = await begin(sub)
    const { secret, codes, location } = await login.enrol()
    expect((await login.redeem(location)).status).toBe(200)
    return { sub, secret, codes }
  }
  async function byApp({ sub, secret }: User): Promise<void> {
    const login = await begin(sub)
    await ends(
      login,
      await login.postRaw('challenge/totp', { code: await codeFor(secret, clock.now) }, next()),
    )
  }
  async function byCode({ sub, codes }: User): Promise<void> {
    const login = await begin(sub)
    await login.postRaw('method', { method: 'backup-codes' }, next())
    await ends(login, await login.postRaw('challenge/backup-codes', { code: codes.pop()! }, next()))
  }
  const textedTo = async (phone: string) => {
    const found = await Promise.all(apps.map(async (app) => await inboxOf(app, phone)))
    return codeIn(found.flat().at(0))
  }
  async function setUpPhone(): Promise<{ sub: string; phone: string }> {
    const [sub, phone] = [randomUUID(), freshNumber()]
    const login = await begin(sub, { phone_number: phone, ...FIELD })
    await ends(login, await login.postRaw('enrol/sms', { code: await textedTo(phone) }))
    return { sub, phone }
  }
  async function byPhone({ sub, phone }: { sub: string; phone: string }): Promise<void> {
    const login = await begin(sub, FIELD)
    await ends(login, await login.postRaw('challenge/sms', { code: await textedTo(phone) }))
  }

  /** One login or set-up of each kind at the same time, of several users. */
  async function round(users: { app: User[]; codes: User[]; phones: { sub: string; phone: string }[] }) {
    toNextHour(clock)
    const fresh = Promise.all([setUpApp(), setUpApp()])
    await Promise.all([
      ...users.app.map(byApp),
      ...users.codes.map(byCode),
      ...users.phones.map(byPhone),
      fresh,
    ])
    return await fresh
  }

  it('fails no login, and the old key can go: but for hashes, which say so (B13, R5)', async () => {
    await start(K1)
    const { policy } = apps[0]!
    await policy.saveSettings('demo', {
      enforcement: 'required',
      methods: ['totp', 'sms', 'backup-codes'],
      smsCountries: ['NL'],
    })
    for (const [groupId, methods] of [
      ['g-finance', ['totp', 'backup-codes']],
      ['g-field', ['sms']],
    ] as const) {
      await policy.saveRule('demo', { groupId, enforcement: 'required', methods: [...methods], priority: 0 })
    }
    const make = async <T>(count: number, one: () => Promise<T>) =>
      await Promise.all(Array.from({ length: count }, one))
    const users = {
      app: await make(6, setUpApp),
      codes: await make(4, setUpApp),
      phones: await make(3, setUpPhone),
    }
    await stop()
    await fill()
    expect(sealedUnder(await inUse(), 'k2')).toEqual([])

    let made: User[] = []
    if (servers === 1) {
      await start(K2, K1)
      // The server does it by itself, while these sign in.
      do made.push(...(await round(users)))
      while (sealedUnder(await inUse(), 'k1').length > 0 && users.codes[0]!.codes.length > 4)
    } else {
      await start(K1)
      await expect(rotate({ dbUrl: place.url, encryptionKeys: [K2, K1] })).rejects.toThrow(
        '2 servers run without the key "k2"',
      )
      await start(K1, K2)
      await start(K2, K1)
      let turns = 0
      const load = { isOver: false }
      const turning = (async () => {
        // To and fro, so that every row is met many times.
        for (; !load.isOver || turns % 2 === 0; turns++) {
          await rotate({ dbUrl: place.url, encryptionKeys: turns % 2 === 0 ? [K2, K1] : [K1, K2] })
        }
      })()
      for (let i = 0; i < 4; i++) made.push(...(await round(users)))
      load.isOver = true
      await turning
      expect(turns).toBeGreaterThan(1)
    }
    // What was spent in between stays spent: nothing was put back (P3).
    for (const { sub, codes } of users.codes) expect(await leftOf(sub)).toBe(codes.length)
    await expect.poll(async () => sealedUnder(await inUse(), 'k1')).toEqual([])
    const left = (await inUse()).filter(({ keyId }) => keyId === 'k1')
    expect(left.find(({ kind }) => kind === 'hashed')).toMatchObject({ rows: 10 })
    expect(left.map(({ kind }) => kind).toSorted()).toEqual(['audit', 'hashed'])

    await start(K2)
    toNextHour(clock)
    await Promise.all([...users.app.map(byApp), ...users.phones.map(byPhone), ...made.map(byCode)])
    toNextHour(clock)
    const [some] = users.codes
    const login = await begin(some!.sub)
    const refused = await login.post('method', { method: 'backup-codes' })
    expect(locationOf(refused)).not.toContain('code=')
    expect((await login.page('?choose')).text).not.toContain('value="backup-codes"')
    await byApp(some!)
  }, 120_000)

  async function leftOf(sub: string): Promise<number> {
    const { credentials } = await apps[0]!.store.background('demo', sub, 'none')
    const { data } = credentials.find(({ method }) => method === 'backup-codes')!
    return (data as { left: string[] }).left.length
  }

  async function fill(): Promise<void> {
    const database = await openDatabase(place.url)
    const sealer = createSealer([K1])
    for (let i = 0; i < OTHERS; i += 500) {
      const rows = Array.from({ length: 500 }, () => {
        const bound = { id: randomUUID(), realm: 'demo', user_id: randomUUID() }
        return {
          ...bound,
          method: 'totp',
          sealed: sealCredential(sealer, bound, { secret: 'GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ', lastStep: 0 }),
          version: 1,
          failures: 0,
          created_at: 1,
        }
      })
      await database.db.insertInto('credential').values(rows).execute()
    }
    await database.close()
  }
})
