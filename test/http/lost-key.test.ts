import { spawn } from 'node:child_process'
import type { ChildProcessByStdio } from 'node:child_process'
import { randomUUID } from 'node:crypto'
import { once } from 'node:events'
import type { Readable } from 'node:stream'
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import { storeChecks } from '../../src/adapters/keycloak/doctor/store-checks.ts'
import { createSealer } from '../../src/adapters/secrets/sealer.ts'
import { openDatabase } from '../../src/adapters/store/database.ts'
import { replaceSigningKeys } from '../../src/adapters/store/signing-keys.ts'
import { lookAt } from '../../src/cli/doctor.ts'
import { freePort } from '../../scripts/lib/ports.ts'
import { startApp } from '../support/app.ts'
import { Login, codeFor, codesOn, secretOn } from '../support/login.ts'
import { startRealm } from '../support/realm.ts'
import type { FakeRealm } from '../support/realm.ts'
import { newKey, sqlitePlace } from '../support/stores.ts'
import type { Place } from '../support/stores.ts'

const [LOST, KEPT] = [newKey('lost'), newKey('kept')]
const text = (...keys: (typeof LOST)[]) =>
  keys.map(({ id, key }) => `${id}:${key.toString('base64')}`).join(',')

describe('where an encryption key is lost', () => {
  let realm: FakeRealm
  let place: Place
  let port: number
  let url: string
  let server: ChildProcessByStdio<null, Readable, Readable>
  let output = ''
  /** Alice's app and codes are under the lost key; bob's app under the other, his codes hashed with the lost one. */
  const [alice, bob] = [randomUUID(), randomUUID()]
  const secrets = new Map<string, string>()
  let codes: string[] = []
  let open: Login

  const begin = async (sub: string) => await new Login({ url }, realm, { sub }).begin()

  /** An app whose clock is so many steps ahead: the servers have the real time. */
  const codeOf = async (secret: string, steps: number) => await codeFor(secret, Date.now() + steps * 30_000)

  beforeAll(async () => {
    realm = await startRealm()
    place = sqlitePlace()
    port = await freePort()
    url = `http://127.0.0.1:${port}`
    const serve = async (...keys: (typeof LOST)[]) =>
      await startApp({
        keycloakUrl: realm.keycloakUrl,
        dbUrl: place.url,
        port,
        environment: { LATCHKEY_ENCRYPTION_KEYS: text(...keys) },
      })
    const first = await serve(LOST)
    await first.policy.saveSettings('demo', { enforcement: 'required' })
    for (const sub of [alice, bob]) {
      const login = await begin(sub)
      const secret = secretOn((await login.page()).text)
      await login.post('enrol/totp', { code: await codeOf(secret, -1) })
      codes = codesOn((await login.page()).text)
      await login.post('saved', { saved: 'on' })
      secrets.set(sub, secret)
    }
    open = await begin(alice)
    await first.stop()
    await expect(serve(KEPT)).rejects.toThrow(/the signing key 1 can't be opened: .*"lost" is not configured/)

    // Bob signs in once more by each, so that both are sealed anew.
    const second = await serve(KEPT, LOST)
    const byApp = await begin(bob)
    await byApp.post('challenge/totp', { code: await codeOf(secrets.get(bob)!, 0) })
    const byCode = await begin(bob)
    await byCode.post('method', { method: 'backup-codes' })
    await byCode.post('challenge/backup-codes', { code: codes.pop()! })
    await second.stop()
    const database = await openDatabase(place.url)
    await replaceSigningKeys(database, createSealer([KEPT]), {
      clock: Date.now,
      lead: 0,
      pause: async () => {},
    })
    await database.close()

    server = spawn(process.execPath, ['src/cli.ts', 'serve'], {
      env: {
        PATH: process.env['PATH'],
        LATCHKEY_HOSTNAME: url,
        LATCHKEY_HTTP_PORT: String(port),
        LATCHKEY_MANAGEMENT_PORT: String(await freePort()),
        LATCHKEY_DB_URL: place.url,
        LATCHKEY_KEYCLOAK_URL: realm.keycloakUrl,
        LATCHKEY_REALMS: 'demo',
        LATCHKEY_WORKER: 'false',
        LATCHKEY_ENCRYPTION_KEYS: text(KEPT),
        LATCHKEY_LOG_FORMAT: 'json',
      },
      stdio: ['ignore', 'pipe', 'pipe'],
    })
    for (const stream of [server.stdout, server.stderr]) {
      stream.on('data', (chunk: Buffer) => {
        output += chunk.toString()
      })
    }
    await vi.waitFor(async () => await fetch(`${url}/realms/demo/jwks`), { timeout: 60_000 })
  }, 120_000)
  afterAll(async () => {
    const left = once(server, 'exit')
    server.kill('SIGTERM')
    await left
    await place.drop()
    await realm.stop()
  })

  const logged = () =>
    output
      .split('\n')
      .filter((line) => line.startsWith('{'))
      .map((line) => JSON.parse(line) as Record<string, unknown>)

  it('its users read why they get no further, the log has an error, and nobody sets up anew (R17, P15)', async () => {
    const login = await begin(alice)
    expect(login.decision).toMatchObject({ needed: true })
    const { status, text: page } = await login.page()
    expect(status).toBe(200)
    expect(page).toContain('data-page="blocked"')
    expect(page).toContain('can&#x27;t be checked at the moment')
    expect(page).not.toContain('id="secret"')
    for (const path of ['enrol/totp', 'challenge/totp']) {
      const code = await codeOf(secrets.get(alice)!, 0)
      const answer = await login.post(path, { code })
      expect(String(answer.headers['location'])).not.toContain('code=')
    }
    const why = 'the encryption key "lost" is not configured'
    await expect
      .poll(() => logged().filter(({ user, level }) => user === alice && level === 50))
      .toMatchObject([
        { method: 'totp', why },
        { method: 'backup-codes', why },
      ])
  })

  it('others sign in, and are offered what can be checked alone (R11)', async () => {
    const login = await begin(bob)
    expect((await login.page('?choose')).text).not.toContain('value="backup-codes"')
    const refused = await login.post('method', { method: 'backup-codes' })
    expect(String(refused.headers['location'])).not.toContain('code=')
    const done = await login.post('challenge/totp', { code: await codeOf(secrets.get(bob)!, 1) })
    const location = String(done.headers['location'])
    expect(location).toContain('code=')
    expect((await login.redeem(location)).status).toBe(200)
  })

  it('a step that was open begins again', async () => {
    const { status, text: page } = await open.page()
    expect(status).toBe(410)
    expect(page).toContain('data-page="expired"')
    expect((await open.push()).status).toBe(410)
  })

  it('nothing of that is a fault of the program, and no secret is in the log (R23)', () => {
    expect(logged().filter(({ msg }) => msg === 'failed')).toEqual([])
    for (const secret of [...secrets.values(), ...codes, LOST.key.toString('base64')]) {
      expect(output).not.toContain(secret)
    }
  })

  it('doctor says which rows, and how many (B13)', async () => {
    const store = await lookAt({ dbUrl: place.url, encryptionKeys: [KEPT] })
    const [fault] = storeChecks.flatMap((check) => check.run({ store } as never))
    expect(fault).toMatchObject({ level: 'fault' })
    expect(fault?.what).toMatch(
      /^The key "lost" is missing in LATCHKEY_ENCRYPTION_KEYS, and rows need it: 2 methods of users, .*1 sets of backup codes\.$/,
    )
    const whole = await lookAt({ dbUrl: place.url, encryptionKeys: [KEPT, LOST] })
    expect(storeChecks.flatMap((check) => check.run({ store: whole } as never))).toEqual([])
  })
})
