import { decodeJwt } from 'jose'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { startApp } from '../support/app.ts'
import type { RunningApp } from '../support/app.ts'
import { Login, codeFor, codesOn, secretOn } from '../support/login.ts'
import { startRealm } from '../support/realm.ts'
import type { FakeRealm } from '../support/realm.ts'
import { PLACES } from '../support/stores.ts'
import type { Place } from '../support/stores.ts'

interface Told {
  version: number
  methods: { id: string; type: string; label: string; created: number; since: number }[]
}

describe.each(PLACES)('what Keycloak’s consoles list, on %s (B8)', (_, makePlace) => {
  let place: Place
  let realm: FakeRealm
  let app: RunningApp
  beforeAll(async () => {
    place = await makePlace()
    realm = await startRealm()
    app = await startApp({ keycloakUrl: realm.keycloakUrl, dbUrl: place.url })
    await app.policy.saveRule('demo', { groupId: 'g-finance', enforcement: 'required', priority: 0 })
  })
  afterAll(async () => {
    await app.stop()
    await realm.stop()
    await place.drop()
  })

  const entries = async (userId: string) =>
    (await app.audit.list('demo', { userId }, { max: 20 })).entries.filter(({ actor }) => actor !== userId)
  const methods = async (userId: string) =>
    (await app.admin.user('demo', userId))?.methods.map(({ method }) => method).toSorted() ?? []

  /** Sets an app up at a login. */
  async function newcomer(sub: string): Promise<{ told: Told; secret: string }> {
    const login = await new Login(app, realm, { sub, administers: false }).begin()
    expect(login.decision).not.toHaveProperty('listing')
    const secret = secretOn((await login.page()).text)
    await login.post('enrol/totp', { code: await codeFor(secret, Date.now()) })
    codesOn((await login.page()).text)
    const saved = await login.post('saved', { saved: 'on' })
    const redeemed = await login.redeem(String(saved.headers['location']))
    const told = decodeJwt<{ listing: Told }>(redeemed.body.id_token).listing
    return { told, secret }
  }

  /** The next push of a user of whom Keycloak lists these. */
  async function push(sub: string, listed: string[], version?: number, change: object = {}) {
    const login = new Login(app, realm, {
      sub,
      listed,
      ...(version === undefined ? {} : { listing_version: version }),
      administers: false,
      ...change,
    })
    const response = await login.push()
    expect(response.status).toBeLessThan(300)
    return { login, told: login.decision?.['listing'] as Told | undefined }
  }

  it('are told with the answer to a set-up, in the language of the login, and never a secret', async () => {
    const { told, secret } = await newcomer('user-told')
    expect(told.methods).toMatchObject([
      { type: 'totp', label: 'Authenticator app', since: told.version },
      { type: 'backup-codes', label: 'Backup codes: 10 left', since: told.version },
    ])
    expect(told.methods[0]?.created).toBeGreaterThan(Date.now() / 1000 - 60)
    expect(JSON.stringify(told)).not.toContain(secret)
    const ids = told.methods.map(({ id }) => id)
    const next = await push('user-told', ids, told.version, { ui_locales: 'de' })
    expect(next.told?.version).toBe(told.version)
    expect(next.told?.methods.map(({ label }) => label)).toEqual([
      'Authenticator-App',
      'Backup-Codes: noch 10',
    ])
  })

  it('lack what was deleted while the hint was lost: it is revoked, and the same login sets up anew', async () => {
    const { told } = await newcomer('user-lost')
    const [appRow, codesRow] = told.methods
    const { login, told: after } = await push('user-lost', [codesRow?.id ?? ''], told.version)
    expect(await methods('user-lost')).toEqual([])
    expect(await entries('user-lost')).toMatchObject([
      {
        event: 'method.revoked',
        actor: 'keycloak:console',
        detail: { id: appRow?.id, method: 'totp', alongWith: [{ method: 'backup-codes' }] },
      },
    ])
    expect(after?.methods).toEqual([])
    expect(after?.version).toBeGreaterThan(told.version)
    await login.open()
    expect((await login.page()).text).toContain('id="secret"')
  })

  it('lack everything, or know an older telling: nothing is revoked, and all is told again (R32)', async () => {
    const { told } = await newcomer('user-restored')
    const ids = told.methods.map(({ id }) => id)
    for (const [listed, version] of [
      [[], undefined],
      [[], told.version - 5],
      [[ids[1] ?? ''], told.version - 5],
    ] as const) {
      const { told: again } = await push('user-restored', [...listed], version)
      expect(again?.methods.map(({ id }) => id)).toEqual(ids)
    }
    expect(await methods('user-restored')).toEqual(['backup-codes', 'totp'])
    expect(await entries('user-restored')).toEqual([])
  })

  it.each([
    ['holds a tfa role', { roles: ['tfa-auditor'] }],
    ['administers the realm', { administers: true }],
    ['may administer, as far as anybody told', { administers: undefined }],
  ])(
    'lack a method of a user who %s: it stays and is told again, and the audit says so (R28)',
    async (why, change) => {
      const sub = `user-${why.replaceAll(' ', '-')}`
      const { told } = await newcomer(sub)
      const [appRow, codesRow] = told.methods
      const { told: again } = await push(sub, [codesRow?.id ?? ''], told.version, change)
      expect(await methods(sub)).toEqual(['backup-codes', 'totp'])
      expect(again?.methods.find(({ id }) => id === appRow?.id)?.since).toBe(again?.version)
      expect(again?.version).toBeGreaterThan(told.version)
      const refused = (await entries(sub)).filter(({ event }) => event === 'deletion.refused')
      expect(refused).toMatchObject([
        { actor: 'keycloak:console', detail: { id: appRow?.id, method: 'totp' } },
      ])
      // The bridge did not get to write it: the next login does not ask a second time.
      await push(sub, [codesRow?.id ?? ''], told.version, change)
      expect((await entries(sub)).filter(({ event }) => event === 'deletion.refused')).toHaveLength(1)
    },
  )

  it('lack it for two logins at the same time: it is revoked once', async () => {
    const { told } = await newcomer('user-twice')
    const listed = [told.methods[1]?.id ?? '']
    await Promise.all([1, 2, 3].map(async () => await push('user-twice', listed, told.version)))
    expect(await entries('user-twice')).toHaveLength(1)
  })
})
