import { randomUUID } from 'node:crypto'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { startApp } from '../support/app.ts'
import type { Clock, RunningApp } from '../support/app.ts'
import { eventsOf } from '../support/audit-events.ts'
import { SoftAuthenticator, optionsOn } from '../support/authenticator.ts'
import type { SoftKey } from '../support/authenticator.ts'
import { Login, codesOn } from '../support/login.ts'
import { startRealm } from '../support/realm.ts'
import type { FakeRealm } from '../support/realm.ts'
import { PLACES } from '../support/stores.ts'
import type { Place } from '../support/stores.ts'

describe.each(PLACES)('passkeys, on %s', (_, makePlace) => {
  const clock: Clock = { now: Date.now() }
  let place: Place
  let realm: FakeRealm
  let app: RunningApp
  let authenticator: SoftAuthenticator

  beforeAll(async () => {
    place = await makePlace()
    realm = await startRealm()
    const { keycloakUrl } = realm
    app = await startApp({ keycloakUrl, dbUrl: place.url, hostname: 'localhost', clock })
    authenticator = new SoftAuthenticator(app.url)
    await app.policy.saveSettings('demo', {
      enforcement: 'required',
      methods: ['passkey', 'backup-codes'],
    })
  })
  afterAll(async () => {
    await app.stop()
    await realm.stop()
    await place.drop()
  })

  const begin = async (sub: string) => await new Login(app, realm, { sub }, () => clock.now).begin()
  const optionsOf = async (login: Login) => optionsOn((await login.page()).text)

  /** A user with one passkey and backup codes. */
  async function enrolled(
    sub: string = randomUUID(),
  ): Promise<{ sub: string; key: SoftKey; codes: string[] }> {
    const login = await begin(sub)
    const { answer, key } = authenticator.create(await optionsOf(login))
    await login.post('enrol/passkey', { code: answer, label: 'Laptop' })
    const codes = codesOn((await login.page()).text)
    const { headers } = await login.post('saved', { saved: 'on' })
    expect(headers['location']).toContain('code=')
    return { sub, key, codes }
  }

  const stored = async (sub: string) => await app.store.background('demo', sub, 'none')

  it('are set up at a first login and used at the next, once each (R2, R6)', async () => {
    const { sub, key } = await enrolled()
    const login = await begin(sub)
    const page = (await login.page()).text
    expect(page).toContain('Laptop')
    const code = authenticator.get(optionsOn(page), key)
    const { headers } = await login.post('challenge/passkey', { code })
    const { body } = await login.redeem(String(headers['location']))
    const [, payload = ''] = String(body.id_token).split('.')
    expect(JSON.parse(Buffer.from(payload, 'base64url').toString())).toMatchObject({
      acr: '3',
      amr: ['pwd', 'hwk', 'mfa'],
    })
    const { credentials } = await stored(sub)
    expect(credentials.find(({ method }) => method === 'passkey')?.data).toMatchObject({ counter: 2 })
    // The same answer again, and in another login: neither is taken.
    expect((await login.post('challenge/passkey', { code })).headers['location']).not.toContain('code=')
    const other = await begin(sub)
    await other.page()
    const replayed = await other.post('challenge/passkey', { code })
    expect(replayed.headers['location']).toContain('error=code-wrong')
  })

  it("are the user's own: another user's is refused, and the list names none of theirs", async () => {
    const [one, two] = [await enrolled(), await enrolled()]
    const login = await begin(one.sub)
    const options = await optionsOf(login)
    expect(options).toContain(one.key.id)
    expect(options).not.toContain(two.key.id)
    const code = authenticator.get(options, two.key)
    expect((await login.post('challenge/passkey', { code })).headers['location']).toContain(
      'error=code-wrong',
    )
  })

  it('sign what one try asks for: after a wrong one the old challenge is dead', async () => {
    const { sub, key } = await enrolled()
    const login = await begin(sub)
    const first = await optionsOf(login)
    await login.post('challenge/passkey', { code: authenticator.get(first, key, { forged: true }) })
    const late = await login.post('challenge/passkey', { code: authenticator.get(first, key) })
    expect(late.headers['location']).toContain('error=code-wrong')
    const fresh = authenticator.get(await optionsOf(login), key)
    expect((await login.post('challenge/passkey', { code: fresh })).headers['location']).toContain('code=')
  })

  it("a set-up's answer proves nothing at a login, nor the other way round (R3, P12)", async () => {
    const { sub } = await enrolled()
    const login = await begin(sub)
    const { answer } = authenticator.create(await optionsOf(login))
    const wrong = await login.post('challenge/passkey', { code: answer })
    expect(wrong.headers['location']).toContain('error=code-wrong')
    const fresh = await begin(randomUUID())
    const { key } = authenticator.create(await optionsOf(fresh))
    const code = authenticator.get(await optionsOf(fresh), key)
    expect((await fresh.post('enrol/passkey', { code })).headers['location']).toContain('error=code-wrong')
  })

  it('one of 50 submits of one answer is accepted (R2, P3)', async () => {
    const { sub, key } = await enrolled()
    const login = await begin(sub)
    const code = authenticator.get(await optionsOf(login), key)
    const responses = await Promise.all(
      Array.from({ length: 50 }, () => login.postRaw('challenge/passkey', { code })),
    )
    const accepted = responses.filter(({ headers }) => headers.get('location')?.includes('&code='))
    expect(accepted).toHaveLength(1)
    for (const { status } of responses) expect([302, 303, 503]).toContain(status)
    // A double click is no wrong try, and no copy.
    const { attempts, credentials } = await stored(sub)
    expect(attempts).toMatchObject({ failures: 0, total: 0 })
    expect(credentials.find(({ method }) => method === 'passkey')?.data).toMatchObject({ counter: 2 })
  })

  it('a counter that goes back is refused, and the audit tells of a copy', async () => {
    const { sub, key } = await enrolled()
    const copy = { ...key, counter: 0 }
    const login = await begin(sub)
    await login.post('challenge/passkey', { code: authenticator.get(await optionsOf(login), key) })
    const thief = await begin(sub)
    const code = authenticator.get(await optionsOf(thief), copy)
    expect((await thief.post('challenge/passkey', { code })).headers['location']).toContain(
      'error=code-wrong',
    )
    expect((await stored(sub)).attempts.failures).toBe(1)
    expect(await eventsOf(app, sub)).toContain('method.cloned')
  })

  it('a user may have several, and each lets in', async () => {
    const { sub, key } = await enrolled()
    const at = clock.now
    const other = authenticator.create(JSON.stringify({ challenge: 'x', user: { id: key.user } })).key
    const { credentials } = await stored(sub)
    const known = credentials.find(({ method }) => method === 'passkey')!
    const jwk = other.privateKey.export({ format: 'jwk' })
    const data = { ...(known.data as object), id: other.id, publicKey: coseOf(jwk.x ?? '', jwk.y ?? '') }
    await app.store.commit({
      realm: 'demo',
      userId: sub,
      enrol: [{ id: randomUUID(), method: 'passkey', label: 'Key', data, at }],
    })
    for (const one of [key, other]) {
      const login = await begin(sub)
      const options = await optionsOf(login)
      expect(JSON.parse(options).allowCredentials).toHaveLength(2)
      const code = authenticator.get(options, one)
      expect((await login.post('challenge/passkey', { code })).headers['location']).toContain('code=')
    }
  })

  it('wrong answers count as wrong codes do, and lock (R7, R8)', async () => {
    const { sub, key } = await enrolled()
    const login = await begin(sub)
    for (let i = 0; i < 5; i++) {
      const code = authenticator.get(await optionsOf(login), key, { origin: 'https://evil.example' })
      await login.post('challenge/passkey', { code })
    }
    expect((await login.page()).status).toBe(429)
    // Nothing is no try.
    const empty = await begin((await enrolled()).sub)
    expect((await empty.post('challenge/passkey', { code: '' })).headers['location']).toContain(
      'code-missing',
    )
  })

  it('say without a script what to do, and offer another way', async () => {
    const { sub, codes } = await enrolled()
    const login = await begin(sub)
    const { text } = await login.page()
    expect(text).toMatch(/<p[^>]*data-without-script>Passkeys need JavaScript[^<]*another way/)
    expect(text).toContain('id="try-another-way"')
    await login.post('method', { method: 'backup-codes' })
    const done = await login.post('challenge/backup-codes', { code: codes[0]! })
    expect(done.headers['location']).toContain('code=')
  })
})

function coseOf(x: string, y: string): string {
  const head = Buffer.from('a5010203262001215820', 'hex')
  const bytes = [head, Buffer.from(x, 'base64url'), Buffer.from('225820', 'hex'), Buffer.from(y, 'base64url')]
  return Buffer.concat(bytes).toString('base64url')
}
