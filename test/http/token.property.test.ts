import { randomUUID } from 'node:crypto'
import fc from 'fast-check'
import { SignJWT, UnsecuredJWT, createRemoteJWKSet, jwtVerify } from 'jose'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { startApp } from '../support/app.ts'
import type { Clock, RunningApp } from '../support/app.ts'
import { Login, assertionOf } from '../support/login.ts'
import { startRealm } from '../support/realm.ts'
import type { FakeRealm } from '../support/realm.ts'

const TYPE = 'client-authentication+jwt'
const MARK = 'xMARKx'

describe('the redemption', () => {
  let realm: FakeRealm
  let app: RunningApp
  const clock: Clock = { now: Date.now() }

  beforeAll(async () => {
    realm = await startRealm()
    app = await startApp({ keycloakUrl: realm.keycloakUrl, realms: ['demo', 'other'], clock })
    await app.policy.saveRule('demo', { groupId: 'g-finance', enforcement: 'required', priority: 0 })
  })
  afterAll(async () => {
    await app.stop()
    await realm.stop()
  })

  /** A login that is done, with a code to redeem. */
  async function done() {
    const login = await new Login(app, realm, { sub: randomUUID() }, () => clock.now).begin()
    const { location } = await login.enrol()
    expect(location).toContain('code=')
    return { login, location }
  }

  const claims = (change: Record<string, unknown> = {}) =>
    assertionOf(realm, `${app.url}/realms/demo`, clock.now, change)
  const seconds = () => Math.floor(clock.now / 1000)

  type Answer = Awaited<ReturnType<Login['redeem']>>

  function refused(answer: Answer, error?: string): void {
    expect([400, 401]).toContain(answer.status)
    expect(Object.keys(answer.body as object).toSorted()).toEqual(['error', 'error_description'])
    if (error !== undefined) expect(answer.body.error).toBe(error)
    expect(answer.headers['cache-control']).toBe('no-store')
    expect(answer.text).not.toContain(MARK)
  }

  it('gives an id_token that says what was proven, signed by a published key (R21)', async () => {
    const { login, location } = await done()
    const address = new URL(location)
    expect(address.searchParams.get('state')).toBe(login.question['state'])
    expect(address.searchParams.get('iss')).toBe(login.issuer)
    const answer = await login.redeem(location)
    expect(answer.status).toBe(200)
    expect(answer.body).toMatchObject({ token_type: 'Bearer', expires_in: 0 })
    const keys = createRemoteJWKSet(new URL(`${login.issuer}/jwks`))
    const { payload } = await jwtVerify(String(answer.body.id_token), keys, {
      typ: 'JWT',
      issuer: login.issuer,
      audience: realm.issuer,
      currentDate: new Date(clock.now),
    })
    expect(payload).toMatchObject({
      sub: login.question.sub,
      nonce: login.question['nonce'],
      sid: login.question['sid'],
      acr: '2',
      amr: ['pwd', 'otp', 'mfa'],
      auth_time: seconds(),
      exp: seconds() + 60,
      failures: { from: 0, to: 0 },
    })
  })

  describe('is refused where the assertion', () => {
    const wrong: [string, () => Record<string, unknown>][] = [
      ['is expired', () => ({ iat: seconds() - 80, exp: seconds() - 20 })],
      ['was made in the future', () => ({ iat: seconds() + 20, exp: seconds() + 70 })],
      ['lives too long', () => ({ exp: seconds() + 61 })],
      ['has no expiry', () => ({ exp: undefined })],
      ['has no age', () => ({ iat: undefined })],
      ['has no id', () => ({ jti: undefined })],
      ['is for another audience', () => ({ aud: MARK })],
      ['is for the token endpoint, not the issuer', () => ({ aud: `${app.url}/realms/demo/token` })],
      ['is for a list of audiences', () => ({ aud: [`${app.url}/realms/demo`] })],
      ["is for this server's other realm", () => ({ aud: `${app.url}/realms/other` })],
      ['is of another issuer', () => ({ iss: MARK })],
      ['is about another client', () => ({ sub: MARK })],
      ['is about nobody', () => ({ sub: undefined })],
    ]
    it('is forged, unsigned, of another type, or wrong in a claim; and the code is still good after all of them (R13)', async () => {
      const { login, location } = await done()
      const { pem } = await realm.publicKey()
      const forged = [
        await realm.sign(TYPE, claims(), { key: 'stranger' }),
        await realm.sign(TYPE, claims(), { kid: MARK }),
        new UnsecuredJWT(claims()).encode(),
        await new SignJWT(claims())
          .setProtectedHeader({ alg: 'HS256', typ: TYPE, kid: 'realm-key' })
          .sign(new TextEncoder().encode(pem)),
        '',
        MARK,
        'e30.e30.e30',
      ]
      for (const type of ['JWT', 'oauth-authz-req+jwt', 'latchkey-event+jwt', ''])
        forged.push(await realm.sign(type, claims()))
      for (const [, change] of wrong) forged.push(await realm.sign(TYPE, claims(change())))
      for (const assertion of forged)
        refused(await login.redeem(location, { client_assertion: assertion }), 'invalid_client')
      refused(await login.redeem(location, { client_assertion_type: 'urn:x' }), 'invalid_client')
      refused(await login.redeem(location, { grant_type: 'refresh_token' }), 'unsupported_grant_type')
      expect((await login.redeem(location)).status).toBe(200)
    })

    it('was used before, for another code (R13)', async () => {
      const [first, second] = [await done(), await done()]
      const assertion = await first.login.assertion()
      expect((await first.login.redeem(first.location, { client_assertion: assertion })).status).toBe(200)
      refused(await second.login.redeem(second.location, { client_assertion: assertion }), 'invalid_client')
      expect((await second.login.redeem(second.location)).status).toBe(200)
    })
  })

  describe('of a code is refused', () => {
    it('the second time (R13)', async () => {
      const { login, location } = await done()
      expect((await login.redeem(location)).status).toBe(200)
      refused(await login.redeem(location), 'invalid_grant')
    })

    it('all but once where it comes 20 times at once (R13, P3)', async () => {
      const { login, location } = await done()
      const answers = await Promise.all(Array.from({ length: 20 }, () => login.redeem(location)))
      expect(answers.filter(({ status }) => status === 200)).toHaveLength(1)
      for (const answer of answers) if (answer.status !== 200) refused(answer, 'invalid_grant')
    })

    it('after 60 seconds (R13)', async () => {
      const { login, location } = await done()
      clock.now += 60_000
      refused(await login.redeem(location), 'invalid_grant')
      const other = await done()
      clock.now += 59_999
      expect((await other.login.redeem(other.location)).status).toBe(200)
    })

    it('for another redirect_uri (R13)', async () => {
      const { login, location } = await done()
      const right = String(login.question['redirect_uri'])
      for (const redirect of [
        '',
        `${right}&`,
        right.replace('authenticate', 'consent'),
        right.slice(0, -1),
      ]) {
        refused(await login.redeem(location, { redirect_uri: redirect }), 'invalid_grant')
      }
      expect((await login.redeem(location)).status).toBe(200)
    })

    it('that belongs to another login: each has its own redirect_uri (R13)', async () => {
      const { login } = await done()
      const victim = await new Login(
        app,
        realm,
        { sub: randomUUID(), redirect_uri: `${realm.issuer}/login-actions/authenticate?tab_id=t2` },
        () => clock.now,
      ).begin()
      const { location } = await victim.enrol()
      refused(await login.redeem(location), 'invalid_grant')
    })

    it('at the endpoint of another realm (R13)', async () => {
      const { login, location } = await done()
      const other = Object.assign(Object.create(login) as Login, { base: '/realms/other' })
      refused(await other.redeem(location), 'invalid_client')
      const aimed = await realm.sign(TYPE, {
        ...claims(),
        iss: `${realm.keycloakUrl}/realms/other`,
        sub: `${realm.keycloakUrl}/realms/other`,
        aud: `${app.url}/realms/other`,
      })
      refused(await other.redeem(location, { client_assertion: aimed }), 'invalid_grant')
      expect((await login.redeem(location)).status).toBe(200)
    })

    it('that is anything else', async () => {
      const { login, location } = await done()
      const right = new URL(location).searchParams.get('code')!
      const text = fc.oneof(
        fc.string({ unit: 'binary', maxLength: 100 }),
        fc.constantFrom(
          '',
          MARK,
          `${right} `,
          right.slice(1),
          right.toUpperCase(),
          `${right}\u0000`,
          '__proto__',
          "' or '1'='1",
        ),
      )
      await fc.assert(
        fc.asyncProperty(text, async (code) => {
          fc.pre(code !== right)
          refused(await login.redeem(location, { code }), 'invalid_grant')
        }),
        { numRuns: 40 },
      )
      expect((await login.redeem(location)).status).toBe(200)
    })
  })

  it('opens nothing with the access token that comes beside', async () => {
    const { login, location } = await done()
    const token = String((await login.redeem(location)).body.access_token)
    refused(await login.redeem(location, { code: token }), 'invalid_grant')
  })
})
